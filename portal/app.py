"""The web application: wiring only."""

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_compress import Compress
from flask_login import LoginManager
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from portal.accounting.views import bp as accounting
from portal.catalogue.views import bp as catalogue
from portal.customers.views import bp as customers
from portal.invoices.views import bp as invoices
from portal.organisations.views import bp as organisations
from portal.pay_page.views import bp as pay_page
from portal.payments.views import bp as payments
from portal.people.views import bp as people
from portal.people.views import load_viewer
from portal.reminders.views import bp as reminders
from portal.reports.views import bp as reports
from portal.shared import access, csrf, formats, headers, running, static_files, web
from portal.statements.views import bp as statements
from portal.taxes.authorities.views import bp as authorities
from portal.taxes.standing.views import bp as standing
from portal.taxes.views import bp as taxes
from portal.texting.views import bp as texting
from portal.web import errors, health, pages, requests
from portal.web.templating import QuickImports
from portal.work_orders.views import bp as work_orders

if TYPE_CHECKING:
    from portal.config import Settings

BLUEPRINTS = (
    accounting, authorities, catalogue, customers, invoices, organisations, pay_page, payments, people, reminders,
    reports, standing, statements, taxes, texting, work_orders, health.bp,
)  # fmt: skip
_LARGEST_FORM = 1024 * 1024
_BIGGEST_NUMBER = 2**63 - 1


class RecordNumber(IntegerConverter):
    """A record's number in an address. What no row can have is a 404, not an error in the database."""

    def __init__(self, map: object, *args: object, **kwargs: object) -> None:
        super().__init__(map, *args, **{"max": _BIGGEST_NUMBER, **kwargs})  # type: ignore[arg-type]


def create_app(settings: "Settings") -> Flask:
    """The portal for one process. `running.start(settings)` has been called before, or is called here."""
    if not running.is_started():
        running.start(settings)
    app = Flask("portal", root_path=str(Path(__file__).resolve().parents[1]), static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-portal" if settings.is_secure else "portal",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_secure,
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM,
        TRUSTED_HOSTS=[settings.hostname],
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_BR_WINDOW=16,  # 64 KiB, as much as a page has: the usual 4 MiB cost more to set up than to fill
        COMPRESS_MIN_SIZE=500,
    )
    app.url_map.converters["int"] = RecordNumber
    app.jinja_environment = QuickImports
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    for part in (requests, csrf, formats, headers, static_files, web, pages, errors):
        part.install(app)
    Htmx(app)
    Compress(app)
    _install_sign_in(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    access.check_all_routes(app)
    _trust_proxies(app, settings.trusted_proxies)
    return app


def _trust_proxies(app: Flask, count: int) -> None:
    """Who the visitor is, as the nearest `count` proxies say. Host and scheme are configured, so nobody is asked."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=0, x_host=0)  # type: ignore[method-assign]


def _install_sign_in(app: Flask) -> None:
    # Without its context processor, which would load a viewer on public pages and on error pages too.
    sign_ins = LoginManager(app, add_context_processor=False)
    sign_ins.session_protection = None  # phones change their address between two requests
    sign_ins.user_loader(load_viewer)

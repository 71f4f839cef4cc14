"""Server time of the pay page against a bare Flask page of the same size with one query. All in this process."""

from typing import Any

from flask import Flask, url_for
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from bench.figures import Figure, at_most, seconds, shown_only, take_turns
from bench.firm import Firm, add_a_job, bill, make_firm, pay_path
from bench.product import ADDRESS
from bench.stage import Stage
from portal.catalogue.models import Item
from portal.shared.running import job_session

AIM = 3.0
_ROUNDS, _AT_ONCE = 60, 5
_BYTES_A_ROW = 245  # the reference page of the stack's measurements: 30 rows in 7.4 KB, two links in each
_LIST = """<!doctype html><title>Catalogue</title><table>
{% for item in items %}<tr class="row">
<td class="name"><a href="{{ url_for('show', item_id=item.id) }}">{{ item.name }}</a>
<td class="code">{{ item.code }}<td class="number"><bdi>{{ item.unit_price }}</bdi>
<td class="edit"><a href="{{ url_for('edit', item_id=item.id) }}">Edit</a>
{% endfor %}</table>"""
_BAREST = text("SELECT name, quantity, unit_price, line_total_minor FROM invoice_lines WHERE invoice_id = :id")
_BAREST_PAGE = (
    "<table>{% for line in lines %}<tr><td>{{ line[0] }}<td>{{ line[1] }}<td>{{ line[2] }}{% endfor %}</table>"
)


def measure(stage: Stage) -> list[Figure]:
    """A sent invoice of ten lines. The product compresses its page as for a browser, the others do not."""
    product, firm = stage.product, make_firm(100)
    with job_session(firm.organisation_id) as session:
        job = add_a_job(session, firm)
    invoice_id = bill(firm, job)
    path, browser = pay_path(firm, invoice_id), product.browser()
    size = len(product.app.test_client().get(path, base_url=ADDRESS).data)
    engine = create_engine(product.postgres.superuser_url())
    bare, barest = _list_page(engine, firm, size).test_client(), _barest_page(engine, invoice_id, size).test_client()
    if browser.get(path).status_code != 200 or {len(each.get("/").data) for each in (bare, barest)} != {size}:
        raise AssertionError("the pages are not alike")
    ours, reference, least = take_turns(
        _ROUNDS, lambda: _look(browser, path), lambda: _look(bare, "/"), lambda: _look(barest, "/")
    )
    engine.dispose()
    note = f" ({ours / _AT_ONCE * 1000:.1f} ms against {reference / _AT_ONCE * 1000:.1f} ms, {size:,} bytes)"
    return [
        at_most("Pay page's server time ÷ bare Flask page", ours / reference, AIM, note=note),
        shown_only("… ÷ the barest page: textual SQL, ten rows, filling", f"{ours / least:.1f}"),
    ]


def _list_page(engine: Engine, firm: Firm, size: int) -> Flask:
    """One query for rows of a model, a template with two links in each row, of `size` bytes."""
    app = Flask("bare")
    page, filling = app.jinja_env.from_string(_LIST), [""]
    rows = select(Item).where(Item.organisation_id == firm.organisation_id).limit(size // _BYTES_A_ROW)
    app.add_url_rule("/catalogue/<int:item_id>", "show", lambda item_id: "")
    app.add_url_rule("/catalogue/<int:item_id>/edit", "edit", lambda item_id: "")

    @app.get("/")
    def index() -> str:
        with Session(engine) as session:
            return page.render(items=session.scalars(rows).all(), url_for=url_for) + filling[0]

    return _filled_up(app, filling, size)


def _barest_page(engine: Engine, invoice_id: int, size: int) -> Flask:
    app = Flask("barest")
    page, filling = app.jinja_env.from_string(_BAREST_PAGE), [""]

    @app.get("/")
    def index() -> str:
        with engine.connect() as connection:
            return page.render(lines=connection.execute(_BAREST, {"id": invoice_id}).all()) + filling[0]

    return _filled_up(app, filling, size)


def _filled_up(app: Flask, filling: list[str], size: int) -> Flask:
    filling[0] = "x" * (size - len(app.test_client().get("/").data))
    return app


def _look(browser: Any, path: str) -> float:
    return seconds(browser.get, [path] * _AT_ONCE)

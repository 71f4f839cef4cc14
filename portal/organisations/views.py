"""The organisation's own settings."""

from flask import Blueprint, Response, abort, current_app, flash, g, make_response, render_template, request, url_for

from portal.organisations import actions, audit, forms, logos, numbering
from portal.organisations.models import Organisation, size_of_logo
from portal.organisations.places import countries
from portal.shared.access import allow, everyone
from portal.shared.drawing import LARGEST_FILE
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import large_form, request_session

_A_YEAR_S = 31_536_000

bp = Blueprint("organisations", __name__)

# Pages of other domains that belong beside the settings: endpoint, label, what it is for, right.
_BESIDE = (
    ("organisations.numbers", "Numbers", "What invoices and payments are called", "manage_organisation"),
    (
        "invoices.document_settings",
        "Documents and money",
        "Tax number, language, rounding, discounts",
        "manage_organisation",
    ),
    ("taxes.index", "Taxes", "Rates, groups and the usual one", "manage_organisation"),
    ("payments.settings", "Card payments", "Your Stripe account", "manage_organisation"),
    ("texting.settings", "Text messages", "Your Twilio account", "manage_organisation"),
    ("reminders.settings", "Reminders", "When customers are reminded to pay", "manage_organisation"),
    ("accounting.show", "Books", "Your Zoho organisation", "manage_link"),
    ("people.index", "People", "Who signs in, and what they may do", "manage_people"),
)


@bp.get("/settings")
@allow("manage_organisation")
def settings() -> Response:
    return _page(forms.filled_with(_own()))


@bp.post("/settings")
@allow("manage_organisation")
def update() -> Response:
    session = request_session()
    form, facts = forms.read_organisation(request.form)
    if not form.ok:
        return _page(form, 422)
    actions.edit_organisation(session, _own(), facts)
    session.commit()
    flash("Saved. Invoices sent before keep what they say.", "good")
    return see_other(url_for("organisations.settings"))


@bp.get("/logos/<logo_name>.png")
@everyone
def show_logo(logo_name: str) -> Response:
    """The small one, for pages and mails. Another picture has another name, so that everybody may keep this."""
    preview = logos.find_preview(request_session(), logo_name) if size_of_logo(logo_name) else None
    if preview is None:
        abort(404)
    response = Response(preview, mimetype="image/png")
    response.cache_control.public = True
    response.cache_control.max_age = _A_YEAR_S
    response.cache_control.immutable = True
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # mail programs in a browser show it, too
    return response


@bp.post("/settings/logo")
@allow("manage_organisation")
@large_form(LARGEST_FILE)
def update_logo() -> Response:
    session, form = request_session(), forms.filled_with(_own())
    file = request.files.get("picture")
    try:
        logos.keep_logo(session, _own(), file.read(LARGEST_FILE + 1) if file else b"")
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        return _page(form, 422)
    session.commit()
    flash("Saved. Your logo stands on your customers' pages, and on what you send from now on.", "good")
    return see_other(url_for("organisations.settings", _anchor="logo"))


@bp.post("/settings/logo/removal")
@allow("manage_organisation")
def remove_logo() -> Response:
    session = request_session()
    logos.remove_logo(session, _own())
    session.commit()
    flash("Removed. What was sent before keeps the logo that it has.", "good")
    return see_other(url_for("organisations.settings", _anchor="logo"))


def _own() -> Organisation:
    return request_session().get_one(Organisation, g.viewer.organisation_id)


def _page(form: Form, status: int = 200) -> Response:
    session = request_session()
    page = render_template(
        "organisations/settings.html", form=form, country=countries().get(g.organisation.country, ""),
        beside=_beside(),
        events=audit.timeline(session, "organisation", g.viewer.organisation_id),
    )  # fmt: skip
    return make_response(page, status)


def _beside() -> list[tuple[str, str, str]]:
    """(address, label, note) of those pages that are there and that the viewer may open."""
    return [
        (url_for(endpoint), label, note)
        for endpoint, label, note, right in _BESIDE
        if endpoint in current_app.view_functions and g.viewer.may(right)
    ]


@bp.get("/settings/numbers")
@allow("manage_organisation")
def numbers() -> Response:
    rows = numbering.list_series(request_session(), g.viewer.organisation_id)
    values = {f"{name}_prefix": row.prefix for name, row in rows.items()}
    return _numbers_page(Form(values | {f"{name}_next": str(row.next_number) for name, row in rows.items()}))


@bp.post("/settings/numbers")
@allow("manage_organisation")
def update_numbers() -> Response:
    """A firm that has counted elsewhere goes on from there."""
    session, (form, wanted) = request_session(), forms.read_numbers(request.form, g.organisation.country)
    if not form.ok:
        return _numbers_page(form, 422)
    for series, (prefix, next_number) in wanted.items():
        try:
            numbering.set_series(session, g.viewer.organisation_id, series, prefix, next_number)
        except RuleBroken as problem:
            form.refuse(problem, f"{series}_next")
    if not form.ok:
        session.rollback()
        return _numbers_page(form, 422)
    session.commit()
    flash("Saved. What has a number keeps it.", "good")
    return see_other(url_for("organisations.settings"))


def _numbers_page(form: Form, status: int = 200) -> Response:
    page = render_template("organisations/numbers.html", form=form, series=list(numbering.PREFIXES))
    return make_response(page, status)

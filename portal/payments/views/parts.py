"""Whether customers may pay a part, and how small; whether they may add a tip, and save their card."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.forms import read_parts
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.text import as_typed
from portal.shared.web import request_session


@bp.get("/payments/settings/parts")
@allow("manage_organisation")
def part_settings() -> Response:
    organisation = _own()
    least = Money(organisation.least_part_minor, organisation.currency)
    values = {"are_taken": "yes" if organisation.takes_parts else "", "least": as_typed(least.decimal) if least else ""}
    values["deposit"] = str(organisation.deposit_percent or "")
    values["cards"] = "yes" if organisation.saves_cards else "no"
    return _page(Form(values | {"tips": "yes" if organisation.takes_tips else ""}))


@bp.post("/payments/settings/parts")
@allow("manage_organisation")
def update_part_settings() -> Response:
    organisation = _own()
    form = Form(request.form)
    wanted = read_parts(form, organisation.currency)
    if not form.ok:
        return _page(form, 422)
    organisation.takes_parts, organisation.least_part_minor = wanted.are_taken, wanted.least.minor
    organisation.takes_tips, organisation.deposit_percent = wanted.with_tips, wanted.deposit_percent
    organisation.saves_cards = wanted.saves_cards
    words = f"Part payments: {'yes' if wanted.are_taken else 'no'}; tips: {'yes' if wanted.with_tips else 'no'}"
    words += f"; saved cards: {'yes' if wanted.saves_cards else 'no'}"
    if wanted.deposit_percent:
        words += f"; deposit: {wanted.deposit_percent} %"
    audit.note(request_session(), organisation.id, "settings changed", "organisation", organisation.id, words=words)
    request_session().commit()
    flash("Saved. It holds for every invoice that is open now.", "good")
    return see_other(url_for("payments.settings"))


def _own() -> Organisation:
    return request_session().get_one(Organisation, g.viewer.organisation_id)


def _page(form: Form, status: int = 200) -> Response:
    return make_response(render_template("payments/parts.html", form=form), status)

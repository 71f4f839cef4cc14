"""One tax: its words, whether it is offered, what takes its place across a border."""

from flask import Response, flash, g, request, url_for
from sqlalchemy.orm import Session

from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes import actions, corrections, forms, queries
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.together import stands_alone
from portal.taxes.views.pages import across, bp, keep, tax_page


@bp.get("/settings/taxes/<int:tax_id>")
@allow("manage_organisation")
def show(tax_id: int) -> Response:
    return tax_page(tax_id, Form())


@bp.post("/settings/taxes/<int:tax_id>/words")
@allow("manage_organisation")
def update_words(tax_id: int) -> Response:
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    form, name, why, authority_id = forms.read_words(request.form, tax, names_of_authorities(session))

    def change(session: Session) -> None:
        corrections.rename(session, tax, name)
        actions.change_words(session, tax, why=why, authority_id=authority_id)

    if form.ok:
        keep(form, change)
    if not form.ok:
        return tax_page(tax_id, form, 422)
    flash("Saved. Lines that are drafted or sent keep their reasons.", "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/removal")
@allow("manage_organisation")
def remove(tax_id: int) -> Response:
    tax, form = queries.get_tax(request_session(), tax_id), Form()
    name = tax.name
    keep(form, lambda session: corrections.remove_tax(session, tax))
    if not form.ok:
        return tax_page(tax_id, form, 422)
    flash(f"{name} is removed. Nothing bore it.", "good")
    return see_other(url_for("taxes.index"))


@bp.post("/settings/taxes/<int:tax_id>/usual")
@allow("manage_organisation")
def make_usual(tax_id: int) -> Response:
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    if stands_alone(tax, queries.taxes_by_id(session), g.organisation.country):
        actions.make_usual(session, tax)
        session.commit()
    else:
        flash("This one stands beside a tax, or is a part of one. Make the tax itself the usual one.", "late")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/between-states")
@allow("manage_organisation")
def update_between_states(tax_id: int) -> Response:
    """What takes its place when the customer is in another state; nothing chosen: nothing does."""
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    form, choices = Form(request.form), {each.id: each for each in across(tax)}
    other_id = form.record("between_states_id", "a tax", required=False)
    if other_id is not None and other_id not in choices:
        form.errors["between_states_id"] = "Choose a tax from the list."
    if not form.ok:
        return tax_page(tax_id, form, 422)
    actions.set_between_states(session, tax, choices.get(other_id or 0))
    session.commit()
    flash("Saved. It counts for what is drafted from now on.", "good")
    return see_other(url_for("taxes.show", tax_id=tax.id))


@bp.post("/settings/taxes/<int:tax_id>/retirement")
@allow("manage_organisation")
def retire(tax_id: int) -> Response:
    return _set_active(tax_id, is_active=False)


@bp.post("/settings/taxes/<int:tax_id>/return")
@allow("manage_organisation")
def bring_back(tax_id: int) -> Response:
    return _set_active(tax_id, is_active=True)


def _set_active(tax_id: int, *, is_active: bool) -> Response:
    session = request_session()
    actions.set_active(session, queries.get_tax(session, tax_id), is_active=is_active)
    session.commit()
    return see_other(url_for("taxes.show", tax_id=tax_id))

"""Ending an invoice that is not paid: voiding it, writing off what is still owed.

Here and not with the invoices, because a payment page at Stripe is closed first.
"""

from collections.abc import Callable

from flask import Response, flash, g, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices import write_offs
from portal.invoices.queries import get_invoice
from portal.payments import actions
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.post("/invoices/<int:invoice_id>/voiding")
@allow("void")
def create_voiding(invoice_id: int) -> Response:
    return _end(invoice_id, actions.void_invoice, place="void")


@bp.post("/invoices/<int:invoice_id>/write-off")
@allow("void")
def create_write_off(invoice_id: int) -> Response:
    return _end(invoice_id, actions.write_off_invoice, place="write-off")


@bp.post("/invoices/<int:invoice_id>/write-off/taking-back")
@allow("void")
def take_back_write_off(invoice_id: int) -> Response:
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer, lock=True)
    try:
        write_offs.take_back(session, invoice)
        session.commit()
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


def _end(invoice_id: int, deed: Callable[[int, int, str], None], *, place: str) -> Response:
    """place: of the form on the invoice's page, which stays open where something is wrong."""
    session = request_session()
    organisation_id = get_invoice(session, invoice_id, g.viewer).organisation_id
    form = Form(request.form)
    reason = form.text("reason", "a reason", longest=200)
    session.rollback()  # no transaction stays open while Stripe is asked
    if form.ok:
        try:
            deed(organisation_id, invoice_id, reason)
        except RuleBroken as problem:
            form.refuse(problem)
        except GatewayError:
            form.errors["form"] = "Stripe did not answer, so the customer could still pay. Try again in a minute."
    for sentence in form.errors.values():
        flash(sentence, "late")
    if form.ok:
        return see_other(url_for("invoices.show", invoice_id=invoice_id))
    return see_other(url_for("invoices.show", invoice_id=invoice_id, open=place, _anchor=place))

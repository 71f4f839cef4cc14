"""Sending a draft, showing the code, sending again, throwing a draft away."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.invoices import actions, drafts, queries, sending
from portal.invoices.cautions import CAUTIONS
from portal.invoices.models import DRAFT
from portal.invoices.sendings import sendings_of
from portal.invoices.views.pages import bp, invoice_page, number_of, place_of, status_of, total_of
from portal.messages.texts import sms_account
from portal.shared import once
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.formats import money
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.phones import international
from portal.shared.web import request_session


@bp.post("/invoices/<int:invoice_id>/issuance")
@allow("raise_invoices")
def create_issuance(invoice_id: int) -> Response:
    """Send a draft. A second tap finds it sent and leads to the same screen.

    A rate that has changed since the draft was looked at counts: then nobody sends a total they have not seen.
    """
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    if invoice.status != DRAFT:
        return see_other(place_of(invoice))
    try:
        prepaid = actions.issue_invoice(session, g.organisation, invoice)
        if request.form.get("shown_total", total_of(invoice)) != total_of(invoice):
            return _look_again(invoice_id)
        number = number_of(invoice) if request.form.get("text") == "yes" else ""
        sending.send_invoice(
            session, g.organisation, invoice, sent_by=g.viewer.id, email=str(invoice.bill_to.get("email", "")),
            is_first=True, prepaid=prepaid, number=number,
        )  # fmt: skip
    except RuleBroken as problem:
        session.rollback()
        return make_response(invoice_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(place_of(invoice))


def _look_again(invoice_id: int) -> Response:
    """The draft as it would go out today, kept like that, and not sent."""
    session = request_session()
    session.rollback()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    drafts.rewrite(session, g.organisation, invoice)
    session.commit()
    problem = f"With today's taxes it comes to {money(invoice.amount_due)}. Look at it again, then send."
    return make_response(invoice_page(invoice, problem), 422)


@bp.post("/invoices/<int:invoice_id>/discarding")
@allow("raise_invoices")
def create_discarding(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    place = actions.discard_draft(session, invoice)
    session.commit()
    if place is None:
        return see_other(url_for("invoices.index"))
    return see_other(url_for("work_orders.show", work_order_id=place))


@bp.get("/invoices/<int:invoice_id>/sending")
@allow("raise_invoices")
def show_sending(invoice_id: int) -> Response:
    """The screen to hold out to the customer: QR code, share, copy, and the state of payment."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer)
    address = sending.screen_address(session, invoice)
    if address is None:
        return see_other(url_for("invoices.show", invoice_id=invoice.id, _anchor="again"))
    balance = queries.balance_of(invoice)
    return make_response(
        render_template(
            "invoices/sending.html", invoice=invoice, address=address, qr_svg=sending.qr_svg(address),
            status=status_of(invoice), balance=balance,
            cautions=[found for find in CAUTIONS if (found := find(session, balance.to_pay))],
            went=next((each for each in sendings_of(session, invoice.id) if each.message), None),
            has_sms=sms_account(session) is not None, form=Form(phone=str(invoice.bill_to.get("phone") or "")),
            whatsapp=international(str(invoice.bill_to.get("phone") or ""), g.organisation.country),
        )
    )  # fmt: skip


@bp.post("/invoices/<int:invoice_id>/sendings")
@allow("raise_invoices")
def create_sending(invoice_id: int) -> Response:
    """Once more: by e-mail when an address is given, else a fresh link for the screen."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form = Form(request.form)
    email = form.email("email", "an e-mail address", required=False)
    if not form.ok:
        return make_response(invoice_page(invoice, form=form), 422)
    if _is_repeat(invoice_id, "mail"):
        return _told_already(invoice_id)
    try:
        sending.send_invoice(session, g.organisation, invoice, sent_by=g.viewer.id, email=email)
    except RuleBroken as problem:
        session.rollback()
        return make_response(invoice_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(url_for("invoices.show_sending", invoice_id=invoice.id))


@bp.post("/invoices/<int:invoice_id>/texts")
@allow("raise_invoices")
def create_text(invoice_id: int) -> Response:
    """By text message, from the firm's own account for them."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form = Form(request.form)
    to = form.text_number("phone", "a phone number", g.organisation.country)
    if not form.ok:
        return make_response(invoice_page(invoice, form=form), 422)
    if _is_repeat(invoice_id, "text"):
        return _told_already(invoice_id)
    try:
        known = queries.balance_of(invoice)
        left = known.to_pay or known.balance
        sending.text_invoice(session, g.organisation, invoice, to=to, amount=left, sent_by=g.viewer.id)
    except RuleBroken as problem:
        session.rollback()
        return make_response(invoice_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    flash("The text message is on its way.", "good")
    return see_other(url_for("invoices.show", invoice_id=invoice.id, _anchor="links"))


def _is_repeat(invoice_id: int, how: str) -> bool:
    what = f"{how} of invoice {invoice_id}"
    return once.is_repeat(request_session(), what, g.viewer.organisation_id, request.form.get("form_id"))


def _told_already(invoice_id: int) -> Response:
    request_session().rollback()
    flash(once.ALREADY, "quiet")
    return see_other(url_for("invoices.show", invoice_id=invoice_id, _anchor="links"))

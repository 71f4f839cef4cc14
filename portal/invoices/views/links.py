"""The links of an invoice, one by one: stop, replace. And what could not be delivered: look, send again, put aside."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.invoices import joint, queries, sending, sendings
from portal.invoices.views.pages import bp, invoice_page
from portal.messages.actions import send_once_more
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.post("/invoices/<int:invoice_id>/links/<int:pay_link_id>/revocation")
@allow("raise_invoices")
def create_revocation(invoice_id: int, pay_link_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    sending.stop_link(session, sendings.get_link(session, invoice.id, pay_link_id))
    session.commit()
    flash("That link works no more.", "good")
    return _to_links(invoice_id)


@bp.post("/invoices/<int:invoice_id>/links/<int:pay_link_id>/rotation")
@allow("raise_invoices")
def create_rotation(invoice_id: int, pay_link_id: int) -> Response:
    """A new link the same way as the old one, which works no more."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    link = sendings.get_link(session, invoice.id, pay_link_id)
    try:
        if link.is_joint:
            joint.replace_joint_link(session, g.organisation, link, by=g.viewer.id)
        else:
            known = queries.balance_of(invoice)
            left = known.to_pay or known.balance
            sending.replace_link(session, g.organisation, invoice, link, balance=left, by=g.viewer.id)
    except RuleBroken as problem:
        session.rollback()
        return make_response(invoice_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    flash("A new link takes its place. The old one works no more.", "good")
    return _to_links(invoice_id)


@bp.get("/undelivered")
@allow("raise_invoices", "see_board")
def undelivered() -> Response:
    return _undelivered_page(Form())


@bp.post("/undelivered/<int:message_id>/resending")
@allow("raise_invoices", "see_board")
def create_resending(message_id: int) -> Response:
    """The same words to the address that is right."""
    session = request_session()
    failed = sendings.get_undelivered(session, g.viewer, message_id)
    form = Form(request.form)
    to = (
        form.text_number("email", "a phone number", g.organisation.country)
        if failed.message.channel == "sms"
        else form.email("email", "an e-mail address")
    )
    if not form.ok:
        return _undelivered_page(form, 422, message_id)
    again_id = send_once_more(session, failed.message, to, sent_by=g.viewer.id)
    if again_id is not None:
        sendings.follow_to(session, failed.message, again_id, to)
    session.commit()
    flash("It is on its way again.", "good")
    return see_other(url_for("invoices.undelivered"))


@bp.post("/undelivered/<int:message_id>/dismissal")
@allow("raise_invoices", "see_board")
def create_dismissal(message_id: int) -> Response:
    """Somebody has seen to it another way."""
    session = request_session()
    sendings.get_undelivered(session, g.viewer, message_id).message.dealt_with_at = clock.now()
    session.commit()
    return see_other(url_for("invoices.undelivered"))


def _undelivered_page(form: Form, status: int = 200, message_id: int | None = None) -> Response:
    rows = sendings.undelivered(request_session(), g.viewer)
    page = render_template("invoices/undelivered.html", rows=rows, form=form, message_id=message_id, blank=Form())
    return make_response(page, status)


def _to_links(invoice_id: int) -> Response:
    return see_other(url_for("invoices.show", invoice_id=invoice_id, _anchor="links"))

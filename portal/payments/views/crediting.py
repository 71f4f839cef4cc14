"""Taking back a sent invoice: posted here and not to the invoices, because an open card page must be closed first."""

from flask import Response, g, make_response, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices.credit_notes import actions as crediting
from portal.invoices.credit_notes import queries, rules
from portal.invoices.credit_notes.forms import BACK, is_as_made, read_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.pages import new_page, note_page
from portal.invoices.queries import get_invoice
from portal.payments import actions
from portal.payments.forms import read_amount
from portal.payments.views.pages import AWAY, bp
from portal.shared.access import allow
from portal.shared.errors import FormUsed, RuleBroken
from portal.shared.formats import money
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.web import request_session


@bp.post("/invoices/<int:invoice_id>/credit-notes")
@allow("void")
def create_credit_note(invoice_id: int) -> Response:
    """The same form twice is one credit note; with other lines, it says what it did before."""
    session = request_session()
    invoice, form = get_invoice(session, invoice_id, g.viewer), Form(request.form)
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or None
    made = queries.find_by_form(session, form_id) if form_id else None
    left: list[Money] = []
    try:
        if made is not None:
            return _see_made(form, queries.get_credit_note(session, made.id, g.viewer))
        rules.check_creditable(invoice.status, invoice.breakdown)
        left = crediting.creditable(session, invoice)
        wanted = read_credit_note(form, left, invoice.currency, may_give_back=g.viewer.may("refund"))
        session.rollback()  # no transaction stays open while Stripe is asked
        if form.ok:
            return _see(actions.raise_credit_note(
                g.viewer.organisation_id, invoice_id, wanted, form_id=form_id, raised_by=g.viewer.id
            ))  # fmt: skip
    except FormUsed as problem:
        form.refuse(problem)
        left = crediting.creditable(session, invoice)
    except RuleBroken as problem:
        form.refuse(problem)
    except GatewayError:
        form.errors["form"] = AWAY
    return make_response(new_page(get_invoice(session, invoice_id, g.viewer), left, form), 422)


@bp.post("/credit-notes/<int:credit_note_id>/applications")
@allow("void")
def create_credit_application(credit_note_id: int) -> Response:
    """Put what is kept to another invoice of the same customer."""
    session, form = request_session(), Form(request.form)
    queries.get_credit_note(session, credit_note_id, g.viewer)
    invoice_id = form.record("invoice_id", "an invoice")
    if invoice_id is not None:
        get_invoice(session, invoice_id, g.viewer)
        session.rollback()
        try:
            actions.put_credit_note(g.viewer.organisation_id, credit_note_id, invoice_id)
            return see_other(url_for("invoices.show", invoice_id=invoice_id))
        except RuleBroken as problem:
            form.refuse(problem)
        except GatewayError:
            form.errors["form"] = AWAY
    note = queries.get_credit_note(session, credit_note_id, g.viewer)
    return make_response(note_page(note, form), 422)


@bp.post("/credit-notes/<int:credit_note_id>/voiding")
@allow("void")
def create_note_voiding(credit_note_id: int) -> Response:
    session, form = request_session(), Form(request.form)
    queries.get_credit_note(session, credit_note_id, g.viewer)
    reason = form.text("void_reason", "a reason", longest=200)
    session.rollback()  # no transaction stays open while Stripe is asked
    if form.ok:
        try:
            actions.void_credit_note(g.viewer.organisation_id, credit_note_id, reason, g.viewer.id)
            return _see(credit_note_id)
        except RuleBroken as problem:
            form.refuse(problem)
        except GatewayError:
            form.errors["form"] = AWAY
    note = queries.get_credit_note(session, credit_note_id, g.viewer)
    return make_response(note_page(note, form), 422)


@bp.post("/credit-notes/<int:credit_note_id>/refunds")
@allow("refund")
def create_credit_refund(credit_note_id: int) -> Response:
    """Give back what is kept. To a card it is sent by the worker, after this is committed."""
    session, form = request_session(), Form(request.form)
    note = queries.get_credit_note(session, credit_note_id, g.viewer)
    amount = read_amount(form, "amount", "the amount", note.currency)
    way = form.choice("way", "how it goes back", BACK)
    reason = form.text("reason", "a reason", longest=200)
    form_id = form.text("form_id", "the form's id", longest=40)
    if form.ok and amount is not None:
        try:
            actions.refund_credit_note(
                session, credit_note_id, amount, way=way, reason=reason, by=g.viewer.id, form_id=form_id
            )
            session.commit()
            return _see(credit_note_id)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    note = queries.get_credit_note(session, credit_note_id, g.viewer)
    return make_response(note_page(note, form), 422)


def _see_made(form: Form, note: CreditNote) -> Response:
    """Raises FormUsed."""
    if is_as_made(form, note):
        return _see(note.id)
    raise FormUsed(f"credit note {note.number} over {money(note.total)} was made")


def _see(credit_note_id: int) -> Response:
    return see_other(url_for("invoices.show_credit_note", credit_note_id=credit_note_id))

"""Taking back a sent invoice, and what was taken back."""

import uuid

from flask import Response, g, make_response, render_template, request, url_for

from portal.invoices import queries
from portal.invoices.credit_notes import actions, rules
from portal.invoices.credit_notes import queries as credit_queries
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.documents.papers import credit_note_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.models import Invoice
from portal.invoices.views.pages import bp
from portal.organisations.audit import timeline
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money, decimals_of
from portal.shared.text import as_typed
from portal.shared.web import request_session


@bp.get("/invoices/<int:invoice_id>/credit-notes/new")
@allow("void")
def new_credit_note(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer)
    form = Form(form_id=uuid.uuid4().hex, then="apply")
    try:
        rules.check_creditable(invoice.status, invoice.breakdown)
    except RuleBroken as problem:
        form.refuse(problem)
        return make_response(_new_page(invoice, [], form), 422)
    left = actions.creditable(session, invoice)
    if not any(left):
        form.errors["form"] = "All of this invoice has been credited."
        return make_response(_new_page(invoice, [], form), 422)
    form.values |= {
        f"line-{at}": as_typed(amount.decimal, decimals_of(invoice.currency)) for at, amount in enumerate(left)
    }
    return make_response(_new_page(invoice, left, form))


@bp.post("/invoices/<int:invoice_id>/credit-notes")
@allow("void")
def create_credit_note(invoice_id: int) -> Response:
    """The same form twice is one credit note."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form, left = Form(request.form), []
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or None
    made = credit_queries.find_by_form(session, form_id) if form_id else None
    if made is not None:
        return see_other(url_for("invoices.show_credit_note", credit_note_id=made.id))
    try:
        rules.check_creditable(invoice.status, invoice.breakdown)
        left = actions.creditable(session, invoice)
        wanted = {at: _amount(form, at, most) for at, most in enumerate(left)}
        reason = form.text("reason", "why it is taken back", longest=200)
        then = form.choice("then", "what happens with the money", ("apply", "keep"), default="apply")
        if form.ok:
            note = actions.raise_credit_note(
                session, g.organisation, invoice, wanted, reason, keep=then == "keep", form_id=form_id,
                raised_by=g.viewer.id,
            )  # fmt: skip
            session.commit()
            return see_other(url_for("invoices.show_credit_note", credit_note_id=note.id))
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        invoice = queries.get_invoice(session, invoice_id, g.viewer)
    return make_response(_new_page(invoice, left, form), 422)


@bp.get("/credit-notes/<int:credit_note_id>")
@allow("raise_invoices", "see_board")
def show_credit_note(credit_note_id: int) -> str:
    note = credit_queries.get_credit_note(request_session(), credit_note_id, g.viewer)
    return _show_page(note, Form())


@bp.post("/credit-notes/<int:credit_note_id>/applications")
@allow("void")
def create_credit_application(credit_note_id: int) -> Response:
    """Put what is kept to another invoice of the same customer."""
    session = request_session()
    note = credit_queries.get_credit_note(session, credit_note_id, g.viewer)
    form = Form(request.form)
    invoice_id = form.record("invoice_id", "an invoice")
    if invoice_id is not None:
        for each in sorted({note.invoice_id, invoice_id}):  # in one order, so that two cannot wait for each other
            queries.get_invoice(session, each, g.viewer, lock=True)
        try:
            actions.apply_credit(session, note, queries.get_invoice(session, invoice_id, g.viewer))
            session.commit()
            return see_other(url_for("invoices.show", invoice_id=invoice_id))
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
            note = credit_queries.get_credit_note(session, credit_note_id, g.viewer)
    return make_response(_show_page(note, form), 422)


def _show_page(note: CreditNote, form: Form) -> str:
    session = request_session()
    kept = credit_queries.kept_as_credit(session, note)
    may_apply = bool(kept) and g.viewer.may("void")
    return render_template(
        "credit_notes/show.html", note=note, kept=kept, form=form, events=timeline(session, "credit_note", note.id),
        open_invoices=credit_queries.open_invoices(session, note) if may_apply else [],
    )  # fmt: skip


@bp.get("/credit-notes/<int:credit_note_id>/credit-note.pdf")
@allow("raise_invoices", "see_board")
def show_credit_note_pdf(credit_note_id: int) -> Response:
    session = request_session()
    note = credit_queries.get_credit_note(session, credit_note_id, g.viewer)
    return as_response(credit_note_paper(session, g.organisation, note), note.number)


def _amount(form: Form, at: int, most: Money) -> Money:
    """Of one line; a deduction on the invoice is taken back with its sign."""
    zero = Money.zero(most.currency)
    least, greatest = sorted((zero.decimal, most.decimal))
    name = f"line-{at}"
    if not form.values.get(name, "").strip():
        return zero
    value = form.decimal(name, "the amount", least=least, most=greatest, places=decimals_of(most.currency))
    return zero if name in form.errors else Money.of(value, most.currency)


def _new_page(invoice: Invoice, left: list[Money], form: Form) -> str:
    names = [line.name for line in invoice.lines]
    names += ["Shipping"] * (len(left) - len(names))
    return render_template(
        "credit_notes/new.html", invoice=invoice, form=form, balance=queries.balance_of(invoice),
        left=list(zip(names, left, strict=True)) if left else [],
    )  # fmt: skip

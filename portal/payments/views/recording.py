"""Money that staff take: recorded, put to invoices, reversed."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from flask import Response, abort, flash, g, make_response, render_template, request, url_for

from portal.customers.queries import get_customer
from portal.gateways.errors import GatewayError
from portal.invoices import holds
from portal.invoices.balance import Due
from portal.invoices.credit_notes.queries import kept_notes
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations.audit import timeline
from portal.payments import actions, queries
from portal.payments.actions.deposits.taking import waiting_for
from portal.payments.chargeable import card_step
from portal.payments.credits import credit_of, unused_credit
from portal.payments.debits import why_returned
from portal.payments.forms import read_payment
from portal.payments.held import held_deposits, held_of
from portal.payments.payouts.queries import entry_of
from portal.payments.photos import photos_of, read_photo
from portal.payments.refunds.limits import left_of_payments
from portal.payments.refunds.queries import disputes_of, refunds_of
from portal.payments.surplus import waits_as_surplus
from portal.payments.views.pages import AWAY, bp, see_recorded, try_to_record
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.drawing import LARGEST_FILE
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.formats import money
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.web import large_form, request_session
from portal.taxes.cash import cash_rounded


@dataclass(frozen=True)
class Desk:
    """One form: who pays, what can be paid with it, where it leads.

    due      of all its invoices that the customer is asked for
    deposit  what is taken off by itself when a draft is sent
    resting  of its invoices, those that nobody is asked for now: paid only with what is written beside them
    """

    customer_id: int
    customer_name: str
    invoices: Sequence[Invoice]
    due: Due
    back: str
    action: str
    title: str
    deposit: Money | None = None
    resting: Collection[int] = ()

    @property
    def at_rest(self) -> Money:
        parts = (balance_of(each).balance for each in self.invoices if each.id in self.resting)
        return Money.total(parts, self.due.balance.currency)


@bp.get("/invoices/<int:invoice_id>/payments/new")
@allow("take_cash")
def new_of_invoice(invoice_id: int) -> str:
    desk = _invoice_desk(invoice_id)
    return _form_page(desk, _blank(desk))


@bp.post("/invoices/<int:invoice_id>/payments")
@allow("take_cash")
@large_form(LARGEST_FILE)
def create_of_invoice(invoice_id: int) -> Response:
    """On a draft it sends the invoice and pays it in one step."""
    return _create(partial(_invoice_desk, invoice_id))


@bp.post("/invoices/<int:invoice_id>/credit-use")
@allow("take_cash")
def create_credit_use(invoice_id: int) -> Response:
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer)
    session.rollback()  # no transaction stays open while Stripe is asked
    try:
        used = actions.apply_credit(invoice.organisation_id, invoice_id)
        flash(f"{money(used)} of the customer's credit is put to this invoice.", "good")
    except RuleBroken as problem:
        flash(problem.sentence, "late")
    except GatewayError:
        flash(AWAY, "late")
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


@bp.get("/customers/<int:customer_id>/payments/new")
@allow("see_all_work_orders")
def new_of_customer(customer_id: int) -> str:
    desk = _customer_desk(customer_id)
    return _form_page(desk, _blank(desk))


@bp.post("/customers/<int:customer_id>/payments")
@allow("see_all_work_orders")
@large_form(LARGEST_FILE)
def create_of_customer(customer_id: int) -> Response:
    """One payment over many open invoices."""
    return _create(partial(_customer_desk, customer_id))


@bp.get("/payments/<int:payment_id>")
@allow("see_board")
def show(payment_id: int) -> str:
    return payment_page(payment_id, Form())


@bp.post("/payments/<int:payment_id>/reversal")
@allow("refund")
def create_reversal(payment_id: int) -> Response:
    session = request_session()
    queries.get_payment(session, payment_id)
    form = Form(request.form)
    reason = form.text("reason", "a reason", longest=200)
    if form.ok:
        try:
            actions.reverse_payment(session, payment_id, reason, by=g.viewer.id)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(payment_page(payment_id, form), 422)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id))


def _invoice_desk(invoice_id: int) -> Desk:
    invoice = get_invoice(request_session(), invoice_id, g.viewer)
    known, deposit = balance_of(invoice), Money.zero(invoice.currency)
    due = Due(known.balance, known.under_way)
    if invoice.status == DRAFT:
        deposit = waiting_for(request_session(), invoice)
        due = Due(invoice.amount_due - deposit, Money.zero(invoice.currency))
    return Desk(
        invoice.customer_id, invoice.customer.name, [invoice], due, url_for("invoices.show", invoice_id=invoice_id),
        url_for("payments.create_of_invoice", invoice_id=invoice_id), invoice.number or "Draft", deposit,
    )  # fmt: skip


def _customer_desk(customer_id: int) -> Desk:
    session = request_session()
    customer = get_customer(session, customer_id)
    if not g.viewer.may("take_cash"):
        abort(403)
    invoices = queries.open_invoices(session, g.viewer, customer_id, g.organisation.currency)
    currency, resting = g.organisation.currency, holds.held_among(session, [each.id for each in invoices])
    asked = [balance_of(each) for each in invoices if each.id not in resting]
    due = Due(
        Money.total((each.balance for each in asked), currency),
        Money.total((each.under_way for each in asked), currency),
    )
    return Desk(
        customer_id, customer.name, invoices, due, url_for("customers.show", customer_id=customer_id),
        url_for("payments.create_of_customer", customer_id=customer_id), customer.name, resting=resting,
    )  # fmt: skip


def _create(find: Callable[[], Desk]) -> Response:
    form, desk = Form(request.form), find()
    taken = read_payment(
        form, customer_id=desk.customer_id, invoice_ids=[each.id for each in desk.invoices], taken_by=g.viewer.id,
        currency=desk.due.balance.currency, today=clock.today(g.time_zone),
    )  # fmt: skip
    paid = [each for each in taken.invoice_ids if each not in desk.resting or each in taken.typed]
    taken = replace(taken, invoice_ids=paid, photo=read_photo(form, request.files))
    if any(each.status == DRAFT for each in desk.invoices) and not g.viewer.may("raise_invoices"):
        form.errors["form"] = "This invoice is a draft. Ask somebody who may send it."
    request_session().rollback()  # no transaction stays open while Stripe is asked
    try:
        recorded = try_to_record(form, g.viewer.organisation_id, taken) if form.ok else None
    except NotFound:  # since the desk was read: a draft that somebody throws away at the same moment
        flash("This draft was thrown away in the meantime, so nothing was recorded.", "late")
        return see_other(url_for("invoices.index"))
    if recorded is None:
        return make_response(_form_page(find(), form), 422)
    said = [f"{money(recorded.received)} recorded, receipt {recorded.number}."]
    if recorded.change:
        said.append(f"Give back {money(recorded.change)}.")
    if recorded.surplus:
        said.append(f"{money(recorded.surplus)} is kept as the customer's credit.")
    flash(" ".join(said), "good")
    return see_recorded(desk.back, recorded)


def _blank(desk: Desk) -> Form:
    today = clock.today(g.time_zone).isoformat()
    amount = str(desk.due.to_pay.decimal) if desk.due.to_pay else ""
    return Form(form_id=uuid.uuid4().hex, method="cash", amount=amount, received_on=today)


def _form_page(desk: Desk, form: Form) -> str:
    session, customer_id, currency = request_session(), desk.customer_id, desk.due.balance.currency
    invoice_id = desk.invoices[0].id if len(desk.invoices) == 1 else None
    usable_for = None if desk.deposit else invoice_id  # a draft's deposit is taken off by itself
    return render_template(
        "payments/new.html", desk=desk, to_pay=desk.due.to_pay, form=form,
        kept=kept_notes(session, customer_id, currency),
        credit=credit_of(session, customer_id, currency, invoice_id=usable_for),
        unused=unused_credit(session, customer_id, currency, invoice_id=usable_for),
        held=held_deposits(session, customer_id, currency, but_for=invoice_id),
        today=clock.today(g.time_zone), coins=cash_rounded(desk.due.to_pay, g.organisation.country),
    )  # fmt: skip


def payment_page(payment_id: int, form: Form) -> str:
    session = request_session()
    listed = queries.get_payment(session, payment_id)
    form.values.setdefault("then", "credit")
    disputes, paid = disputes_of(session, payment_id), listed.payment
    return render_template(
        "payments/show.html", listed=listed, payment=listed.payment, form=form,
        events=timeline(session, "payment", payment_id), refunds=refunds_of(session, payment_id),
        disputes=disputes, is_card_closed=any(each.is_argued for each in disputes),
        may_answer=any(not why_returned(paid.provider, paid.method, each.reason) for each in disputes),
        most_back=min(listed.use.left, left_of_payments(session, paid.customer_id, paid.currency)),
        payout=entry_of(session, listed.payment), step=card_step(paid.currency), held=held_of(session, payment_id),
        is_surplus=waits_as_surplus(session, payment_id),
        photos=photos_of(session, payment_id), form_id=form.values.get("form_id") or uuid.uuid4().hex,
    )  # fmt: skip

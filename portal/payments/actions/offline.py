"""Money that staff take: cash, cheques, slips of a card terminal, bank transfers. One payment, one or many invoices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import actions as invoicing
from portal.invoices import sending
from portal.invoices.balance import Due
from portal.invoices.models import DRAFT, SENT, Invoice
from portal.invoices.queries import balance_of, due_on, get_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import next_number
from portal.payments import queries, rules
from portal.payments.actions.allocation import AT_THE_BANK, check_not_being_paid, lock_customer, lock_invoices, put_to
from portal.payments.actions.deposits.taking import keep_deposit, waiting_for
from portal.payments.actions.receipts import queue_receipt
from portal.payments.actions.releases import release_deposit_of, release_invoice, request_out_of_hands
from portal.payments.actions.second_looks import ask_about_reference, ask_about_rest
from portal.payments.actions.surpluses import note_surplus
from portal.payments.models import HOLDS_THE_PLACE, Payment, PaymentAttempt
from portal.payments.photos import keep_photo
from portal.payments.rules import CannotRecord, PaymentUnderWay
from portal.shared import formats, outbox
from portal.shared.drawing import Drawn
from portal.shared.errors import FormUsed
from portal.shared.money import Money
from portal.shared.running import job_session


@dataclass(frozen=True)
class OfflinePayment:
    """What a person wrote down.

    invoice_ids  what may be paid with it, first to be paid first; a draft among them is sent first
    typed        amounts written beside invoices; empty: one after the other
    tendered     cash handed over, before change
    deposit_for  the job before which it is paid: taken off that job's invoice later
    photo        of the cheque or slip
    answers      to what second_looks asks, as its questions name them; None: nobody is there to be asked
    """

    customer_id: int
    invoice_ids: Sequence[int]
    amount: Money
    method: str
    reference: str
    received_on: date
    taken_by: int
    form_id: str
    typed: Mapping[int, Money] = field(default_factory=dict)
    tendered: Money | None = None
    deposit_for: int | None = None
    photo: Drawn | None = None
    answers: Collection[str] | None = None


@dataclass(frozen=True)
class Recorded:
    """received: what was really taken. is_new False: the same form came a second time."""

    payment_id: int
    number: str
    surplus: Money
    change: Money
    received: Money
    is_new: bool


def record_payment(organisation_id: int, taken: OfflinePayment) -> Recorded:
    """Book it, put it to the invoices, mail the receipt. Safe against double taps and against two at once.

    Calls Stripe between short transactions of its own, to close the pages on which the invoices could still be paid.
    Raises CannotRecord, CannotIssue, NotFound, FormUsed, AskedFirst, and what release_invoice raises.
    """
    for invoice_id in _being_paid(organisation_id, taken):
        release_invoice(organisation_id, invoice_id)
    if taken.deposit_for is not None:
        release_deposit_of(organisation_id, taken.deposit_for)
    with job_session(organisation_id) as session:
        lock_customer(session, taken.customer_id)
        repeated = _repeated(session, taken)
        if repeated is not None:
            _check_same(repeated, taken)
            unused = queries.get_payment(session, repeated.id).use.unused
            change = rules.change_of(repeated.taken, taken.tendered)
            return Recorded(repeated.id, repeated.number, unused, change, repeated.taken, is_new=False)
        return _record(session, session.get_one(Organisation, organisation_id), taken)


def _being_paid(organisation_id: int, taken: OfflinePayment) -> Sequence[int]:
    """The invoices with a page open at Stripe, of those that this payment reaches as things stand."""
    with job_session(organisation_id) as session:
        if _repeated(session, taken) is not None:
            return []
        organisation = session.get_one(Organisation, organisation_id)
        due = [(invoice_id, _to_pay(session, invoice_id)) for invoice_id in taken.invoice_ids]
        amount, rounding = _in_coins(organisation, taken, due)
        rules.change_of(amount + rounding, taken.tendered)
        reached = rules.spread(amount, due, taken.typed)
        being_paid = session.scalars(
            select(PaymentAttempt.invoice_id)
            .where(PaymentAttempt.invoice_id.in_(reached), HOLDS_THE_PLACE)
            .order_by(PaymentAttempt.invoice_id)
        )
        return [invoice_id for invoice_id in being_paid if invoice_id is not None]


def _record(session: Session, organisation: Organisation, taken: OfflinePayment) -> Recorded:
    invoices = lock_invoices(session, taken.invoice_ids)
    drafts = [invoice for invoice in invoices.values() if _is_draft(session, organisation, invoice, taken)]
    before = {invoice_id: due_on(session, invoice_id) for invoice_id in taken.invoice_ids}
    due = [(invoice_id, each.to_pay) for invoice_id, each in before.items()]
    if any(each.under_way for each in before.values()) and not any(to_pay for _, to_pay in due):
        raise PaymentUnderWay(AT_THE_BANK)
    amount, rounding = _in_coins(organisation, taken, due)
    _ask_first(session, taken, amount, due)
    parts = rules.spread(amount, due, taken.typed)
    for invoice_id in parts:
        check_not_being_paid(session, invoice_id)
    payment = _add(session, organisation, taken, amount, rounding)
    put_to(session, payment, parts)
    for invoice in drafts:  # only now: nobody is asked for what this payment has paid
        email = str(invoice.bill_to.get("email") or "")
        sending.send_invoice(session, organisation, invoice, sent_by=taken.taken_by, email=email)
    surplus = amount - Money.total(parts.values(), amount.currency)
    paid = [invoices[invoice_id] for invoice_id in parts]
    _tell(session, organisation, payment, paid, parts, surplus)
    if paid:
        after = [Due(before[each].balance - parts[each], before[each].under_way) for each in parts]
        queue_receipt(session, organisation, paid[0], payment, surplus, after, also=paid[1:])
    changed = [("invoice", invoice_id) for invoice_id in parts]
    outbox.record_all(session, organisation.id, ("payment", payment.id), *changed)
    change = rules.change_of(payment.taken, taken.tendered)
    return Recorded(payment.id, payment.number, surplus, change, payment.taken, is_new=True)


def _is_draft(session: Session, organisation: Organisation, invoice: Invoice, taken: OfflinePayment) -> bool:
    """Whether it was one: then it is issued now, and still to be sent. Raises CannotRecord, CannotIssue."""
    if invoice.customer_id != taken.customer_id or invoice.currency != taken.amount.currency:
        raise CannotRecord("This invoice is another customer's, or in another currency.")
    if invoice.status == DRAFT:
        invoicing.issue_invoice(session, organisation, invoice)
        return True
    if balance_of(invoice).is_written_off:
        raise CannotRecord("This invoice is written off. Take that back on its page, then record the payment.")
    if invoice.status != SENT:
        raise CannotRecord("This invoice is void: no payment can be put to it.")
    return False


def _repeated(session: Session, taken: OfflinePayment) -> Payment | None:
    """What the same form recorded before."""
    return session.scalars(select(Payment).where(Payment.form_id == taken.form_id)).one_or_none()


def _check_same(known: Payment, taken: OfflinePayment) -> None:
    """A double press says the very same; anything else is another payment. Raises FormUsed."""
    is_same = taken.amount in (known.amount, known.taken) and known.method == taken.method
    if not is_same or known.customer_id != taken.customer_id:
        raise FormUsed(f"{formats.money(known.taken)} is recorded, receipt {known.number}")


def _to_pay(session: Session, invoice_id: int) -> Money:
    """On a draft, which is sent on the way: what its deposits leave. Never what a bank has under way."""
    invoice = get_invoice(session, invoice_id)
    if invoice.status == DRAFT:
        return invoice.amount_due - waiting_for(session, invoice)
    return balance_of(invoice).to_pay


def _ask_first(
    session: Session, taken: OfflinePayment, amount: Money, due: Sequence[tuple[int, Money]]
) -> None:  # fmt: skip
    """Raises AskedFirst."""
    if taken.answers is None:
        return
    if taken.deposit_for is None:  # of which nothing is to pay yet
        ask_about_rest(amount, Money.total((to_pay for _, to_pay in due), amount.currency), taken.answers)
    ask_about_reference(session, taken.customer_id, taken.method, taken.reference, taken.answers)


def _in_coins(
    organisation: Organisation, taken: OfflinePayment, due: Sequence[tuple[int, Money]]
) -> tuple[Money, Money]:  # fmt: skip
    """As rules.in_coins, of cash; any other way pays to the cent."""
    currency = taken.amount.currency
    if taken.method != "cash":
        return taken.amount, Money.zero(currency)
    meant = taken.typed.values() if taken.typed else [balance for _, balance in due]
    return rules.in_coins(taken.amount, Money.total(meant, currency), organisation.country)


def _add(
    session: Session, organisation: Organisation, taken: OfflinePayment, amount: Money, rounding: Money
) -> Payment:  # fmt: skip
    number = next_number(session, organisation.id, "payment")
    payment = Payment(
        organisation_id=organisation.id, number=number, customer_id=taken.customer_id, method=taken.method,
        amount_minor=amount.minor, rounding_minor=rounding.minor, currency=amount.currency,
        received_on=taken.received_on,
        provider="offline", provider_payment_id=f"portal-{number}", taken_by=taken.taken_by, form_id=taken.form_id,
        reference=rules.words_of(taken.method, taken.reference)[:100],
        tendered_minor=taken.tendered.minor if taken.tendered else None,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    if taken.deposit_for is not None:
        keep_deposit(
            session, organisation, payment, taken.deposit_for, request_out_of_hands(session, taken.deposit_for)
        )  # fmt: skip
    if taken.photo is not None:
        keep_photo(session, payment, taken.photo, taken_by=taken.taken_by)
    return payment


def _tell(
    session: Session, organisation: Organisation, payment: Payment, paid: Sequence[Invoice], parts: dict[int, Money],
    surplus: Money,
) -> None:  # fmt: skip
    after = {"received": str(payment.taken), "way": payment.reference, "invoices": [each.id for each in paid]}
    audit.note(session, organisation.id, "payment recorded", "payment", payment.id, words="Recorded", after=after)
    for invoice in paid:
        part = formats.money(parts[invoice.id], organisation.locale)
        words = f"{part} paid, {payment.reference}, receipt {payment.number}"
        if payment.rounding_minor:
            words += f" ({formats.money(payment.taken, organisation.locale)} in coins)"
        audit.note(session, organisation.id, "payment recorded", "invoice", invoice.id, words=words)
    if surplus:
        words = f"{formats.money(surplus, organisation.locale)} is kept as the customer's credit"
        if paid:
            note_surplus(session, payment, surplus, words)
        else:  # a deposit, or money on account: that it is credit is what somebody decided
            audit.note(session, organisation.id, "surplus received", "payment", payment.id, words=words)

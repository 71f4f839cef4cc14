"""What was received by card becomes a payment, put to the invoices that it was for."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from portal.gateways.stripe_gateway import Receipt
from portal.invoices.balance import Due
from portal.invoices.models import Invoice, InvoiceBalance
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import next_number
from portal.payments import rules
from portal.payments.actions.receipts import queue_receipt
from portal.payments.actions.surpluses import note_surplus
from portal.payments.cards.queries import consent_to
from portal.payments.deposits import DepositRequest
from portal.payments.models import Allocation, Payment, PaymentAttempt, StripeAccount
from portal.shared import clock, formats, outbox
from portal.shared.money import Money

_METHODS = {"card": "card", "card_present": "terminal"}


class Locked(NamedTuple):
    """One invoice that an attempt pays."""

    attempt: PaymentAttempt
    invoice: Invoice
    account: StripeAccount
    organisation: Organisation


def book(session: Session, family: Sequence[Locked], receipt: Receipt) -> None:
    """Record what was received, not what was expected, once. Money that has come is never refused. Does not commit."""
    is_known, due = _before(session, family, receipt.payment_id)
    if not is_known:
        _add_payment(session, family, receipt, due)
    family[0].attempt.payment_intent_id = receipt.payment_id


def _before(session: Session, family: Sequence[Locked], payment_id: str) -> tuple[bool, Mapping[int, Due]]:
    """Whether Stripe's payment is booked already, and how each invoice stands but for it, in one statement."""
    its = {each.invoice.id: each.attempt.amount_minor for each in family if each.attempt.state == "processing"}
    ids = [each.invoice.id for each in family]
    rows = session.execute(_DUE, {"payment_id": payment_id, "invoice_ids": ids}).all()
    return rows[0].is_known, {
        row.invoice_id: Due(
            Money(row.balance_minor, row.currency),
            Money(row.under_way_minor - its.get(row.invoice_id, 0), row.currency),
        )
        for row in rows
    }


_DUE = (
    select(
        InvoiceBalance.invoice_id, InvoiceBalance.balance_minor, InvoiceBalance.under_way_minor,
        InvoiceBalance.currency,
        exists()
        .where(Payment.provider == "stripe", Payment.provider_payment_id == bindparam("payment_id"))
        .label("is_known"),
    )
    .where(InvoiceBalance.invoice_id.in_(bindparam("invoice_ids", expanding=True)))
    .order_by(InvoiceBalance.invoice_id)
)  # fmt: skip


def _add_payment(
    session: Session, family: Sequence[Locked], receipt: Receipt, due: Mapping[int, Due]
) -> None:  # fmt: skip
    attempt, first, _, organisation = family[0]
    asked, zero = Money.total((each.attempt.amount for each in family), attempt.currency), Money.zero(first.currency)
    tip = rules.tip_in(receipt.amount, asked, attempt.tip)
    payment = add_received(session, organisation, attempt, first.customer_id, receipt, tip)
    parts = _allocate(session, payment, family, due)
    surplus = payment.amount - Money.total(parts.values(), payment.currency)
    _tell(session, family, payment, receipt, surplus)
    paid = [invoice for _, invoice, *_ in family if invoice.id in parts] or [first]
    after = [Due(due[each.id].balance - parts.get(each.id, zero), due[each.id].under_way) for each in paid]
    queue_receipt(
        session, organisation, paid[0], payment, surplus, after, also=paid[1:],
        agreed=consent.words if receipt.kept and (consent := consent_to(session, attempt.id)) else "",
    )  # fmt: skip
    changed = [("invoice", invoice.id) for _, invoice, *_ in family]
    outbox.record_all(session, organisation.id, ("payment", payment.id), *changed)


def add_received(
    session: Session, organisation: Organisation, attempt: PaymentAttempt, customer_id: int, receipt: Receipt,
    tip: Money,
) -> Payment:  # fmt: skip
    """The payment itself, as Stripe says it was received; it is put to nothing yet. Does not commit."""
    payment = Payment(
        organisation_id=organisation.id, number=next_number(session, organisation.id, "payment"),
        customer_id=customer_id, method=_METHODS.get(receipt.method, "bank_transfer"),
        amount_minor=(receipt.amount - tip).minor, tip_minor=tip.minor, currency=receipt.amount.currency,
        received_on=clock.local(receipt.received_at, organisation.time_zone).date(),
        provider="stripe", provider_payment_id=receipt.payment_id, attempt_id=attempt.id, reference=receipt.words[:100],
        fee_minor=receipt.fee.minor if receipt.fee else None,
        fee_currency=receipt.fee.currency if receipt.fee else None,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    return payment


def _allocate(
    session: Session, payment: Payment, family: Sequence[Locked], due: Mapping[int, Due]
) -> dict[int, Money]:  # fmt: skip
    """Put the payment to each invoice as it was asked for, up to what is due; and what is over to what is to pay else.

    Invoice → how much that was.
    """
    zero = Money.zero(payment.currency)
    ours = [each for each in family if each.invoice.currency == payment.currency]
    most = [(each.invoice.id, max(min(each.attempt.amount, due[each.invoice.id].balance), zero)) for each in ours]
    parts = rules.spread(payment.amount, most, {})
    over = payment.amount - Money.total(parts.values(), payment.currency)
    rest = [(each, max(due[each].to_pay - parts.get(each, zero), zero)) for each, _ in most]
    for invoice_id, more in rules.spread(over, rest, {}).items():
        parts[invoice_id] = parts.get(invoice_id, zero) + more
    session.add_all(
        Allocation(
            organisation_id=payment.organisation_id, payment_id=payment.id, invoice_id=invoice_id,
            amount_minor=part.minor, currency=payment.currency,
        )
        for invoice_id, part in parts.items()
    )  # fmt: skip
    return parts


def _tell(session: Session, family: Sequence[Locked], payment: Payment, receipt: Receipt, surplus: Money) -> None:
    locale = family[0].organisation.locale
    asked = Money.total((each.attempt.amount + each.attempt.tip for each in family), family[0].attempt.currency)
    after = {
        "received": str(receipt.amount), "asked": str(asked), "fee": str(receipt.fee or ""),
        "stripe_payment": receipt.payment_id, "invoice": ", ".join(str(each.invoice.id) for each in family),
    }  # fmt: skip
    audit.note(session, payment.organisation_id, "payment received", "payment", payment.id, after=after)
    together = ", together with other invoices" if len(family) > 1 else ""
    said = f"{formats.money(payment.amount, locale)} paid by {payment.reference}, receipt {payment.number}{together}"
    if payment.tip:
        said += f", and a tip of {formats.money(payment.tip, locale)}"
    for each in family:
        note(session, each.attempt, "payment received", said)
    if surplus:
        words = f"{formats.money(surplus, locale)} is more than was due: kept as credit, needs a decision"
        note_surplus(session, payment, surplus, words)
        note(session, family[0].attempt, "surplus received", words)


def note(session: Session, attempt: PaymentAttempt, action: str, words: str) -> None:
    """On the timeline of what is paid. Paying is the customer's doing, whoever asks Stripe first."""
    record, record_id = about_of(session, attempt)
    audit.note(session, attempt.organisation_id, action, record, record_id, words=words, by=audit.CUSTOMER)


def about_of(session: Session, attempt: PaymentAttempt) -> tuple[str, int]:
    """The invoice, or the job before which a deposit is paid."""
    if attempt.invoice_id is not None:
        return "invoice", attempt.invoice_id
    return "work_order", session.get_one(DepositRequest, attempt.deposit_request_id).work_order_id

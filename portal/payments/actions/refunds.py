"""Giving money back: booked here first, and taken back where Stripe or the bank says no."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import holds
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions.allocation import lock_customer, lock_invoices, put_to
from portal.payments.actions.settlement import look_soon
from portal.payments.actions.staff_news import tell_of_failed_refund, tell_of_giving_twice, tell_of_won_credit
from portal.payments.chargeable import card_step
from portal.payments.models import Allocation, Payment, PaymentAttempt, StripeAccount
from portal.payments.refunds.limits import left_of_payments
from portal.payments.refunds.models import BOOKED, COUNTS, Refund
from portal.payments.refunds.queries import disputes_of
from portal.payments.uses import PaymentUse
from portal.shared import clock, formats, outbox, queues
from portal.shared.errors import FormUsed, RuleBroken
from portal.shared.money import Money

_ARGUED = (
    "The payer's bank disputed this payment, and Stripe gives nothing back of such a charge. Give it back in cash or by"
    " bank transfer."
)


class CannotRefund(RuleBroken):
    """The sentence is for staff."""


def plan_refund(
    session: Session, payment_id: int, amount: Money, *, way: str, reason: str, by: int | None, form_id: str | None,
    remote_id: str | None = None, of_invoice: int | None = None, tip: Money | None = None, waits: bool = True,
    beyond: Money | None = None, of_note: int | None = None,
) -> Refund:  # fmt: skip
    """Book that `amount` of a payment goes back, and so much of its tip. Does not commit.

    What is by card is sent by the payments worker. It comes out of the customer's credit first, then out of the
    invoices, of those that are paid beyond their total first: what they lose is to pay again, unless a credit note
    goes with it.
    way         stripe; how it was handed back: cash, bank_transfer; or dispute, when the bank took it
    remote_id   of one that was made at Stripe already
    waits       what nobody here gave back is asked for again only when a person has decided
    beyond      what left beside both although it was here no more: somebody has to see to that
    of_note     the credit note that takes its place; of_invoice: only out of what this one was paid with
    Raises NotFound, CannotRefund, FormUsed. The same form twice is one refund.
    """
    payment = queries.get_payment(session, payment_id).payment
    lock_customer(session, payment.customer_id)
    tip, beyond = tip or Money.zero(payment.currency), beyond or Money.zero(payment.currency)
    repeated = _repeated(session, form_id, payment_id, amount, tip, way)
    if repeated is not None:
        return repeated
    use, is_gone = queries.get_payment(session, payment_id).use, bool(remote_id) or way == "dispute"
    if not beyond:
        no_card = "" if is_gone else why_not_to_card(session, payment)
        _check(payment, way, amount, tip, _left(session, payment, use, of_invoice), use.tip_left, no_card)
    is_booked = (form_id or "").startswith(BOOKED)  # whoever says so here did not hand it out
    _check_all(session, payment, amount, is_gone=is_gone or is_booked)
    refund = Refund(
        organisation_id=payment.organisation_id, payment_id=payment_id, amount_minor=amount.minor,
        tip_minor=tip.minor, beyond_minor=beyond.minor, currency=amount.currency, way=way, reason=reason,
        refunded_by=by, form_id=form_id, remote_id=remote_id, credit_note_id=of_note,
        from_purse_minor=(amount + tip).minor if way == "cash" and by and not is_booked else 0,
        state="planned" if way == "stripe" else "succeeded", look_at=clock.now(),
    )  # fmt: skip
    parts = {of_invoice: -amount} if of_invoice is not None else _take(session, payment, amount, use.unused)
    session.add(refund)
    session.flush()
    _put(session, payment, refund, parts)
    if refund.is_unasked and waits:
        _wait(session, refund, parts)
    _tell_of_plan(session, payment, refund, list(parts))
    queues.wake(session, "payments", payment.organisation_id)
    return refund


def end_refund(session: Session, refund: Refund, state: str, why: str) -> None:
    """It did not reach the customer: the money is here again, and pays what it paid before. Does not commit.

    state  failed (the bank sent it back) or refused (Stripe never took it)
    """
    payment = session.get_one(Payment, refund.payment_id)
    lock_customer(session, payment.customer_id)
    session.refresh(refund)
    if refund.state not in COUNTS:
        return
    taken = taken_by(session, refund)
    lock_invoices(session, taken)
    refund.state, refund.last_error = state, why[:300]
    session.flush()
    zero = Money.zero(payment.currency)
    parts = {
        invoice_id: min(part, max(queries.balance_of(session, invoice_id), zero)) for invoice_id, part in taken.items()
    }  # fmt: skip
    _put(session, payment, refund, parts)
    if refund.is_unasked:
        _wait_no_more(session, refund, taken)
    if refund.way == "stripe":
        tell_of_failed_refund(session, payment, refund)
    beyond = Money.total(taken.values(), payment.currency) - Money.total(parts.values(), payment.currency)
    if refund.way == "dispute" and beyond:
        tell_of_won_credit(session, payment, refund, beyond)
    said = "was returned by the bank" if refund.way == "dispute" else f"did not reach the customer: {why}"
    _tell(session, payment, refund, list(taken), f"{_shown(session, refund)} {said}")


def _wait(session: Session, refund: Refund, parts: dict[int, Money]) -> None:
    """Whoever gave it back has not said whether the customer is to pay again: nobody is asked until a person has."""
    why = "Taken back by the bank" if refund.way == "dispute" else "Given back in Stripe's own pages"
    for invoice_id, part in parts.items():
        if part and queries.balance_of(session, invoice_id) > Money.zero(part.currency):
            holds.hold(session, refund.organisation_id, invoice_id, why, kind=holds.BACK, lost_minor=-part.minor)
            look_soon(session, invoice_id)  # a payment page that is open already is closed


def _wait_no_more(session: Session, refund: Refund, taken: dict[int, Money]) -> None:
    """It is here again: for so much of it nothing is left to decide."""
    for invoice_id, part in taken.items():
        waiting = holds.standing_of(session, invoice_id).get(holds.BACK)
        if waiting is None:
            continue
        waiting.lost_minor = max(0, waiting.lost_minor - part.minor)
        session.flush()
        if not waiting.lost_minor:
            holds.release(session, "returned", invoice_id, kind=holds.BACK)


def _repeated(
    session: Session, form_id: str | None, payment_id: int, amount: Money, tip: Money, way: str
) -> Refund | None:  # fmt: skip
    """What the same form gave back before. Raises FormUsed where that was something else."""
    made = session.scalars(select(Refund).where(Refund.form_id == form_id)).one_or_none() if form_id else None
    if made is not None and (made.payment_id, made.amount, made.tip, made.way) != (payment_id, amount, tip, way):
        raise FormUsed(f"{formats.money(made.all_of_it)} was given back")
    return made


def _check(payment: Payment, way: str, amount: Money, tip: Money, left: Money, tip_left: Money, no_card: str) -> None:
    if amount > left:
        raise CannotRefund(f"Only {formats.money(left)} of this payment is left to give back.", field="amount")
    if tip > tip_left:
        raise CannotRefund(f"Only {formats.money(tip_left)} of the tip is left to give back.", field="tip")
    if not amount + tip:
        raise CannotRefund("Enter how much goes back.", field="amount")
    if (way == "stripe") and payment.provider != "stripe":
        raise CannotRefund("This payment did not come by card: give it back in cash or by bank transfer.", field="way")
    if way == "stripe" and no_card:
        raise CannotRefund(no_card, field="way")
    step = card_step(amount.currency)
    if way == "stripe" and step is not None and (amount + tip).minor % step.minor:
        raise CannotRefund(
            f"Cards are given this currency back in steps of {formats.money(step)}: choose such an amount, or give it"
            " back in cash or by bank transfer.", field="amount",
        )  # fmt: skip


def _check_all(session: Session, payment: Payment, amount: Money, *, is_gone: bool) -> None:
    """What a credit note gave back by hand came out of no payment, and yet is gone. is_gone: so is this already."""
    left = left_of_payments(session, payment.customer_id, payment.currency)
    if amount > left and not is_gone:
        raise CannotRefund(
            f"Only {formats.money(left)} of all that this customer paid is left: the rest was given back with credit"
            " notes.", field="amount",
        )  # fmt: skip


def why_not_to_card(session: Session, payment: Payment) -> str:
    """Its account is not ours to use any more; or it was disputed: Stripe gives back nothing of such a charge, even
    when it was won. An inquiry is no dispute yet."""
    if payment.provider != "stripe":
        return ""
    if any(each.is_argued for each in disputes_of(session, payment.id)):
        return _ARGUED
    if payment.attempt_id is None:
        return ""
    account = session.scalars(
        select(StripeAccount.remote_id)
        .join(PaymentAttempt, PaymentAttempt.stripe_account_id == StripeAccount.id)
        .where(PaymentAttempt.id == payment.attempt_id, StripeAccount.removed_at.is_not(None))
    ).one_or_none()
    return rules.removed_words(account) if account else ""


def _left(session: Session, payment: Payment, use: PaymentUse, of_invoice: int | None) -> Money:
    if of_invoice is None:
        return use.left
    lock_invoices(session, [of_invoice])
    parts = queries.allocations_of(session, [payment.id])[payment.id]
    return Money.total((part.amount for part in parts if part.invoice_id == of_invoice), payment.currency)


def _take(session: Session, payment: Payment, amount: Money, unused: Money) -> dict[int, Money]:
    """What each invoice loses, below zero."""
    left = amount - min(amount, unused)
    used = {part.invoice_id: part.amount for part in queries.allocations_of(session, [payment.id])[payment.id]}
    lock_invoices(session, used)
    parts: dict[int, Money] = {}
    for invoice_id in sorted(used, key=lambda each: (queries.balance_of(session, each).minor, -each)):
        parts[invoice_id] = -min(left, used[invoice_id])
        left += parts[invoice_id]
    return {invoice_id: part for invoice_id, part in parts.items() if part}


def _put(session: Session, payment: Payment, refund: Refund, parts: dict[int, Money]) -> None:
    put_to(session, payment, parts, refund_id=refund.id)


def _tell_of_plan(session: Session, payment: Payment, refund: Refund, invoice_ids: list[int]) -> None:
    said = "taken back by the bank" if refund.way == "dispute" else f"goes back: {refund.reason}"
    if refund.beyond:
        beyond = formats.money(refund.beyond, session.get_one(Organisation, refund.organisation_id).locale)
        said += f"; {beyond} of it had gone back another way already"
        tell_of_giving_twice(session, payment, refund)
    _tell(session, payment, refund, invoice_ids, f"{_shown(session, refund)} {said}")


def taken_by(session: Session, refund: Refund) -> dict[int, Money]:
    """What each invoice lost by it, and has not got back."""
    parts: dict[int, int] = defaultdict(int)
    for part in session.scalars(select(Allocation).where(Allocation.refund_id == refund.id)):
        parts[part.invoice_id] -= part.amount_minor
    return {invoice_id: Money(minor, refund.currency) for invoice_id, minor in parts.items()}


def _tell(session: Session, payment: Payment, refund: Refund, invoice_ids: list[int], words: str) -> None:
    after = {"refund": str(refund.amount), "tip": str(refund.tip), "way": refund.way, "state": refund.state}
    about = [("payment", payment.id), *(("invoice", each) for each in invoice_ids)]
    for record, record_id in about:
        audit.note(
            session, payment.organisation_id, f"refund {refund.state}", record, record_id, words=words, after=after
        )  # fmt: skip
    outbox.record_all(session, payment.organisation_id, *about)


def _shown(session: Session, refund: Refund) -> str:
    locale = session.get_one(Organisation, refund.organisation_id).locale
    if not refund.tip or refund.beyond:
        return formats.money(refund.all_of_it, locale)
    tip = f"the tip of {formats.money(refund.tip, locale)}"
    return f"{formats.money(refund.amount, locale)} and {tip}" if refund.amount else tip

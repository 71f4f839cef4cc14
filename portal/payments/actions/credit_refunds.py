"""Giving back what a credit note left with the customer: by hand, or to the card that paid the note's invoice."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.invoices.credit_notes import actions as notes
from portal.invoices.credit_notes import queries
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import lock_customer, lock_invoices
from portal.payments.actions.crediting import share_out
from portal.payments.actions.refund_news import tell_of_credit_refund
from portal.payments.actions.refunds import CannotRefund, plan_refund
from portal.payments.queries import payments_of
from portal.payments.refunds.limits import credit_in_money
from portal.payments.refunds.models import BOOKED, Refund
from portal.shared import formats, outbox
from portal.shared.errors import FormUsed
from portal.shared.money import Money


def refund_credit_note(
    session: Session, credit_note_id: int, amount: Money, *, way: str, reason: str, by: int, form_id: str
) -> None:  # fmt: skip
    """Give back so much of what is kept of a note. Does not commit. The same form twice gives back once.

    way  stripe: out of what the note's invoice was paid with by card, where the note then stands in its place;
         cash, bank_transfer: handed back already
    Raises NotFound, CannotRefund, CannotCredit, FormUsed.
    """
    note = queries.get_credit_note(session, credit_note_id)
    lock_customer(session, note.customer_id)
    invoice = lock_invoices(session, [note.invoice_id])[note.invoice_id]
    if _is_repeated(session, note, form_id, amount):
        return
    is_booked = form_id.startswith(BOOKED)  # what the books gave back is gone, whatever it was
    _check(amount, queries.kept_as_credit(session, note))
    if not is_booked:
        _check_settled(invoice)
    if way == "stripe":
        _to_card(session, note, invoice, amount, reason, by=by, form_id=form_id)
    else:
        if not is_booked:
            _check_paid(amount, credit_in_money(session, note.customer_id, note.currency))
        _by_hand(session, note, amount, way, reason, by=by, form_id=form_id)
    locale = session.get_one(Organisation, note.organisation_id).locale
    how = {"stripe": "to the card", "cash": "in cash"}.get(way, "by bank transfer")
    words = f"{formats.money(amount, locale)} of credit note {note.number} given back {how}: {reason}"
    after = {"refund": str(amount), "way": way}
    for record, record_id in (("credit_note", note.id), ("invoice", invoice.id)):
        audit.note(session, note.organisation_id, "credit given back", record, record_id, words=words, after=after)
    outbox.record_all(session, note.organisation_id, ("credit_note", note.id), ("invoice", invoice.id))


def _is_repeated(session: Session, note: CreditNote, form_id: str, amount: Money) -> bool:
    """Whether this form gave back the very same before. Raises FormUsed where that was another amount."""
    by_hand = session.scalars(select(CreditRefund).where(CreditRefund.form_id == form_id)).one_or_none()
    named = Refund.form_id.startswith(f"{form_id}:", autoescape=True)
    by_card = session.scalar(select(func.sum(Refund.amount_minor)).where(named))
    if by_hand is None and by_card is None:
        return False
    given = by_hand.amount if by_hand else Money(int(by_card or 0), note.currency)
    if given != amount or (by_hand and by_hand.credit_note_id != note.id):
        raise FormUsed(f"{formats.money(given)} was given back")
    return True


def _check(amount: Money, kept: Money) -> None:
    if amount > kept:
        raise CannotRefund(f"Only {formats.money(kept)} of this credit is left to give back.", field="amount")


def _check_settled(invoice: Invoice) -> None:
    """Who still owes on the very invoice is not handed what was never paid."""
    if invoice.status == "sent" and balance_of(invoice).balance > Money.zero(invoice.currency):
        left = formats.money(balance_of(invoice).balance)
        raise CannotRefund(f"{left} is still to pay on {invoice.number}: put the credit to it first.", field="amount")


def _check_paid(amount: Money, in_money: Money) -> None:
    """A note over what nobody paid is credit, but no money; put to another invoice, it makes none of that either."""
    if amount > in_money:
        raise CannotRefund(
            f"Only {formats.money(in_money)} of this customer's credit is money that they paid; the rest took back what"
            " was never paid. That can be put to an invoice, not given back.", field="amount",
        )  # fmt: skip


def _to_card(
    session: Session, note: CreditNote, invoice: Invoice, amount: Money, reason: str, *, by: int, form_id: str
) -> None:  # fmt: skip
    by_card = [each for each in payments_of(session, invoice.id) if each[0].provider == "stripe"]
    parts = share_out(by_card, amount, "stripe")
    came = Money.total((part for _, part in parts), amount.currency)
    if came != amount:
        raise CannotRefund(
            f"Only {formats.money(came)} of it came by card. Give the rest back in cash or by bank transfer.",
            field="way",
        )
    for payment, part in parts:
        plan_refund(
            session, payment.id, part, way="stripe", reason=reason, by=by, form_id=f"{form_id}:{payment.id}",
            of_invoice=invoice.id, of_note=note.id,
        )  # fmt: skip
    notes.apply_credit(session, note, lock_invoices(session, [invoice.id])[invoice.id])


def _by_hand(
    session: Session, note: CreditNote, amount: Money, way: str, reason: str, *, by: int, form_id: str
) -> None:  # fmt: skip
    is_booked = form_id.startswith(BOOKED)  # whoever says so here did not hand it out
    made = CreditRefund(
        organisation_id=note.organisation_id, credit_note_id=note.id, amount_minor=amount.minor,
        currency=amount.currency, way=way, reason=reason, refunded_by=by, form_id=form_id,
        from_purse_minor=amount.minor if way == "cash" and not is_booked else 0,
    )  # fmt: skip
    session.add(made)
    session.flush()
    if not is_booked:
        tell_of_credit_refund(session, note, made)

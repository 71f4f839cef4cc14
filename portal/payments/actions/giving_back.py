"""What becomes of an invoice whose money went back: a credit note takes it off, the customer is asked again, or it is
given up as the rest was."""

from sqlalchemy.orm import Session

from portal.invoices import frozen, holds, write_offs
from portal.invoices.credit_notes import actions, queries
from portal.invoices.credit_notes.rules import check_creditable
from portal.invoices.credit_notes.shares import parts_worth
from portal.invoices.models import SENT
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import check_not_being_paid, lock_customer
from portal.payments.actions.refund_news import tell_of_asking, tell_of_refund
from portal.payments.actions.refunds import plan_refund, taken_by
from portal.payments.refunds.models import BOOKED, Refund
from portal.payments.refunds.queries import AFTER_REFUND, WITH_REFUND, is_disputed
from portal.shared.errors import RuleBroken
from portal.shared.money import Money

CREDIT, ASK, GIVE_UP = "credit", "ask", "give_up"
_HOW = {CREDIT: "credited", ASK: "asked", GIVE_UP: "given up"}


class CannotFollow(RuleBroken):
    """Nothing waits for this decision (any more); the sentence is for staff."""


def give_back(
    session: Session, payment_id: int, amount: Money, *, then: str, way: str, reason: str, by: int, form_id: str,
    tip: Money,
) -> Refund:  # fmt: skip
    """A refund as a person of the firm gives it. Does not commit. The same form twice is one.

    then  credit: what an invoice loses is credited by a note; ask: it is to pay again
    Raises what plan_refund raises, and CannotCredit.
    """
    refund = plan_refund(session, payment_id, amount, way=way, reason=reason, by=by, form_id=form_id, tip=tip)
    if then == CREDIT:
        for invoice_id, part in sorted(taken_by(session, refund).items()):
            _credit(session, invoice_id, part, reason, form_id=f"{WITH_REFUND}{refund.id}-{invoice_id}", by=by)
    if way != "stripe" and not form_id.startswith(BOOKED):
        tell_of_refund(session, refund)
    return refund


def decide(session: Session, invoice_id: int, then: str, *, by: int) -> None:
    """Say what follows for an invoice whose money went back without a word here. Does not commit.

    then  give_up: where the rest of it is written off, this is, too, for the reason that stands
    Raises NotFound, CannotFollow, CannotCredit, CannotPay.
    """
    lock_customer(session, get_invoice(session, invoice_id).customer_id)
    invoice = get_invoice(session, invoice_id, lock=True)
    waiting = holds.standing_of(session, invoice_id).get(holds.BACK)
    if waiting is None:
        raise CannotFollow("This is decided already.")
    if is_disputed(session, invoice_id):  # a dispute that is won brings the money back, and there is nothing to decide
        raise CannotFollow("The bank has not decided yet. Once it has, say here what follows.")
    if then == GIVE_UP and not invoice.written_off_minor:
        raise CannotFollow("Nothing of this invoice is written off. Ask for it again, then write it off on its page.")
    left = min(Money(waiting.lost_minor, invoice.currency), balance_of(invoice).balance)
    if then == CREDIT and invoice.status == SENT and left > Money.zero(invoice.currency):
        _credit(session, invoice_id, left, waiting.why, form_id=f"{AFTER_REFUND}{waiting.id}", by=by)
    if then == GIVE_UP and left > Money.zero(invoice.currency):
        check_not_being_paid(session, invoice_id)
        write_offs.write_off(session, invoice, invoice.write_off_reason, most=left)
    holds.release(session, _HOW[then], invoice_id, kind=holds.BACK)
    if then == ASK:
        words = "To be paid again, after the money went back"
        audit.note(session, invoice.organisation_id, "asked for again", "invoice", invoice_id, words=words)
        if invoice.status == SENT and left > Money.zero(invoice.currency):
            tell_of_asking(session, invoice, left, once=f"asked:{waiting.id}")


def _credit(session: Session, invoice_id: int, part: Money, reason: str, *, form_id: str, by: int) -> None:
    """A note over exactly so much, put to what is to pay. It lowers the balance by what the refund raised it, so a page
    on which somebody is just paying the rest stays right."""
    if queries.find_by_form(session, form_id) is not None:
        return
    invoice = get_invoice(session, invoice_id, lock=True)
    check_creditable(invoice.status, invoice.breakdown)
    whole, policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    left, before = actions.creditable(session, invoice), queries.credited_lines(session, invoice)
    taken = [before.get(at, Money.zero(invoice.currency)) for at in range(len(left))]
    actions.raise_credit_note(
        session, session.get_one(Organisation, invoice.organisation_id), invoice,
        parts_worth(part, whole, policy, left, taken), reason, form_id=form_id, raised_by=by,
    )  # fmt: skip

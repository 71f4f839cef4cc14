"""The last look before a charge: what may stand in its way, and what follows from that."""

from sqlalchemy.orm import Session

from portal.invoices.balance import Due
from portal.invoices.models import SENT, Invoice
from portal.invoices.queries import due_on
from portal.messages.models import Message
from portal.organisations import audit
from portal.payments.autopay import queries
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.autopay.rules import GO, LONGEST_WAIT, UNCLEAR, Look
from portal.payments.cards.models import SavedCard
from portal.payments.chargeable import check_chargeable
from portal.payments.rules import CannotPay
from portal.shared import clock
from portal.shared.money import Money

_NOTHING_LEFT = "Nothing is left to charge."


def last_look(session: Session, run: AutopayRun, invoice: Invoice, *, own: Money) -> Look:
    """May it be charged at this moment? Expects the invoice's lock, but for the invoice's own open attempt.

    own  what of it that attempt has under way already
    """
    autopay = session.get_one(Autopay, run.autopay_id, populate_existing=True)
    card = session.get_one(SavedCard, autopay.saved_card_id, populate_existing=True)
    due = due_on(session, invoice.id)
    to_pay = Due(due.balance, due.under_way - own).to_pay
    if run.state != "waiting" or autopay.ended_at is not None or card.state != "kept":
        return Look("Automatic payment was switched off.", is_over=True)
    if invoice.status != SENT or due.balance.minor <= 0:
        return Look(_NOTHING_LEFT, is_over=True)
    told = session.get(Message, run.message_id) if run.message_id else None
    if told is None or told.state in ("failed", "cancelled"):
        return Look("The customer could not be told of the charge.", is_over=True)
    if told.state == "waiting" or not queries.is_quiet(session, invoice.id):
        return Look("It waits for the firm, for an answer to the customer, or for the bank.", UNCLEAR)
    if not to_pay:
        return Look("The customer's bank is paying all that is left.", UNCLEAR)
    try:
        check_chargeable(min(to_pay, run.announced))
    except CannotPay as problem:
        return Look(problem.sentence, is_over=True)
    return GO


def heed(session: Session, run: AutopayRun, look: Look) -> None:
    """Put it off, or leave it to the customer, and say why. Does not commit."""
    run.words = look.why[:300]
    is_too_late = clock.now().date() > run.charge_on + LONGEST_WAIT
    if look.wait is not None and not is_too_late:
        run.next_try_at = clock.now() + look.wait
        return
    run.state = "done" if look.why == _NOTHING_LEFT else "stopped"
    if run.state == "stopped":
        audit.note(
            session, run.organisation_id, "autopay stopped", "invoice", run.invoice_id,
            words=f"Not charged by itself. {look.why}",
        )  # fmt: skip

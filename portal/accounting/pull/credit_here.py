"""A credit note as it is in Zoho, brought about here because a person says so: void, or put to another invoice."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import endings, put_there, voided
from portal.accounting.pull.models import GONE, NOTE_VOID, USES, Question
from portal.invoices.credit_notes import queries, rules, voiding
from portal.invoices.credit_notes.actions import put_as_booked
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.organisations import audit
from portal.payments.actions import void_credit_note
from portal.payments.actions.allocation import check_not_being_paid, lock_customer, lock_invoices
from portal.payments.refunds.models import COUNTS, Refund
from portal.shared import formats, outbox
from portal.shared.money import Money

_CANNOT = "Here it cannot be voided: money went back to the customer with it."


class CannotMove(rules.CannotCredit):
    """The credit stays where it is here."""


def prepare(session: Session, question: Question, decision: str) -> None:
    """What closes payment pages, and the voiding itself: in transactions of its own, none is open before or after.

    Raises RuleBroken, GatewayError.
    """
    is_void = (question.field, decision) == (NOTE_VOID, "theirs") or (question.kind, decision) == (GONE, "end")
    note_id, organisation_id = question.local_id or 0, question.organisation_id
    if is_void:
        is_open = not queries.get_credit_note(session, note_id).is_void
        session.commit()
        if is_open:
            void_credit_note(organisation_id, note_id, endings.WHY)
    elif (question.field, decision) == (USES, "theirs"):
        touched = {*_there(session, question), *queries.applied_of(session, session.get_one(CreditNote, note_id))}
        session.commit()
        put_there.close_payment_pages(organisation_id, sorted(touched))


def move(session: Session, record: MirrorRecord, question: Question) -> None:
    """It lowers here what it lowers there, to the cent. Raises CannotCredit, CannotVoidNote, CannotPay. Does not
    commit."""
    note = session.get_one(CreditNote, record.local_id)
    lock_customer(session, note.customer_id)
    wanted, zero = _there(session, question), Money.zero(note.currency)
    here = queries.applied_of(session, note)
    locked = lock_invoices(session, {note.invoice_id, *wanted, *here})
    less = {at: part - wanted.get(at, zero) for at, part in here.items() if part > wanted.get(at, zero)}
    for at in less:
        rules.check_loses_credit(locked[at].number or "", locked[at].status, locked[at].written_off)
        check_not_being_paid(session, at)
    voiding.take_off(session, note, less)
    for at, part in less.items():
        words = f"{formats.money(part)} of credit note {note.number} is put to it no more"
        audit.note(session, note.organisation_id, "credit taken off", "invoice", at, words=words)
        outbox.record_all(session, note.organisation_id, ("credit_note", note.id), ("invoice", at))
    locked = lock_invoices(session, locked)  # with what is to pay now
    more = {at: part - here.get(at, zero) for at, part in wanted.items() if part > here.get(at, zero)}
    put_as_booked(session, note, [(locked[at], part) for at, part in more.items()])
    record.snapshot = {**(record.snapshot or {}), "there": question.facts["there"]}


def can_move(session: Session, link_id: int, now: uses.There) -> bool:
    """Are all the invoices here that it is put to there?"""
    return None not in _invoices(session, link_id, now.applied).values()


def why_not_here(session: Session, asked: Sequence[Question]) -> dict[int, str]:
    """question → why its note cannot be voided here, as far as that is known without asking Stripe. One statement."""
    ids = {each.local_id: each.id for each in asked if each.field == NOTE_VOID and each.local_id is not None}
    if not ids:
        return {}
    by_hand = exists().where(CreditRefund.credit_note_id == CreditNote.id)
    by_card = exists().where(Refund.credit_note_id == CreditNote.id, Refund.state.in_(COUNTS))
    found = select(CreditNote.id).where(CreditNote.id.in_(ids), or_(by_hand, by_card))
    return {ids[note_id]: _CANNOT for note_id in session.scalars(found)}


def _there(session: Session, question: Question) -> dict[int, Money]:
    """Our invoice → how much of the note is put to it there. Raises CannotMove."""
    note = session.get_one(CreditNote, question.local_id)
    now = uses.from_text(question.facts) or uses.There()
    ours = _invoices(session, question.link_id, now.applied)
    if None in ours.values():
        raise CannotMove("It is put to an invoice there that is not here. Put it back in Zoho, or leave it.")
    applied = voided.besides(session, question.link_id, now.applied)
    return {ours[at] or 0: Money.rounded(amount, note.currency) for at, amount in applied.items()}


def _invoices(session: Session, link_id: int, applied: Mapping[str, Decimal]) -> dict[str, int | None]:
    rows = session.execute(
        select(MirrorRecord.remote_id, MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice", MirrorRecord.remote_id.in_(applied)
        )
    )
    known = {str(remote_id): local_id for remote_id, local_id in rows}
    return {at: known.get(at) for at in applied}

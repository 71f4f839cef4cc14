"""What was voided in Zoho and is in force here: ended here too where that can be, opened again there with its money, or
left as it is on both sides."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import reopening
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import endings, questions
from portal.accounting.pull.models import STATUS, USES, VOID, Question
from portal.invoices.credit_notes.queries import credited_by
from portal.invoices.documents.rules import may_void
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.invoices.rules import CannotVoid, check_voidable
from portal.shared.money import Money

_LEFT = ("is_apart", "is_theirs")
_CANNOT = "Here it cannot be voided as it is: {why}"


def ask(session: Session, record: MirrorRecord, invoice: Invoice) -> None:
    """Its money is free there since: that is no question of its own. Does not commit."""
    for each in reopening.money_on(session, record):
        questions.settle(session, each, STATUS, USES)
    questions.ask(
        session, questions.of(record), STATUS, field=VOID, ours=_said(session, invoice), theirs="void",
        theirs_at=record.remote_modified_at,
        facts={"label": f"Invoice {invoice.number}", "title": "Void in Zoho", "why": "Somebody voided it there."},
    )  # fmt: skip


def _said(session: Session, invoice: Invoice) -> str:
    """How it stands here."""
    stands = session.scalars(select(InvoiceBalance).where(InvoiceBalance.invoice_id == invoice.id)).one()
    if stands.is_written_off:
        return "written off"
    if stands.balance == invoice.total:
        return "to be paid"
    return f"{stands.balance} to be paid of {invoice.total}" if stands.balance else "paid"


def besides(session: Session, link_id: int, applied: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What is on invoices there, without those that are void there only: of these, their own question tells, or a
    person has left them so."""
    of = (MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice", MirrorRecord.remote_id.in_(applied))
    asked = select(Question.remote_id).where(
        Question.link_id == link_id, Question.module == "invoice", Question.field == VOID, Question.decision == ""
    )
    is_void = or_(MirrorRecord.snapshot["is_apart"].as_boolean(), MirrorRecord.remote_id.in_(asked))
    void = set(session.scalars(select(MirrorRecord.remote_id).where(*of, is_void)))
    return {at: amount for at, amount in applied.items() if at not in void}


def why_not_here(session: Session, asked: Sequence[Question]) -> dict[int, str]:
    """question → why its invoice cannot be voided here, as far as that is known without asking Stripe, for those that
    cannot. Two statements."""
    ids = {each.local_id: each.id for each in asked if each.field == VOID and each.local_id is not None}
    if not ids:
        return {}
    rows = session.execute(
        select(Invoice.id, Invoice.letterhead, InvoiceBalance.paid_minor, Invoice.currency)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(Invoice.id.in_(ids))
    ).all()
    credited, found = credited_by(session, list(ids)), {}
    for invoice_id, letterhead, paid, currency in rows:
        is_lawful = may_void(str((letterhead or {}).get("country", "")))
        try:
            check_voidable(SENT, Money(paid, currency), credited_by=credited.get(invoice_id, ""), is_lawful=is_lawful)
        except CannotVoid as problem:
            found[ids[invoice_id]] = _CANNOT.format(why=problem.sentence)
    return found


def open_again(session: Session, record: MirrorRecord) -> Sequence[MirrorRecord]:
    """It becomes a draft there, is marked sent, and gets its money back. Everything that goes over for it, which the
    caller sets going. Does not commit."""
    reopening.want(record)
    money = reopening.money_on(session, record)
    for each in money:
        each.snapshot = {**(each.snapshot or {}), "there": None}  # read before anything is moved
    return [record, *money]


def leave_both(session: Session, record: MirrorRecord) -> None:
    """Told in each comparison for as long as they differ. Does not commit."""
    endings.leave_as_it_is(session, record)
    record.snapshot = {**(record.snapshot or {}), "is_apart": True}


def ask_again(session: Session, record: MirrorRecord) -> None:
    """Nobody leaves it so any more. Does not commit."""
    record.snapshot = {key: value for key, value in (record.snapshot or {}).items() if key not in _LEFT}
    invoice = session.get_one(Invoice, record.local_id)
    if invoice.status == SENT:
        ask(session, record, invoice)

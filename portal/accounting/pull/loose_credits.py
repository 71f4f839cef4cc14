"""A credit note of Zoho's that is over no invoice, or over none that comes to the same here. Here each one takes back
lines of one invoice, so a person says of which: what it is put to there, it is put to here, and the rest stays the
customer's credit."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import crediting, given_back, questions
from portal.accounting.pull.crediting import TheirCredit, TheirLine
from portal.accounting.pull.models import LOOSE, OTHER_NOTE, STATUS, Question
from portal.accounting.setup.tying import tie
from portal.customers.models import Customer
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import IN_FORCE
from portal.invoices.models import SENT, Invoice
from portal.shared.errors import RuleBroken
from portal.shared.money import Money

Row = Mapping[str, Any]
OVER = "over "  # the answer: over which of the offered invoices, counted from 1
FIELDS = (LOOSE, OTHER_NOTE)
_MOST_OFFERED, _MOST_TRIED = 5, 20
_WHY = "Here a credit note takes back an invoice. Say which one. What it is put to in Zoho, it is put to here."
_NONE = "No invoice of this customer comes to the same here, with the same tax."
_ONCE = "Do not make it here beside it: Zoho would have two. Change it there; or void it there, and make it here."


class CannotTakeOver(RuleBroken):
    """No credit note over that invoice comes to the same."""


def ask(session: Session, turn: Turn, detail: Row, theirs: TheirCredit, there: Row, why: str = "") -> bool:
    """True when that is news. Once, and anew where it was changed there before anybody answered. Does not commit.

    detail  the whole of it
    there   where it is put to, as the mirror keeps that
    why     it cannot be taken over as it is, over whatever invoice
    """
    remote_id = str(detail["creditnote_id"])
    asked = session.scalars(
        select(Question).where(Question.link_id == turn.link_id, Question.remote_id == remote_id)
        .where(Question.field.in_(FIELDS), Question.decision != questions.SETTLED)
    ).all()  # fmt: skip
    customer = _customer_of(session, turn.link_id, str(detail.get("customer_id", "")), theirs)
    told = {"theirs": _as_text(theirs), "there": there, "refunds": _refunds_of(detail), "cannot": why}
    if customer is None or any(each.decision or told.items() <= each.facts.items() for each in asked):
        return False
    settle(session, turn.link_id, remote_id)
    offered = [] if why else _able(session, turn, customer.id, theirs)
    said = _WHY if offered else f"{why or _NONE} {_ONCE}"
    of, label = _about(session, turn, remote_id, theirs)
    title = "A credit note in Zoho" if theirs.applied else "A credit note in Zoho without an invoice"
    questions.ask(
        session, of, STATUS, field=OTHER_NOTE if theirs.applied else LOOSE, ours="is not here",
        theirs=f"{theirs.total} on {theirs.on:%d %b %Y}, {theirs.number}, {customer.name}",
        facts={"label": label, "title": title, "why": said, "invoices": offered, "on": list(theirs.applied), **told},
    )  # fmt: skip
    return True


def settle(session: Session, link_id: int, remote_id: str) -> None:
    """It is over an invoice by now, or not in force any more. Does not commit."""
    session.execute(
        update(Question)
        .where(Question.link_id == link_id, Question.remote_id == remote_id, Question.field.in_(FIELDS))
        .where(Question.decision == "")
        .values(decision=questions.SETTLED, decided_at=func.clock_timestamp())
    )


def is_open_about(session: Session, link_id: int, invoice_id: int) -> bool:
    """Is it being asked already what lowers this invoice there?"""
    asked = select(Question.id).where(
        Question.link_id == link_id, Question.field == OTHER_NOTE, Question.decision == "",
        Question.facts["on"].contains([invoice_id]),
    )  # fmt: skip
    return session.scalars(asked.limit(1)).first() is not None


def answers(question: Question) -> Sequence[tuple[str, str]]:
    """(decision, what the button says) of each invoice that it may be over."""
    return [(f"{OVER}{at}", f"Over {number}") for at, (_, number) in enumerate(question.facts["invoices"], 1)]


def take_over(session: Session, question: Question, decision: str, product_name: str) -> None:
    """Raises CannotTakeOver. Does not commit."""
    invoice_id, number = question.facts["invoices"][int(decision.removeprefix(OVER)) - 1]
    theirs = _from_text(question.facts["theirs"])
    note = crediting.credit_as_theirs(session, question.link_id, invoice_id, theirs, product_name)
    if note is None:
        raise CannotTakeOver(f"No credit note over {number} comes to the same any more. Choose another invoice.")
    told = question.facts
    keep(session, question.organisation_id, question.link_id, question.remote_id, note, theirs.number, told["there"],
         told["refunds"])  # fmt: skip


def keep(
    session: Session, organisation_id: int, link_id: int, remote_id: str, note: CreditNote, number: str, there: Row,
    refunds: Sequence[Row],
) -> None:  # fmt: skip
    """Ours is theirs from now on; what was given back of it there is asked about. Does not commit."""
    tie(session, organisation_id, link_id, "credit_note", note.id, remote_id, remote_number=number,
        snapshot={"there": there})  # fmt: skip
    record = session.scalars(
        select(MirrorRecord).where(MirrorRecord.link_id == link_id, MirrorRecord.module == "credit_note")
        .where(MirrorRecord.remote_id == remote_id)
    ).one()  # fmt: skip
    given_back.ask(session, record, "Credit note", note.number, note.currency, refunds)


def _customer_of(session: Session, link_id: int, remote_id: str, theirs: TheirCredit) -> Customer | None:
    """Whose invoices it lowers; there he may be merged into another."""
    if theirs.applied:
        return session.get_one(Customer, session.get_one(Invoice, next(iter(theirs.applied))).customer_id)
    return session.scalars(
        select(Customer).join(MirrorRecord, MirrorRecord.local_id == Customer.id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "customer")
        .where(MirrorRecord.remote_id == remote_id)
    ).one_or_none()  # fmt: skip


def _about(session: Session, turn: Turn, remote_id: str, theirs: TheirCredit) -> tuple[dict[str, Any], str]:
    """Of what it is asked, and how that is called: the first invoice that it lowers, or itself."""
    of: dict[str, Any] = {"organisation_id": turn.organisation_id, "link_id": turn.link_id, "remote_id": remote_id}
    if not theirs.applied:
        return {**of, "module": "credit_note", "local_id": None}, f"Credit note {theirs.number}"
    invoice = session.get_one(Invoice, next(iter(theirs.applied)))
    return {**of, "module": "invoice", "local_id": invoice.id}, f"Invoice {invoice.number}"


def _able(session: Session, turn: Turn, customer_id: int, theirs: TheirCredit) -> list[tuple[int, str]]:
    """(id, number) of the newest invoices over which it comes to the same."""
    credited = func.coalesce(func.sum(CreditNote.total_minor), 0)
    newest = (
        select(Invoice.id, Invoice.number)
        .outerjoin(CreditNote, (CreditNote.invoice_id == Invoice.id) & IN_FORCE)
        .where(Invoice.customer_id == customer_id, Invoice.status == SENT, Invoice.currency == theirs.total.currency)
        .group_by(Invoice.id)
        .having(Invoice.total_minor - credited >= theirs.total.minor)
        .order_by(Invoice.id.desc())
        .limit(_MOST_TRIED)
    )
    found = [
        (invoice_id, str(number)) for invoice_id, number in session.execute(newest).all()
        if _would_come_to_it(session, turn, invoice_id, theirs)
    ]  # fmt: skip
    return found[:_MOST_OFFERED]


def _would_come_to_it(session: Session, turn: Turn, invoice_id: int, theirs: TheirCredit) -> bool:
    """Tried, and taken back."""
    with session.begin_nested() as trial:
        note = crediting.credit_as_theirs(session, turn.link_id, invoice_id, theirs, turn.product_name)
        trial.rollback()
    return note is not None


def _refunds_of(detail: Row) -> list[dict[str, str]]:
    return [{key: str(value) for key, value in each.items()} for each in detail.get("creditnote_refunds") or []]


def _as_text(theirs: TheirCredit) -> dict[str, Any]:
    return {
        "number": theirs.number, "on": theirs.on.isoformat(), "minor": theirs.total.minor,
        "currency": theirs.total.currency, "reason": theirs.reason, "taxes": [each.minor for each in theirs.taxes],
        "lines": [[line.item, line.name, line.amount.minor, str(line.rate)] for line in theirs.lines],
        "applied": {str(at): part.minor for at, part in theirs.applied.items()},
    }  # fmt: skip


def _from_text(text: Mapping[str, Any]) -> TheirCredit:
    def money(minor: int) -> Money:
        return Money(minor, text["currency"])

    return TheirCredit(
        text["number"], date.fromisoformat(text["on"]), money(text["minor"]), [money(each) for each in text["taxes"]],
        [TheirLine(item, name, money(minor), Decimal(rate)) for item, name, minor, rate in text["lines"]],
        text["reason"], {int(at): money(minor) for at, minor in text["applied"].items()},
    )  # fmt: skip

"""A credit note of Zoho's that is over no invoice. Here each one takes back an invoice, so a person says which: what it
comes to stays the customer's credit, as it is there."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import crediting, questions
from portal.accounting.pull.crediting import TheirCredit
from portal.accounting.pull.models import LOOSE, STATUS, Question
from portal.accounting.setup.tying import tie
from portal.customers.models import Customer
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import SENT, Invoice
from portal.shared.errors import RuleBroken
from portal.shared.money import Money

OVER = "over "  # the answer: over which of the offered invoices, counted from 1
_MOST_OFFERED = 5
_WHY = "Here a credit note takes back an invoice. Say which one, and it is the customer's credit here, too."
_NONE = "Here a credit note takes back an invoice, and none of this customer's is left for so much. Change it in Zoho."


class CannotTakeOver(RuleBroken):
    """No credit note over that invoice comes to the same."""


def ask(session: Session, turn: Turn, remote_id: str, customer: str, theirs: TheirCredit) -> bool:
    """Once. False where it was asked before, or is no business of ours. customer: the id there. Does not commit."""
    asked = select(Question.id).where(Question.link_id == turn.link_id, Question.remote_id == remote_id)
    whose = session.execute(
        select(Customer.id, Customer.name)
        .join(MirrorRecord, MirrorRecord.local_id == Customer.id)
        .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "customer")
        .where(MirrorRecord.remote_id == customer)
    ).one_or_none()
    if whose is None or session.scalars(asked.where(Question.field == LOOSE).limit(1)).first() is not None:
        return False
    offered = _able(session, whose.id, theirs.total)
    of = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "credit_note", "local_id": None,
        "remote_id": remote_id,
    }  # fmt: skip
    questions.ask(
        session, of, STATUS, field=LOOSE, ours="is not here",
        theirs=f"{theirs.total} on {theirs.on:%d %b %Y}, {whose.name}",
        facts={"label": f"Credit note {theirs.number}", "title": "A credit note in Zoho without an invoice",
               "why": _WHY if offered else _NONE, "invoices": offered, "theirs": _as_text(theirs)},
    )  # fmt: skip
    return True


def settle(session: Session, link_id: int, remote_id: str) -> None:
    """It is over an invoice by now, or not in force any more. Does not commit."""
    session.execute(
        update(Question)
        .where(Question.link_id == link_id, Question.remote_id == remote_id, Question.field == LOOSE)
        .where(Question.decision == "")
        .values(decision=questions.SETTLED, decided_at=func.clock_timestamp())
    )


def answers(question: Question) -> Sequence[tuple[str, str]]:
    """(decision, what the button says) of each invoice that it may be over."""
    return [(f"{OVER}{at}", f"Over {number}") for at, (_, number) in enumerate(question.facts["invoices"], 1)]


def take_over(session: Session, question: Question, decision: str, product_name: str) -> None:
    """Raises CannotTakeOver. Does not commit."""
    invoice_id, number = question.facts["invoices"][int(decision.removeprefix(OVER)) - 1]
    theirs = _from_text(question.facts["theirs"])
    note = crediting.credit_as_theirs(session, question.link_id, invoice_id, theirs, product_name)
    if note is None:
        raise CannotTakeOver(f"No credit note over {number} comes to {theirs.total}. Choose another invoice.")
    tie(
        session, question.organisation_id, question.link_id, "credit_note", note.id, question.remote_id,
        remote_number=theirs.number, snapshot={"there": uses.There().as_text()},
    )  # fmt: skip


def _able(session: Session, customer_id: int, total: Money) -> list[tuple[int, str]]:
    """(id, number) of the newest invoices of which so much is left to be taken back."""
    credited = func.coalesce(func.sum(CreditNote.total_minor), 0)
    found = (
        select(Invoice.id, Invoice.number)
        .outerjoin(CreditNote, CreditNote.invoice_id == Invoice.id)
        .where(Invoice.customer_id == customer_id, Invoice.status == SENT, Invoice.currency == total.currency)
        .group_by(Invoice.id)
        .having(Invoice.total_minor - credited >= total.minor)
        .order_by(Invoice.id.desc())
        .limit(_MOST_OFFERED)
    )
    return [(invoice_id, str(number)) for invoice_id, number in session.execute(found)]


def _as_text(theirs: TheirCredit) -> dict[str, Any]:
    return {
        "number": theirs.number, "on": theirs.on.isoformat(), "minor": theirs.total.minor,
        "currency": theirs.total.currency, "reason": theirs.reason,
        "lines": [[item, name, amount.minor] for item, name, amount in theirs.lines],
    }  # fmt: skip


def _from_text(text: Mapping[str, Any]) -> TheirCredit:
    currency = text["currency"]
    lines = [(item, name, Money(minor, currency)) for item, name, minor in text["lines"]]
    on = date.fromisoformat(text["on"])
    return TheirCredit(text["number"], on, Money(text["minor"], currency), lines, text["reason"], is_kept=True)

"""Money that was given back in Zoho, of a payment or of a credit note: asked about once, and recorded here, never given
back a second time."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions
from portal.accounting.pull.models import REFUND, STATUS, Question
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditRefund
from portal.payments.actions.credit_refunds import refund_credit_note
from portal.payments.actions.refunds import plan_refund
from portal.payments.refunds.models import BOOKED, Refund
from portal.shared.money import Money

_WHY = "Money went back to the customer there. Record it here, and nothing is given back a second time."
SIDES = ("given back", "not given back")
_GONE = "The customer has the money: let it be put back there, or the two sides go on differing. It is"
_ID_KEYS = {"payment": "payment_refund_id", "credit_note": "creditnote_refund_id"}


def ask(
    session: Session, record: MirrorRecord, what: str, number: str, currency: str, refunds: Sequence[Mapping[str, Any]]
) -> bool:  # fmt: skip
    """True when something is news. what, number: "Payment", "R-00012". Does not commit."""
    own = re.compile(rf"{re.escape(number)}(/[0-9]+| reversed)")  # what ours carry there
    fresh = [each for each in refunds if not own.fullmatch(str(each.get("reference_number", "")))]
    return any([_ask_about(session, record, f"{what} {number}", currency, each) for each in fresh])


def told_of(gone: Sequence[str], why_moved: str) -> dict[str, str]:
    """What a question says of money that is elsewhere there; or, of what we gave back and somebody has taken out."""
    if not gone:
        return {"title": "Put to other invoices in Zoho", "why": why_moved}
    return {"title": "Taken out in Zoho: what was given back", "why": f"{_GONE} {', '.join(gone)}."[:300]}


def record_here(session: Session, question: Question, person_id: int, product_name: str) -> None:
    """As it was given back there, once. Raises CannotRefund, CannotCredit. Does not commit."""
    told = question.facts
    record = plan_refund if question.module == "payment" else refund_credit_note
    record(
        session, question.local_id or 0, Money(told["minor"], told["currency"]), way=told["way"],
        reason=f"Given back in {product_name}", by=person_id, form_id=BOOKED + told["refund"],
    )  # fmt: skip


def _ask_about(session: Session, record: MirrorRecord, label: str, currency: str, refund: Mapping[str, Any]) -> bool:
    refund_id = str(refund.get(_ID_KEYS[record.module], ""))
    if _is_known(session, record, refund_id):
        return False
    amount = Money.rounded(wire.amount(refund.get("amount")) or Decimal(0), currency)
    questions.ask(
        session, questions.of(record), STATUS, field=f"{REFUND} {refund_id}", ours="not given back",
        theirs=f"{amount} on {refund.get('date', '')}", theirs_at=record.remote_modified_at,
        facts={"label": label, "title": "Given back in Zoho", "why": _WHY, "minor": amount.minor, "currency": currency,
               "refund": refund_id, "way": "cash" if refund.get("refund_mode") == "cash" else "bank_transfer"},
    )  # fmt: skip
    return True


def _is_known(session: Session, record: MirrorRecord, refund_id: str) -> bool:
    """Recorded here, or asked about before."""
    kept = Refund if record.module == "payment" else CreditRefund
    booked = select(kept.id).where(kept.form_id == BOOKED + refund_id)
    asked = select(Question.id).where(
        Question.link_id == record.link_id, Question.module == record.module, Question.local_id == record.local_id,
        Question.field == f"{REFUND} {refund_id}",
    )  # fmt: skip
    return session.scalars(booked.union_all(asked).limit(1)).first() is not None

"""Payments of ours that were changed in Zoho: put to other invoices, given back, or of another amount. Money is never
moved here by itself: a person is told, and records here with one tap what can be recorded."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions, sightings, voided
from portal.accounting.pull.models import REFUND, STATUS, USES, Question
from portal.gateways.zoho import wire
from portal.payments.actions.refunds import plan_refund
from portal.payments.models import Payment
from portal.payments.refunds.models import BOOKED, Refund
from portal.shared.money import Money

_AMOUNT = "amount"
_CORRECT = "Money is never moved here by itself. Correct the side that is wrong."
_GIVEN_BACK = "Money went back to the customer there. Record it here, and nothing is given back a second time."


def compare(turn: Turn, remote: Remote, record_id: int, row: Mapping[str, Any]) -> bool:
    """True when a person is asked. row: of Zoho's list, by which the change was met."""
    detail = remote.detail(MODULES["payment"], str(row[MODULES["payment"].id_key]))
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        sightings.remember(record, row)
        known, now = uses.from_text(record.snapshot), uses.seen(detail, None)
        if known is None or record.state != "in_step":
            return False
        payment = session.get_one(Payment, record.local_id)
        is_whole = not (record.snapshot or {}).get("is_theirs")
        amount = Money.rounded(wire.amount(detail["amount"]) or Decimal(0), payment.currency)
        differs = [
            _differs(session, record, payment, USES, "Put to other invoices in Zoho", (_said(known), _said(now)),
                     is_equal=voided.besides(session, turn.link_id, known.applied) == now.applied),
            _differs(session, record, payment, _AMOUNT, "Another amount in Zoho", (str(payment.amount), str(amount)),
                     is_equal=payment.amount == amount or not is_whole),
        ]  # fmt: skip
        given_back = [
            _ask_about_refund(session, record, payment, each) for each in detail.get("payment_refunds") or []
            if _is_theirs(session, record, payment, each)
        ]  # fmt: skip
        return any([*differs, *given_back])


def record_refund(session: Session, question: Question, person_id: int, product_name: str) -> None:
    """As it was given back there, once. Raises CannotRefund. Does not commit."""
    told = question.facts
    plan_refund(
        session, question.local_id or 0, Money(told["minor"], told["currency"]), way=told["way"],
        reason=f"Given back in {product_name}", by=person_id, form_id=BOOKED + told["refund"],
    )  # fmt: skip


def _differs(
    session: Session, record: MirrorRecord, payment: Payment, field: str, title: str, sides: tuple[str, str], *,
    is_equal: bool,
) -> bool:  # fmt: skip
    if is_equal:
        questions.settle(session, record, STATUS, field)
        return False
    questions.ask(
        session, questions.of(record), STATUS, field=field, ours=sides[0], theirs=sides[1],
        theirs_at=record.remote_modified_at,
        facts={"label": f"Payment {payment.number}", "title": title, "why": _CORRECT},
    )  # fmt: skip
    return True


def _is_theirs(session: Session, record: MirrorRecord, payment: Payment, refund: Mapping[str, Any]) -> bool:
    """Made by somebody there, and not told of before? Ours carry the payment's number."""
    refund_id = str(refund.get("payment_refund_id", ""))
    if str(refund.get("reference_number", "")).startswith(payment.number):
        return False
    booked = select(Refund.id).where(Refund.form_id == BOOKED + refund_id)
    asked = select(Question.id).where(
        Question.link_id == record.link_id, Question.module == "payment", Question.local_id == record.local_id,
        Question.field == f"{REFUND} {refund_id}",
    )  # fmt: skip
    return session.scalars(booked.union_all(asked).limit(1)).first() is None


def _ask_about_refund(session: Session, record: MirrorRecord, payment: Payment, refund: Mapping[str, Any]) -> bool:
    amount = Money.rounded(wire.amount(refund.get("amount")) or Decimal(0), payment.currency)
    refund_id = str(refund["payment_refund_id"])
    questions.ask(
        session, questions.of(record), STATUS, field=f"{REFUND} {refund_id}", ours="not given back",
        theirs=f"{amount} on {refund.get('date', '')}", theirs_at=record.remote_modified_at,
        facts={"label": f"Payment {payment.number}", "title": "Given back in Zoho", "why": _GIVEN_BACK,
               "minor": amount.minor, "currency": payment.currency, "refund": refund_id,
               "way": "cash" if refund.get("refund_mode") == "cash" else "bank_transfer"},
    )  # fmt: skip
    return True


def _said(there: uses.There) -> str:
    total = sum(there.applied.values(), Decimal(0))
    return f"{total} on {len(there.applied)} {'invoice' if len(there.applied) == 1 else 'invoices'}"

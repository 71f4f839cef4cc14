"""Money for the same thing on both sides, before ours has reached Zoho: one payment, or two? A person says, and then
both sides come to the same cents."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.by_hand.models import ByHand
from portal.accounting.mirror.lease import Turn
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions
from portal.accounting.pull.models import AMOUNT, PART, TWICE, Question
from portal.accounting.pull.payment_changes import why_ours_stays
from portal.accounting.pull.sightings import stamp_of
from portal.payments.actions import set_free
from portal.payments.models import Allocation, Payment, PaymentReversal
from portal.payments.queries import balance_of
from portal.shared.errors import RuleBroken
from portal.shared.money import Money

Facts = Mapping[str, Any]
NEAR = timedelta(days=7)
_ALIKE = "Both have the same amount, on the same invoice. Ours is not sent until you say."
_TOO_MUCH = (
    "Together they come to more than is owed, and Zoho's pays the invoice there. If they are two, what of ours is too"
    " much becomes the customer's credit, on both sides."
)
_ENTERED = " Ours was entered there by hand: if that was done in parts, this may be one of them, and is no other money."
_ONE = " If it is one, Zoho's amount counts: ours is reversed."


class CannotBePart(RuleBroken):
    """Ours has not so much left."""


def ask(session: Session, turn: Turn, facts: Facts, detail: Mapping[str, Any]) -> bool:
    """False where nothing of ours may be the same, or is in its way. Does not commit.

    facts  of the payment there, as pull.payments.facts_of tells them; detail: the whole of it
    """
    if _is_part(session, turn.link_id, facts["remote_id"]):
        return True
    alike = session.scalars(_alike(turn.link_id, facts).limit(1)).first()
    if alike is not None:
        _ask(session, turn, alike, {**facts, "why": _ALIKE}, detail)
        return True
    lacks = _lacking(session, facts)
    crowding = session.scalars(_not_there(turn.link_id, list(lacks)).limit(1)).first() if lacks else None
    if crowding is None:
        return False
    can_be_one = not why_ours_stays(crowding)
    why = _TOO_MUCH + (_ONE if can_be_one else "")
    _ask(session, turn, crowding, {**facts, "why": why, "is_other": True, "can_be_one": can_be_one}, detail)
    return True


def take_as_part(session: Session, record: MirrorRecord, facts: Facts) -> None:
    """What is there is a part of ours, which people entered there by hand: no other money, and ours goes nowhere.

    Raises CannotBePart. Does not commit.
    """
    if not _may_be_part(session, record.link_id, session.get_one(Payment, record.local_id), facts):
        raise CannotBePart("With what was said to be a part of ours before, it comes to more than ours.")
    stay_out(record)


def stay_out(record: MirrorRecord) -> None:
    """It was entered there by hand, and is sent by nobody. Does not commit."""
    record.state, record.last_error, record.last_error_code = rules.LEFT_OUT_STATE, "", ""


def is_asked_on(session: Session, invoice: MirrorRecord) -> bool:
    """Is it open whether money there is the same as ours on this invoice, or how much it is? Then less is open there
    for just that."""
    is_of_amounts = or_(Question.kind == TWICE, Question.field == AMOUNT)
    asked = select(Question.id).where(
        Question.link_id == invoice.link_id, is_of_amounts, Question.decision == "",
        Question.facts["parts"].has_key(str(invoice.local_id)),
    )  # fmt: skip
    return session.scalars(asked.limit(1)).first() is not None


def make_room(session: Session, link_id: int, facts: Facts, product_name: str) -> Sequence[int]:
    """They are two: what Zoho's has paid there of an invoice, ours has not. Our payments that are the customer's credit
    now, at least in part. Does not commit."""
    freed = []
    for invoice_id, lack in _lacking(session, facts).items():
        why = f"as payment {facts['number']} in {product_name} pays it"
        for payment in session.scalars(_not_there(link_id, [invoice_id])):
            part = set_free(session, payment.id, invoice_id, lack, why)
            lack -= part
            freed += [payment.id] if part else []
    return freed


def _alike(link_id: int, facts: Facts) -> Select[Payment]:
    """Ours of the same amount and about the same day, on one of the same invoices; or one that somebody has entered
    there by hand, whatever the day and in whatever parts."""
    on = date.fromisoformat(facts["on"])
    is_same_money = (Payment.amount_minor == facts["minor"]) & Payment.received_on.between(on - NEAR, on + NEAR)
    found = (
        select(Payment)
        .where(Payment.customer_id == facts["customer_id"], Payment.currency == facts["currency"])
        .where(or_(is_same_money, Payment.id.in_(_by_hand(link_id, facts))))
        .where(or_(Payment.id.not_in(_there(link_id)), Payment.amount_minor != facts["minor"]))
        .where(Payment.id.not_in(select(PaymentReversal.payment_id)))
    )
    if facts["parts"]:
        invoices = [int(invoice_id) for invoice_id in facts["parts"]]
        found = found.where(Payment.id.in_(select(Allocation.payment_id).where(Allocation.invoice_id.in_(invoices))))
    return found.order_by(Payment.id)


def _by_hand(link_id: int, facts: Facts) -> Select[int]:
    """Ours that people say they have entered in this organisation, whole or in a part of so much."""
    return (
        select(ByHand.local_id)
        .join(Payment, Payment.id == ByHand.local_id)
        .where(ByHand.link_id == link_id, ByHand.module == "payment", ByHand.entered_at.is_not(None))
        .where(or_(Payment.amount_minor == facts["minor"], ByHand.amount_minor == facts["minor"]))
    )


def _is_part(session: Session, link_id: int, remote_id: str) -> bool:
    said = select(Question.id).where(*_parts(link_id), Question.remote_id == remote_id)
    return session.scalars(said.limit(1)).first() is not None


def _may_be_part(session: Session, link_id: int, ours: Payment, facts: Facts) -> bool:
    """Was ours entered there by hand, and has so much left beside the parts that are known?"""
    if not is_entered(session, link_id, ours.id):
        return False
    known = session.scalars(select(Question.facts["minor"].as_integer()).where(*_parts(link_id, ours.id)))
    left = ours.amount_minor - sum(known)
    return bool(facts["minor"] < ours.amount_minor and facts["minor"] <= left)


def is_entered(session: Session, link_id: int, payment_id: int) -> bool:
    """Do people say that they have entered it in this organisation?"""
    of_it = (ByHand.link_id == link_id, ByHand.module == "payment", ByHand.local_id == payment_id)
    found = select(ByHand.id).where(*of_it, ByHand.entered_at.is_not(None))
    return session.scalars(found.limit(1)).first() is not None


def _parts(link_id: int, payment_id: int | None = None) -> list[ColumnElement[bool]]:
    of = [Question.link_id == link_id, Question.kind == TWICE, Question.decision == PART]
    return of if payment_id is None else [*of, Question.local_id == payment_id]


def _lacking(session: Session, facts: Facts) -> dict[int, Money]:
    """our invoice → by how much Zoho's payment pays more of it than is open here."""
    open_here = {int(invoice_id): balance_of(session, int(invoice_id)) for invoice_id in facts["parts"]}
    parts = {int(invoice_id): Money(minor, facts["currency"]) for invoice_id, minor in facts["parts"].items()}
    return {invoice_id: part - open_here[invoice_id] for invoice_id, part in parts.items()
            if part > open_here[invoice_id]}  # fmt: skip


def _not_there(link_id: int, invoice_ids: Sequence[int]) -> Select[Payment]:
    """Payments of ours on these invoices that have not reached Zoho, the latest first."""
    on_them = (
        select(Allocation.payment_id)
        .where(Allocation.invoice_id.in_(invoice_ids))
        .group_by(Allocation.payment_id, Allocation.invoice_id)
        .having(func.sum(Allocation.amount_minor) > 0)
    )
    return (
        select(Payment)
        .where(Payment.id.in_(on_them), Payment.id.not_in(_there(link_id)))
        .where(Payment.id.not_in(select(PaymentReversal.payment_id)))
        .order_by(Payment.id.desc())
    )


def _there(link_id: int) -> Select[int]:
    return select(MirrorRecord.local_id).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == "payment", MirrorRecord.remote_id.is_not(None)
    )


def _ask(session: Session, turn: Turn, ours: Payment, facts: Facts, detail: Mapping[str, Any]) -> None:
    of = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "payment", "local_id": ours.id,
        "remote_id": facts["remote_id"],
    }  # fmt: skip
    on = date.fromisoformat(facts["on"])
    may_be_part = _may_be_part(session, turn.link_id, ours, facts)
    if may_be_part:
        facts = {**facts, "may_be_part": True, "why": facts["why"] + _ENTERED}
    questions.ask(
        session, of, TWICE, ours=f"{ours.amount} on {ours.received_on:%d %b %Y}, {ours.reference or ours.method}",
        theirs=f"{Money(facts['minor'], facts['currency'])} on {on:%d %b %Y}, {facts['reference']}",
        ours_at=ours.created_at, theirs_at=stamp_of(detail),
        facts={**facts, "label": f"Payment {ours.number}", "title": "Is this one payment, or two?"},
    )  # fmt: skip
    questions.stop(session, turn.link_id, "payment", ours.id, "It looks like a payment that Zoho has already.")

"""Payments of ours that were changed in Zoho: put to other invoices, given back, or of another amount. What was not
used and is put to an invoice there is put to it here. Money is never moved by itself: a person is asked, once about
each payment, and says which side counts."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import changes, endings, given_back, put_there, questions, sightings, voided
from portal.accounting.pull.models import AMOUNT, STATUS, USES, Question
from portal.gateways.zoho import wire
from portal.payments.actions import reverse_payment
from portal.payments.models import Payment
from portal.shared.money import Money

Detail = Mapping[str, Any]
Facts = Callable[[Session, Turn, Detail], Mapping[str, Any] | None]
_MOVED = "Money that pays an invoice here stays on it. Let it be put back there, or the two sides go on differing."
_CHANGED = "With Zoho's amount, ours is reversed and booked anew. With ours, it is changed back there."
_BY_CARD = "So much came by card, and stays so here. Change it back there; if money went back, make a refund here."
_IN_CASH = "Somebody here took it in cash and answers for it. Change it back there; or reverse ours and record it anew."
_BY_HAND = "It pays what is not here. Change it back there; or correct ours by hand."


def compare(turn: Turn, remote: Remote, record_id: int, row: Detail, facts_of: Facts) -> bool:
    """True when anything is new. row: of Zoho's list, by which the change was met. facts_of: what is needed to book
    a payment as it is there."""
    detail = remote.detail(MODULES["payment"], str(row[MODULES["payment"].id_key]))
    now = uses.seen(detail, None)
    with held(turn) as session:
        more = _more(session, session.get_one(MirrorRecord, record_id), now, detail)
    put_there.close_payment_pages(turn.organisation_id, list(more or ()))
    with held(turn) as session, changes.in_the_name_of(turn.product_name):
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        sightings.remember(record, row)
        known = uses.from_text(record.snapshot)
        if known is None or record.state != "in_step":
            return False
        payment = session.get_one(Payment, record.local_id)
        more = _more(session, record, now, detail)
        gone = uses.taken_out(known, now) if "payment_refunds" in detail else []
        if not gone and put_there.follow(session, payment, more):
            record.snapshot, known = {**(record.snapshot or {}), "there": now.as_text()}, now
        is_other = _ask_about_amount(session, record, payment, now, detail, facts_of(session, turn, detail))
        is_moved = _ask_about_uses(
            session, record, payment, voided.besides(session, turn.link_id, known.applied), now, gone, is_other=is_other
        )
        is_given_back = given_back.ask(
            session, record, "Payment", payment.number, payment.currency, detail.get("payment_refunds") or []
        )
        return is_other or is_moved or is_given_back or bool(more)


def _more(
    session: Session, record: MirrorRecord, now: uses.There, detail: Detail
) -> dict[int, Money] | None:  # fmt: skip
    """Our invoice → how much more of it is put to that there; None where it is of another amount there, too."""
    payment = session.get_one(Payment, record.local_id)
    if record.state != "in_step" or payment.amount != _amount_in(detail, payment):
        return None
    return put_there.more(session, record.link_id, payment, now.applied)


def put_back(record: MirrorRecord, question: Question) -> None:
    """From where the money is there by now, the next push brings it to where it is here; a changed amount, too."""
    snapshot = {**(record.snapshot or {}), "there": question.facts["there"]}
    record.snapshot = snapshot | ({"sent": None} if question.field == AMOUNT else {})


def make_room(session: Session, record: MirrorRecord, person_id: int, product_name: str) -> None:
    """Ours ends, and nothing of that goes over: theirs is another payment's from now on. Raises CannotReverse. Does not
    commit."""
    reverse_payment(session, record.local_id, f"Its amount was changed in {product_name}", by=person_id)
    record.remote_id = None
    session.flush()
    endings.leave_as_it_is(session, record)
    session.flush()


def why_ours_stays(payment: Payment) -> str:
    """A sentence, where it cannot be reversed and booked anew by one tap."""
    if payment.provider == "stripe":
        return _BY_CARD
    return _IN_CASH if payment.method == "cash" and payment.taken_by is not None else ""


def _ask_about_amount(
    session: Session, record: MirrorRecord, payment: Payment, now: uses.There, detail: Detail,
    facts: Mapping[str, Any] | None,
) -> bool:  # fmt: skip
    amount = _amount_in(detail, payment)
    if payment.amount == amount or (record.snapshot or {}).get("is_theirs"):
        questions.settle(session, record, STATUS, AMOUNT)
        return False
    why = why_ours_stays(payment) if facts is not None else _BY_HAND
    questions.ask(
        session, questions.of(record), STATUS, field=AMOUNT, ours=str(payment.amount), theirs=str(amount),
        theirs_at=record.remote_modified_at,
        facts={**(facts or {}), "label": f"Payment {payment.number}", "title": "Another amount in Zoho",
               "why": why or _CHANGED, "there": now.as_text(), "can_take": not why},
    )  # fmt: skip
    return True


def _amount_in(detail: Detail, payment: Payment) -> Money:
    return Money.rounded(wire.amount(detail["amount"]) or Decimal(0), payment.currency)


def _ask_about_uses(
    session: Session, record: MirrorRecord, payment: Payment, known: Mapping[str, Decimal], now: uses.There,
    gone: Sequence[str], *, is_other: bool,
) -> bool:  # fmt: skip
    """Where its amount is another one, what is on invoices follows from that. gone: what we gave back, and is there no
    more."""
    if is_other or (known == now.applied and not gone):
        questions.settle(session, record, STATUS, USES)
        return False
    said = given_back.SIDES if gone else (_said(known), _said(now.applied))
    questions.ask(
        session, questions.of(record), STATUS, field=USES, ours=said[0], theirs=said[1],
        theirs_at=record.remote_modified_at,
        facts={"label": f"Payment {payment.number}", "there": now.as_text(), **given_back.told_of(gone, _MOVED)},
    )  # fmt: skip
    return True


def _said(applied: Mapping[str, Decimal]) -> str:
    total = sum(applied.values(), Decimal(0))
    return f"{total} on {len(applied)} {'invoice' if len(applied) == 1 else 'invoices'}"

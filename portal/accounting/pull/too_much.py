"""A payment of ours that Zoho refused because less is open there on the invoice: written off there, or paid otherwise.
A person says what becomes of it; it is not refused for ever."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.push import WRITTEN_OFF, Push
from portal.accounting.mirror.remote import Remote
from portal.accounting.mirror.writing_off import remember
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions
from portal.accounting.pull.asking import CREDIT, OUT
from portal.accounting.pull.models import STATUS, TOO_MUCH, Question
from portal.gateways.zoho import wire
from portal.gateways.zoho.errors import OVERPAID, Refused, Unanswered
from portal.payments.models import Allocation, Payment
from portal.shared.money import Money

_STOPPED = "Zoho finds less open on {invoices} than this pays. Say what becomes of it."
_GIVEN_UP = "{invoices} was written off there. Take that back, and this pays it; or the money goes over as credit."
_PAID = "{invoices} was paid or credited otherwise there. What is too much can go over as the customer's credit."
_LEFT_OUT = "Zoho finds less open on the invoice than it pays"

Row = Mapping[str, Any]


def ask(turn: Turn, remote: Remote, push: Push) -> None:
    """After a step of a payment: where Zoho refused it so, its invoices are read there and a person is asked."""
    if not _is_refused(turn, push):
        return
    wanted = {each["invoice_id"]: Decimal(each["amount_applied"]) for each in push.payload["invoices"]}
    try:
        rows = {at: remote.detail(MODULES["invoice"], at) for at in wanted}
    except (Refused, Unanswered):
        return  # the next try asks
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id, with_for_update=True)
        put = (uses.from_text(record.snapshot) or uses.There()).applied
        room = {at: _amount(row, "balance") + put.get(at, Decimal(0)) for at, row in rows.items()}
        full = {at: rows[at] for at, amount in wanted.items() if room[at] < amount}
        if not full:
            return
        given_up = {at: _amount(row, "write_off_amount") for at, row in full.items()}
        given_up = {at: amount for at, amount in given_up.items() if amount}
        currency = session.get_one(Payment, record.local_id).currency
        named = " and ".join(f"Invoice {row.get('invoice_number', '')}" for row in full.values())
        questions.ask(
            session, questions.of(record), STATUS, field=TOO_MUCH,
            ours=f"{_money(currency, [wanted[at] for at in full])} paid on {named}",
            theirs=_said(currency, full, given_up),
            theirs_at=record.remote_modified_at,
            facts={"label": push.source.label, "title": "Less is open in Zoho than was paid here",
                   "why": (_GIVEN_UP if given_up else _PAID).format(invoices=named),
                   "room": {at: str(max(room[at], Decimal(0))) for at in full},
                   "given_up": {at: str(amount) for at, amount in given_up.items()}},
        )  # fmt: skip
        record.state, record.last_error = "conflict", _STOPPED.format(invoices=named)[:500]


def carry_out(session: Session, record: MirrorRecord, question: Question, decision: str) -> Sequence[MirrorRecord]:
    """What goes over now. Does not commit."""
    if decision == OUT:
        record.state, record.left_out_why = rules.LEFT_OUT_STATE, _LEFT_OUT
        return []
    if decision == CREDIT:
        record.snapshot = {**(record.snapshot or {}), uses.AT_MOST: question.facts["room"]}
        return [record]
    given_up = question.facts["given_up"]
    invoices = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.module == "invoice")
        .where(MirrorRecord.remote_id.in_(given_up))
        .with_for_update()
    ).all()
    for each in invoices:  # as it stands there: the next push takes back what is not so here
        each.remote_status = WRITTEN_OFF
        remember(each, Decimal(given_up[each.remote_id or ""]))
    return [*invoices, record]


def refused(session: Session, link_id: int, payment_ids: Collection[int]) -> Sequence[MirrorRecord]:
    """Those of these payments that wait for such an answer, which is needed no more. Does not commit."""
    found = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "payment", MirrorRecord.state == "conflict")
        .where(MirrorRecord.local_id.in_(payment_ids), MirrorRecord.last_error_code == OVERPAID)
        .with_for_update()
    ).all()
    for each in found:
        questions.settle(session, each, STATUS, TOO_MUCH)
    return found


def refused_on(session: Session, invoice: MirrorRecord) -> Sequence[MirrorRecord]:
    """The same of what pays this invoice: what is open on it there is another amount soon."""
    paying = select(Allocation.payment_id).where(Allocation.invoice_id == invoice.local_id)
    return refused(session, invoice.link_id, session.scalars(paying.distinct()).all())


def _is_refused(turn: Turn, push: Push) -> bool:
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id)
        return (record.state, record.last_error_code) == ("failed", OVERPAID)


def _said(currency: str, full: Mapping[str, Row], given_up: Mapping[str, Decimal]) -> str:
    left = f"{_money(currency, [_amount(row, 'balance') for row in full.values()])} open"
    return f"{left}, {_money(currency, given_up.values())} written off" if given_up else left


def _money(currency: str, amounts: Iterable[Decimal]) -> Money:
    return Money.total([Money.rounded(amount, currency) for amount in amounts], currency)


def _amount(row: Row, name: str) -> Decimal:
    return wire.amount(row.get(name)) or Decimal(0)

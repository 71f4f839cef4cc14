"""Plan of the moves of a payment's money that is in Zoho already: which comes next, and whether another comes first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.push import ACT, CREATE, READ, UPDATE, Act, Push
from portal.accounting.mirror.source import Source, Twins
from portal.accounting.mirror.uses import There
from portal.accounting.models import MirrorRecord
from portal.payments.models import Allocation
from portal.shared.money import Money


@dataclass(frozen=True)
class Use:
    """The next step. `invoices`: what is on which of Zoho's invoices after it, where an update says so."""

    verb: str
    act: Act | None = None
    invoices: Mapping[str, Decimal] | None = None
    told: str = ""
    is_last: bool = False


def next_use(record: MirrorRecord, source: Source, wanted: Mapping[str, Decimal], product: str) -> Use | None:
    """None when the money is where it is to be.

    After a step whose outcome nobody knows the payment is read first: giving back twice is not giving back once.
    product  its name, for people
    """
    there = uses.from_text(record.snapshot)
    if there is None or record.sending_since is not None:
        return Use(READ)
    given_back = source.uses.given_back if source.uses else ()
    found = uses.moves(wanted, given_back, there)
    if not found:
        return None
    move, is_last = found[0], len(found) == 1
    if move.refund is None:
        told = f"{source.label} is brought up to date in {product}"
        return Use(UPDATE, invoices=move.applied, told=told, is_last=is_last)
    if move.kind == uses.GIVE_BACK:
        return Use(ACT, _give_back(move.refund, there), told=f"{move.refund.what} is in {product}", is_last=is_last)
    refund_id = there.refunds[move.refund.reference]
    if not refund_id:
        return Use(READ)
    told = f"{move.refund.what} is taken out of {product}: it did not arrive"
    return Use(ACT, _withdraw(move.refund, refund_id, there), told=told, is_last=is_last)


def placing(push: Push, use: Use | None) -> Push:
    """The push with what it does to the money; use None: it is made, or looked for."""
    if use is None:
        given_back = push.source.uses.given_back if push.source.uses else ()
        return replace(push, is_last=not any(refund.counts for refund in given_back))
    payload = push.payload
    if use.invoices is not None:
        payload = payload | {"invoices": uses.invoices_of(use.invoices)}
    return replace(push, payload=payload, act=use.act, told=use.told, is_last=use.is_last)


def note(record: MirrorRecord, push: Push, answer: Mapping[str, Any], *, adopted: bool) -> str:
    """Remember where the money is after a step; what differs from what was said, in words."""
    before = uses.from_text(record.snapshot)
    there = push.act.there if push.act else None
    if there is None:
        there = uses.seen(answer, before)
    elif "payment_refunds" in answer:
        there = replace(there, refunds={**there.refunds, **uses.refunds_in(answer)})
    record.snapshot = {**(record.snapshot or {}), "there": there.as_text()}
    is_said = push.verb in (CREATE, UPDATE) and not adopted
    return uses.disagreement(push.payload, there) if is_said else ""


def holders(
    session: Session, record: MirrorRecord, source: Source, use: Use | None, twin_id: Twins
) -> list[MirrorRecord]:
    """Payments that in Zoho still hold money on invoices to which this step puts some, and have given it up here: they
    come first, or Zoho would find more paid than is due."""
    there = uses.from_text(record.snapshot) or There()
    wanted = source.uses.applied if source.uses else {}
    raised = {}
    for invoice_id, amount in wanted.items():
        remote_id = twin_id("invoice", invoice_id)
        after = amount if use is None else (use.invoices or {}).get(remote_id, Decimal(0))
        if after > there.applied.get(remote_id, Decimal(0)):
            raised[invoice_id] = remote_id
    return _holders(session, record, raised) if raised else []


def _holders(session: Session, record: MirrorRecord, raised: Mapping[int, str]) -> list[MirrorRecord]:
    net = func.sum(Allocation.amount_minor)
    candidates = (
        select(Allocation.payment_id, Allocation.invoice_id, net.label("minor"), func.min(Allocation.currency))
        .where(Allocation.invoice_id.in_(raised))
        .group_by(Allocation.payment_id, Allocation.invoice_id)
        .having(func.min(Allocation.amount_minor) < 0)
        .subquery()
    )
    rows = session.execute(
        select(MirrorRecord, candidates)
        .join(candidates, candidates.c.payment_id == MirrorRecord.local_id)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.module == "payment", MirrorRecord.id != record.id)
        .order_by(MirrorRecord.id)
    )
    found = {}
    for holder, _, invoice_id, minor, currency in rows:
        if _holds_more(holder, raised[invoice_id], int(minor), currency):
            found[holder.id] = holder
    return list(found.values())


def _holds_more(holder: MirrorRecord, remote_invoice_id: str, minor: int, currency: str) -> bool:
    """Also while it is open what an earlier try of it has done."""
    if holder.sending_since is not None:
        return True
    there = uses.from_text(holder.snapshot)
    return there is not None and there.applied.get(remote_invoice_id, Decimal(0)) > Money(minor, currency).decimal


def _give_back(refund: uses.GivenBack, there: There) -> Act:
    after = There(there.applied, {**there.refunds, refund.reference: ""}, there.account)
    return Act("POST", "/refunds", uses.refund_payload(refund, there.account), after)


def _withdraw(refund: uses.GivenBack, refund_id: str, there: There) -> Act:
    """The one thing that is deleted in Zoho: a refund has no other way of not having happened."""
    left = {reference: each for reference, each in there.refunds.items() if reference != refund.reference}
    return Act("DELETE", f"/refunds/{refund_id}", None, There(there.applied, left, there.account))

"""Plan of the moves of the money of what is in Zoho already: which comes next, and whether another comes first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.accounting.credit_note_payload import with_rounding
from portal.accounting.mirror import credit_totals, putting_back, uses, voiding_notes
from portal.accounting.mirror.push import ACT, CREATE, DRAFT, READ, UPDATE, Act, Push
from portal.accounting.mirror.source import Source, Twins
from portal.accounting.mirror.uses import There
from portal.accounting.models import MirrorRecord
from portal.invoices.credit_notes.models import CreditApplication
from portal.payments.models import Allocation
from portal.shared.money import Money


@dataclass(frozen=True)
class Use:
    """The next step.

    invoices  what is on which of Zoho's invoices after it, where it says so
    rounding  by how much a credit note is to come to more
    """

    verb: str
    act: Act | None = None
    invoices: Mapping[str, Decimal] | None = None
    rounding: Decimal = Decimal(0)
    told: str = ""
    is_last: bool = False


def next_use(record: MirrorRecord, source: Source, wanted: Mapping[str, Decimal], product: str) -> Use | None:
    """None when the money is where it is to be.

    After a step whose outcome nobody knows the record is read first: giving back twice is not giving back once.
    product  its name, for people
    """
    if record.remote_id is None:
        return _making(record, source, wanted)
    there = uses.from_text(record.snapshot)
    if there is None or record.sending_since is not None:
        return Use(READ)
    if source.is_void:
        return _voiding(record, source, there, product)
    told = f"{source.label} is brought up to date in {product}"
    if (record.snapshot or {}).get("sent", "unknown") is None:  # somebody wants all of it sent again
        return Use(UPDATE, invoices=wanted if source.comes_to is None else None, told=told)
    if source.comes_to is not None:
        return _next_of_credit(record, source, wanted, there, product)
    given_back = source.uses.given_back if source.uses else ()
    found = uses.moves(wanted, given_back, there)
    if not found:
        return None
    move, is_last = found[0], len(found) == 1
    if move.refund is None:
        return Use(UPDATE, invoices=move.applied, told=told, is_last=is_last)
    if move.kind == uses.GIVE_BACK:
        return Use(ACT, _give_back(move.refund, there), told=f"{move.refund.what} is in {product}", is_last=is_last)
    refund_id = there.refunds[move.refund.reference]
    if not refund_id:
        return Use(READ)
    told = f"{move.refund.what} is taken out of {product}: it did not arrive"
    return Use(ACT, _withdraw(move.refund, refund_id, there), told=told, is_last=is_last)


def _voiding(record: MirrorRecord, source: Source, there: There, product: str) -> Use | None:
    act = voiding_notes.next_act(record, there)
    if act is None:
        return None
    if not act.method:
        return Use(READ)
    return Use(ACT, act, told=f"{source.label} is void in {product}" if act.marks else "")


def _making(record: MirrorRecord, source: Source, wanted: Mapping[str, Decimal]) -> Use | None:
    """A payment is put to its invoices as it is made; a credit note must first come to the right total."""
    if source.uses is None or source.comes_to is not None or record.sending_since is not None:
        return None
    return Use(CREATE, invoices=wanted, is_last=not any(refund.counts for refund in source.uses.given_back))


def _next_of_credit(
    record: MirrorRecord, source: Source, wanted: Mapping[str, Decimal], there: There, product: str
) -> Use | None:
    """Credit is only ever put to more; where somebody there has put the rest is theirs to say, until a person here
    wants ours put back."""
    act = putting_back.next_act(record, wanted, there)
    if act is not None:
        told = "" if act.marks == DRAFT else f"{source.label} is put back in {product} to what it is here"
        return Use(ACT, act, told=told)
    rounding = Decimal((record.snapshot or {}).get("rounding", "0"))
    if rounding:
        told = f"{source.label}: {product} rounds the tax otherwise, so {rounding} is on a line of its own there"
        return Use(UPDATE, rounding=rounding, told=told)
    more = {at: amount - there.applied.get(at, Decimal(0)) for at, amount in wanted.items()}
    given_back = source.uses.given_back if source.uses else ()
    more = {at: amount for at, amount in more.items() if amount > 0}
    more = credit_totals.within_their_total(record, more, there, given_back)
    missing = [each for each in given_back if each.reference not in there.refunds]
    if more:
        after = {**there.applied, **{at: there.applied.get(at, Decimal(0)) + more[at] for at in more}}
        act = Act("POST", "/invoices", {"invoices": uses.invoices_of(more)}, there=replace(there, applied=after))
        told = f"{source.label} is taken off in {product}"
        return Use(ACT, act, invoices=after, told=told, is_last=not missing)
    if missing:
        paid_from = replace(there, account=source.uses.account if source.uses else "")
        told = f"{missing[0].what} is in {product}"
        return Use(ACT, _give_back(missing[0], paid_from), told=told, is_last=len(missing) == 1)
    return None


def placing(record: MirrorRecord, push: Push, use: Use | None) -> Push:
    """The push with what it does to the money; use None: nothing yet."""
    if use is None:
        return replace(push, is_last=False)
    payload, kept = push.payload, frozenset[str]()
    if use.verb == UPDATE and push.module == "payment":
        kept = _kept(record, payload)
    if use.rounding:
        payload = with_rounding(payload, use.rounding)
    elif use.verb in (CREATE, UPDATE) and use.invoices is not None:
        payload = payload | {"invoices": uses.invoices_of(use.invoices)}
    return replace(push, payload=payload, kept=kept, act=use.act, told=use.told, is_last=use.is_last)


def _kept(record: MirrorRecord, payload: Mapping[str, Any]) -> frozenset[str]:
    """Recorded there by somebody else: only where its money is may change, not what they wrote about it. And its amount
    where somebody wants ours to count."""
    snapshot = record.snapshot or {}
    if not (snapshot.get(uses.BY_THEM) or payload["reference_number"] == record.remote_id):
        return frozenset()
    moved = {"customer_id", "invoices"} | ({"amount"} if snapshot.get("sent", "") is None else set())
    return frozenset(payload) - moved


def note(record: MirrorRecord, push: Push, answer: Mapping[str, Any], *, adopted: bool) -> str:
    """Remember where the money is after a step; what differs from what was said, in words."""
    before = uses.from_text(record.snapshot)
    there: There | None = push.act.there if push.act else None
    if there is None and push.module == "credit_note":
        there = uses.seen_credit(answer, before if push.verb == UPDATE else There() if push.verb == CREATE else None)
    elif there is None and not (adopted and "payment_refunds" not in answer):
        there = uses.seen(answer, before)
    elif there is not None and "payment_refunds" in answer:
        there = replace(there, refunds={**there.refunds, **uses.refunds_in(answer)})
    if push.module == "credit_note" and push.verb == READ:
        putting_back.note_status(record, answer)
    kept = dict(record.snapshot or {})
    if before is None and kept.get("sent", "") is None:
        del kept["sent"]  # what came from there is no business of ours to send
    record.snapshot = kept | {"there": there.as_text() if there else None}
    if push.source.comes_to is not None:
        return credit_totals.compare(record, push, push.source.comes_to, answer)
    is_said = push.verb in (CREATE, UPDATE) and not adopted and there is not None
    return uses.disagreement(push.payload, there) if is_said and there else ""


def holders(
    session: Session, record: MirrorRecord, source: Source, use: Use | None, twin_id: Twins
) -> list[MirrorRecord]:
    """Payments and credit notes that in Zoho still hold money on invoices to which this step puts some, and have given
    it up here: they come first, or Zoho would find more paid than is due."""
    if use is None or use.invoices is None or source.uses is None:
        return []
    before = (uses.from_text(record.snapshot) or There()).applied
    touched = {invoice_id: twin_id("invoice", invoice_id) for invoice_id in source.uses.applied}
    zero = Decimal(0)
    raised = {own: at for own, at in touched.items() if use.invoices.get(at, zero) > before.get(at, zero)}
    return _holders(session, record, raised) if raised else []


def _holders(session: Session, record: MirrorRecord, raised: Mapping[int, str]) -> list[MirrorRecord]:
    of_payments = _given_up("payment", Allocation, Allocation.payment_id, raised)
    of_notes = _given_up("credit_note", CreditApplication, CreditApplication.credit_note_id, raised)
    candidates = union_all(of_payments, of_notes).subquery()
    rows = session.execute(
        select(MirrorRecord, candidates)
        .join(candidates, candidates.c.local_id == MirrorRecord.local_id)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.id != record.id)
        .where(MirrorRecord.module == candidates.c.module)
        .order_by(MirrorRecord.id)
    )
    found = {}
    for holder, _, _, invoice_id, minor, currency in rows:
        if _holds_more(holder, raised[invoice_id], int(minor), currency):
            found[holder.id] = holder
    return list(found.values())


def _given_up(
    module: str, part: type[Allocation] | type[CreditApplication], holder: InstrumentedAttribute[int],
    raised: Collection[int],
) -> Select[str, int, int, int, str]:  # fmt: skip
    """What of this module's records on these invoices was lowered, and what is left of it."""
    left = func.sum(part.amount_minor).label("minor")
    named = (literal(module).label("module"), holder.label("local_id"), part.invoice_id, left, func.min(part.currency))
    found = select(*named).where(part.invoice_id.in_(raised)).group_by(holder, part.invoice_id)
    return found.having(func.min(part.amount_minor) < 0)


def _holds_more(holder: MirrorRecord, remote_invoice_id: str, minor: int, currency: str) -> bool:
    """Also while it is open what an earlier try of it has done. One that a person left as it is, or ended here after it
    was deleted there, never moves again: to wait for it would be for ever."""
    if (holder.snapshot or {}).get("is_theirs"):
        return False
    if holder.sending_since is not None:
        return True
    there = uses.from_text(holder.snapshot)
    return there is not None and there.applied.get(remote_invoice_id, Decimal(0)) > Money(minor, currency).decimal


def _give_back(refund: uses.GivenBack, there: There) -> Act:
    after = There(there.applied, {**there.refunds, refund.reference: ""}, there.account)
    return Act("POST", "/refunds", uses.refund_payload(refund, there.account), there=after)


def _withdraw(refund: uses.GivenBack, refund_id: str, there: There) -> Act:
    """The one thing that is deleted in Zoho: a refund has no other way of not having happened."""
    left = {reference: each for reference, each in there.refunds.items() if reference != refund.reference}
    return Act("DELETE", f"/refunds/{refund_id}", there=There(there.applied, left, there.account))

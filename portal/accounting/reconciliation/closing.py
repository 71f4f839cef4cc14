"""The end of a run: both sides in one pass, the sums and the drift written down, what was read thrown away."""

from decimal import Decimal

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.push import SENT
from portal.accounting.models import Link
from portal.accounting.numbers_there import pass_over
from portal.accounting.pull import more_room
from portal.accounting.reconciliation import by_field, comparing, recovery, sides
from portal.accounting.reconciliation.comparing import Drift, Ours, Side, Sums, Theirs
from portal.accounting.reconciliation.models import DONE, DriftRow, MonthSums, ReadRow, Reconciliation
from portal.organisations import audit
from portal.shared.money import Money

MOST_KEPT = 5000  # drifts of one run; all are counted
_MOST_ONLY_THERE = 100  # named, of those that only Zoho has; all are counted
_AT_ONCE = 200
_PAPERS = ("invoice", "credit_note")


def close(turn: Turn, run_id: int) -> None:
    """Compare, and finish the run. Raises LeaseLost."""
    with held(turn) as session:
        link, run = session.get_one(Link, turn.link_id), session.get_one(Reconciliation, run_id)
        if link.restored_at is not None:
            recovery.take_up(session, link, run)
        _pass_over_theirs(session, run)
        moving = drifts = 0
        for kind in sides.KINDS.values():
            sums = Sums()
            drifts = _keep_drifts(session, link, run, kind, sums, drifts)
            _keep_sums(session, run, kind.module, sums)
            moving += sums.moving
        if not turn.is_restored:
            more_room.use(session, link.id, _open_there(session, run, link.currency))
        clear_rows(session, run.id)
        session.execute(
            update(Reconciliation)
            .where(Reconciliation.id == run.id)
            .values(stage=DONE, finished_at=func.clock_timestamp(), moving=moving, drifts=drifts)
        )
        differ = "no difference" if drifts == 0 else f"{drifts} {'record differs' if drifts == 1 else 'records differ'}"
        audit.note(session, link.organisation_id, "reconciled", "link", link.id, words=f"Both sides compared: {differ}")


def _pass_over_theirs(session: Session, run: Reconciliation) -> None:
    """Numbers that were met there are not given here a second time."""
    of_invoices = select(ReadRow.number).where(ReadRow.run_id == run.id, ReadRow.module == "invoice")
    pass_over(
        session, run.organisation_id, lambda coming: session.scalars(of_invoices.where(ReadRow.number.in_(coming)))
    )


def _open_there(session: Session, run: Reconciliation, currency: str) -> dict[str, Decimal]:
    """Zoho's invoice → what is open on it there, of those that would not take all that was paid here."""
    rows = session.execute(
        select(ReadRow.remote_id, ReadRow.open_minor)
        .where(ReadRow.run_id == run.id, ReadRow.module == "invoice", ReadRow.status == SENT)
        .where(ReadRow.remote_id.in_(more_room.limited_on(session, run.link_id)))
    )
    return {remote_id: Money(minor, currency).decimal for remote_id, minor in rows}


def clear_rows(session: Session, run_id: int) -> None:
    session.execute(delete(ReadRow).where(ReadRow.run_id == run_id))


def _keep_drifts(
    session: Session, link: Link, run: Reconciliation, kind: sides.Kind, sums: Sums, already: int
) -> int:  # fmt: skip
    """How many there are by now."""
    ours, theirs = sides.our_side(session, link, run, kind), sides.their_side(session, link, run, kind)
    batch: list[dict[str, object]] = []
    for drift in comparing.compare(ours, theirs, sums, is_shared=kind.is_shared):
        is_theirs = drift.cause == comparing.ONLY_THERE
        if sums.only_there <= _MOST_ONLY_THERE if is_theirs else already < MOST_KEPT:
            batch.append(_row(run, kind.module, drift, link.currency))
        already += not is_theirs
        if len(batch) == _AT_ONCE:
            session.execute(insert(DriftRow), batch)
            batch = []
    if batch:
        session.execute(insert(DriftRow), batch)
    return already


def _keep_sums(session: Session, run: Reconciliation, module: str, sums: Sums) -> None:
    for month in sums.months or [None]:
        sides_ = {"our": sums.ours.get(month, Side()), "their": sums.theirs.get(month, Side())}
        figures = {
            f"{name}_{what}": figure
            for name, side in sides_.items()
            for what, figure in (("count", side.count), ("total_minor", side.total), ("tax_minor", side.tax),
                                 ("open_minor", side.open))
        }  # fmt: skip
        figures |= {"differs": sums.differs[month], "left_alone": sums.apart[month], "only_there": sums.only_there}
        session.add(
            MonthSums(organisation_id=run.organisation_id, run_id=run.id, module=module, month=month, **figures)
        )


def _row(run: Reconciliation, module: str, drift: Drift, currency: str) -> dict[str, object]:
    known = drift.ours or drift.theirs
    return {
        "organisation_id": run.organisation_id, "run_id": run.id, "module": module, "cause": drift.cause,
        "local_id": drift.ours.local_id if drift.ours else None,
        "remote_id": drift.theirs.remote_id if drift.theirs else "",
        "theirs_status": drift.theirs.status if drift.theirs else "",
        "number": known.number[:100] if known else "",
        "label": _name(module, known)[:200],
        **_both_said(module, drift, currency),
    }  # fmt: skip


def _both_said(module: str, drift: Drift, currency: str) -> dict[str, object]:
    if drift.ours and drift.ours.fields and drift.theirs:
        here, there = (by_field.words_of(module, drift.ours.fields, side) for side in (by_field.HERE, by_field.THERE))
        return {"ours": here[:300], "theirs": there[:300]}
    return {"ours": _said(module, drift.ours, currency), "theirs": _said(module, drift.theirs, currency)}


def _name(module: str, known: Ours | Theirs | None) -> str:
    """What people call it: papers go by their number, whoever they are for."""
    if known is None:
        return ""
    names = (known.number, known.key) if module in _PAPERS else (known.label, known.number, known.key)
    return next(filter(None, names), "")


def _said(module: str, one: Ours | Theirs | None, currency: str) -> str:
    """What one side says, short: "INV-00318, Kim Lee, 26 Nov 2026, sent, 235.80, open 0.00"; why it did not go over."""
    if one is None:
        return ""
    number = (isinstance(one, Theirs) and module in _PAPERS and one.written) or one.number  # as it stands there
    facts = [number, one.label if module in _PAPERS else "", f"{one.day:%-d %b %Y}" if one.day else "", one.status]
    if one.day:
        facts += [str(Money(one.total, currency).decimal), f"open {Money(one.open, currency).decimal}"]
    why = one.why if isinstance(one, Ours) else ""
    return ". ".join(filter(None, (", ".join(filter(None, facts)), why)))[:300]

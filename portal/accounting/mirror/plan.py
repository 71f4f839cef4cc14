"""Plan: what one record needs next, decided in a short transaction that marks it as being sent before anything is."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import directions, tied
from portal.accounting.incoming import READ_BACK
from portal.accounting.mirror import asked_first, next_verb, records, sources, staying, uses, using, writing_off
from portal.accounting.mirror.lease import Turn, held_record
from portal.accounting.mirror.payloads import dresser, frozen, reference_of, update_of
from portal.accounting.mirror.persons_there import ours_of
from portal.accounting.mirror.push import (
    ACT,
    COMPARE,
    INACTIVE,
    LOOK,
    READ,
    UPDATE,
    WRITTEN_OFF,
    Needs,
    Push,
)
from portal.accounting.mirror.sources import Source
from portal.accounting.models import TAX_RATE, MirrorRecord
from portal.accounting.planned import queries as planned
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.pull import questions, tax_changes
from portal.gateways.zoho.errors import GONE
from portal.shared import outbox

_WAIT = timedelta(minutes=5)  # whoever it waits for wakes it; this is for a wake-up that never comes


def plan(turn: Turn, record_id: int) -> Push | Needs | None:
    """The next step, or None when there is nothing to do now."""
    with held_record(turn, record_id) as (session, record, _now):
        if record.state not in records.TRYING:
            return None  # refused a moment ago
        version = records.version_of(session, record)
        source = staying.without_what_stays(session, record, sources.read(session, record.module, record.local_id))
        if source is None or source.stays_here or _is_no_business(record, source):
            _finish(session, record, version, "")
            return None
        if record.module == "payment" and questions.is_stopped(session, record):
            record.state = "conflict"
            outbox.settle(session, record.organisation_id, record.module, record.local_id, version)
            return None
        if (going_over := planned.is_held(session, record)) is not None:
            _wait_for_the_day(record, going_over, session.scalars(select(func.clock_timestamp())).one())
            return None
        if directions.is_compared_first(session, record) or asked_first.is_open(session, record):
            asked_first.rest(session, record)
            return None
        source = _without_taxes_where_written(session, turn, record, source)
        twins = records.ensure(session, turn, source.needs)
        first = _first_unmet(session, record, source, twins)
        if first is not None:
            return first if first.record_ids else None
        return _next_step(session, turn, record, version, source, twins)


def _without_taxes_where_written(session: Session, turn: Turn, record: MirrorRecord, source: Source) -> Source:
    """An invoice that is there and stays as it is needs no taxes any more: none is made for it, it waits for none."""
    if record.module != "invoice" or record.remote_id is None or not (record.snapshot or {}).get("sent"):
        return source
    needs = [need for need in source.needs if need[0] not in ("tax", TAX_RATE)]
    twins = records.ensure(session, turn, needs)
    snapshot = frozen(dresser(session, record)(source.build(_ids_of(record, twins), reference_of(record, source), {})))
    is_to_be_written = next_verb.of(record, source, snapshot) == UPDATE
    return source if is_to_be_written else replace(source, needs=needs, unsettled=(), undecided=())


def _is_no_business(record: MirrorRecord, source: Source) -> bool:
    """A person let the sides go their own ways; or it is no longer offered and has never been there, where it is of no
    use: a line needs no item."""
    if (record.snapshot or {}).get("is_theirs"):
        return True
    return record.module == "item" and source.is_inactive and record.remote_id is None and record.sending_since is None


def _first_unmet(
    session: Session, record: MirrorRecord, source: Source, twins: dict[sources.Need, MirrorRecord]
) -> Needs | None:
    """None when all is there; otherwise what can be done about it now, which may be nothing but waiting."""
    if source.undecided:
        now = session.scalars(select(func.clock_timestamp())).one()
        _wait(session, record, twins[source.undecided[0]], now, is_resting=True)
        return Needs([])
    missing = [twins[need] for need in source.needs if need in source.unsettled or not _is_there(session, twins[need])]
    return _wait_or_work(session, record, missing) if missing else None


def _wait_or_work(session: Session, record: MirrorRecord, missing: list[MirrorRecord]) -> Needs:
    """What can be done now about the records that come first; of none the record waits for one of them."""
    now = session.scalars(select(func.clock_timestamp())).one()
    resting = set(session.scalars(directions.resting(record.link_id)))
    awake = [twin for twin in missing if twin.module not in resting]
    able = [twin for twin in awake if twin.module != "invoice" and records.may_be_tried(twin, now)]
    if len(able) == len(missing):
        return Needs([twin.id for twin in able], record.local_id if record.module == "invoice" else None)
    blocker = next(twin for twin in missing if twin not in able)
    _wait(session, record, blocker, now, is_resting=blocker.module in resting)
    return Needs([])


def _is_there(session: Session, twin: MirrorRecord) -> bool:
    if twin.module == "invoice":
        return writing_off.takes_money(session, twin)
    if twin.module == "tax" and tax_changes.is_on_its_way(twin):
        return False
    if twin.remote_status == INACTIVE and _is_to_be_used(session, twin):
        return False
    if twin.state == "conflict" and twin.last_error_code in GONE:
        return False  # people say what becomes of it
    return twin.remote_id is not None or twin.state == "in_step"


def _is_to_be_used(session: Session, twin: MirrorRecord) -> bool:
    """Out of use there, in use here, and about to be so there: a paper that names it comes after that."""
    if twin.state not in records.TRYING or records.version_of(session, twin) <= twin.version_pushed:
        return False
    source = sources.read(session, twin.module, twin.local_id)
    return source is not None and not source.is_inactive


def _wait(session: Session, record: MirrorRecord, blocker: MirrorRecord, now: datetime, *, is_resting: bool) -> None:
    """Waiting is no failed try. A blocker that comes back by itself soon decides when to ask again."""
    needed = sources.read(session, blocker.module, blocker.local_id)
    record.state, record.attempts = "waiting", 0
    record.waits_for = (needed.label if needed else blocker.module)[:200]
    comes_back = blocker.state in ("pending", "sending") and blocker.module != "invoice" and not is_resting
    record.next_try_at = max(blocker.next_try_at, now) if comes_back else now + _WAIT


def _wait_for_the_day(record: MirrorRecord, going_over: PlannedSwitch, now: datetime) -> None:
    """It is dated for the organisation that the firm goes over to, or hangs on what is."""
    record.state, record.attempts, record.next_try_at = "waiting", 0, now + _WAIT
    record.waits_for = f"{going_over.cut_over_on:%-d %b %Y}, when the books move to {going_over.remote_name}"[:200]


def _next_step(
    session: Session, turn: Turn, record: MirrorRecord, version: int, source: Source,
    twins: dict[sources.Need, MirrorRecord],
) -> Push | Needs | None:  # fmt: skip
    twin_id = _ids_of(record, twins)
    reference = reference_of(record, source)
    dress = dresser(session, record)
    snapshot = frozen(dress(source.build(twin_id, reference, {})))
    use = _use(turn, record, source, twin_id)
    verb = use.verb if use else next_verb.of(record, source, snapshot)
    if use is None and verb == UPDATE:
        verb = next_verb.instead_of_update(session, record, version, snapshot)
    act = next_verb.marking(record, source) if verb == ACT and use is None else None
    if verb is None:
        _settle_or_leave_to_mark(session, record, version, source.label)
        return None
    if act is not None and act.marks == WRITTEN_OFF and _waits_for_money(session, turn, record, source):
        return None
    held_by = using.holders(session, record, source, use, twin_id)
    if held_by:
        needs = _wait_or_work(session, record, held_by)
        return needs if needs.record_ids else None
    unknown_since = record.sending_since if record.remote_id is None or verb == READ else None
    if verb not in (LOOK, READ, COMPARE):
        record.sending_since = session.scalars(select(func.clock_timestamp())).one()
    elif verb == LOOK and record.module != "payment" and record.remote_number not in ("", reference):
        # It was renamed while the outcome of its create was open: look under the name that was sent.
        reference = record.remote_number
    record.state = "sending"
    if record.module != "payment":
        record.remote_number = reference
    persons = (record.snapshot or {}).get("persons", {})
    payload = dress(source.build(twin_id, reference, persons))
    if verb == UPDATE and record.module in (*READ_BACK, "invoice"):
        payload = update_of(session, record, payload, snapshot)
    push = Push(
        record.id, record.module, record.local_id, verb, version, reference, record.remote_id or "",
        payload, snapshot, source, unknown_since, _taken(session, record), act,
        told=next_verb.told(act, source, turn.product_name) if record.module == "invoice" else "",
        our_persons=ours_of(record, version, payload) if verb == UPDATE else None,
        kept=tied.left_as_it_is(record, payload),
    )  # fmt: skip
    return push if source.uses is None else using.placing(record, push, use)


def _ids_of(record: MirrorRecord, twins: dict[sources.Need, MirrorRecord]) -> sources.Twins:
    """Zoho refuses a new line of an inactive item: without it, the line keeps its name."""
    sent = (record.snapshot or {}).get("sent") or {}
    known = {line.get("item_id") for line in sent.get("line_items", ())}

    def twin_id(module: str, local_id: int | None) -> str:
        twin = twins.get((module, local_id)) if local_id is not None else None
        if twin is None or (twin.module == "item" and twin.remote_status == INACTIVE and twin.remote_id not in known):
            return ""
        return twin.remote_id or ""

    return twin_id


def _use(turn: Turn, record: MirrorRecord, source: Source, twin_id: sources.Twins) -> using.Use | None:
    if source.uses is None:
        return None
    wanted = {twin_id("invoice", invoice_id): amount for invoice_id, amount in source.uses.applied.items()}
    wanted = uses.within(record.snapshot, wanted)
    return using.next_use(record, source, wanted, turn.product_name)


def _taken(session: Session, record: MirrorRecord) -> frozenset[str]:
    if record.module not in ("tax", TAX_RATE):
        return frozenset()
    others = select(MirrorRecord.remote_id).where(
        MirrorRecord.link_id == record.link_id,
        MirrorRecord.module.in_(("tax", TAX_RATE)),
        MirrorRecord.id != record.id,
    )
    return frozenset(remote_id for remote_id in session.scalars(others) if remote_id)


def _waits_for_money(session: Session, turn: Turn, record: MirrorRecord, source: Source) -> bool:
    """What is written off there is all that Zoho finds open: what was paid must have arrived before."""
    late = writing_off.money_to_come(session, turn, record)
    if not late:
        return False
    now = session.scalars(select(func.clock_timestamp())).one()
    resting = set(session.scalars(directions.resting(record.link_id)))
    _wait(session, record, late[0], now, is_resting=late[0].module in resting)
    records.wake_waiting(session, record, source.label)
    return True


def _settle_or_leave_to_mark(session: Session, record: MirrorRecord, version: int, label: str) -> None:
    """Nothing differs. An invoice that is still a draft there waits for the round's bulk *sent*."""
    if record.module == "invoice" and record.remote_status == "draft":
        record.state, record.next_try_at = "pending", func.clock_timestamp()
        return
    _finish(session, record, version, label)


def _finish(session: Session, record: MirrorRecord, version: int, label: str) -> None:
    record.pushed_at = record.pushed_at or func.clock_timestamp()
    records.bring_in_step(session, record, version, label)

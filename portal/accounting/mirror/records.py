"""Mirror records: which there are, which are due, and the first step of every try."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from portal.accounting import directions, rules, straddling, switching
from portal.accounting.by_hand import finding
from portal.accounting.mirror import taxes_needed
from portal.accounting.mirror.lease import Turn, held, held_record
from portal.accounting.models import MODULES, Link, MirrorRecord
from portal.accounting.reconciliation.comparing import MISSING_HERE
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.invoices.models import DRAFT, Invoice
from portal.payments.models import Payment
from portal.shared import outbox
from portal.shared.outbox import Change

_NEVER_ENDED = "Writing this record to Zoho broke off every time. This is a fault of the portal: tell whoever runs it."
_MOST_ADMITTED = 1_000  # at a time: a firm with 100,000 records of old holds up neither its pages nor its payments
TRYING = ("pending", "sending", "in_step", "waiting")
_SAME = and_(
    Change.organisation_id == MirrorRecord.organisation_id, Change.subject == MirrorRecord.module,
    Change.subject_id == MirrorRecord.local_id,
)  # fmt: skip


def admit(turn: Turn) -> None:
    """Take in what changed since the last look: new subjects, drafts that stay here, refused records now edited."""
    while not _take_in(turn):
        pass


def _take_in(turn: Turn) -> bool:
    """False while more is to be written down for people to enter elsewhere: before that nothing is admitted."""
    with held(turn) as session:
        outbox.plan_for_many(session)
        _settle_drafts(session)
        if switching.is_after_another(session, turn.link_id):
            straddling.tell(session, turn.link_id)
            if finding.write_down(session, turn.link_id):
                return False
            switching.settle_what_stays(session, turn.link_id)
        taxes_needed.settle_unneeded(session, turn.link_id)
        session.execute(_admission(turn))
        _settle_what_is_in_step(session, turn)
        session.execute(
            update(MirrorRecord)
            .where(_SAME, MirrorRecord.link_id == turn.link_id, MirrorRecord.state.in_(rules.TROUBLED))
            .where(~Change.is_settled, Change.version > MirrorRecord.version_pushed)
            .values(state="pending", attempts=0, next_try_at=func.clock_timestamp())
        )
    return True


def due(session: Session, link_id: int, modules: Sequence[str], most: int) -> list[int]:
    """Records of these modules to be worked on now, oldest change first; what is older than the link comes last."""
    outbox.plan_for_many(session)
    return list(session.scalars(due_now(link_id).where(MirrorRecord.module.in_(modules)).limit(most)))


def anything_due(turn: Turn) -> bool:
    with held(turn) as session:
        outbox.plan_for_many(session)
        unknown = select(Change.subject_id).where(~Change.is_settled, Change.subject.in_(MODULES), ~_has_record(turn))
        return session.execute(select(due_now(turn.link_id).exists() | unknown.exists())).scalar_one()


def start_try(turn: Turn, record_id: int) -> bool:
    """Count the try and put the record off before anything else, in a transaction of its own: a record that kills its
    worker comes back later and later, the others come first, and in the end it is shown to people.

    False when it is not its time: another record that needs it may have tried it a moment ago.
    """
    with held_record(turn, record_id) as (session, record, now):
        if not may_be_tried(record, now):
            return False
        record.attempts += 1
        record.waits_for = ""
        if record.attempts > rules.MOST_TRIES:
            _give_up(session, record)
            return False
        put_off(record, rules.pause_after(record.attempts))
        return True


def forget_try(turn: Turn, record_ids: list[int]) -> None:
    """The organisation has to rest; that is not these records' fault."""
    with held(turn) as session:
        session.execute(
            update(MirrorRecord)
            .where(MirrorRecord.id.in_(record_ids))
            .values(attempts=func.greatest(MirrorRecord.attempts - 1, 0), next_try_at=func.clock_timestamp())
        )


def may_be_tried(record: MirrorRecord, now: datetime) -> bool:
    return record.state in TRYING and (record.next_try_at <= now or record.waits_for == rules.RESERVED)


def _give_up(session: Session, record: MirrorRecord) -> None:
    record.state, record.last_error = "failed", record.last_error or _NEVER_ENDED
    version = version_of(session, record)
    outbox.settle(session, record.organisation_id, record.module, record.local_id, version)


def put_off(record: MirrorRecord, pause: timedelta) -> None:
    """Not before `pause` from now, a little spread, so that what failed together does not come back together."""
    record.next_try_at = func.clock_timestamp() + pause + func.random() * (pause / 4)


def ensure(session: Session, turn: Turn, needs: Sequence[tuple[str, int]]) -> dict[tuple[str, int], MirrorRecord]:
    """The mirror records of what a record needs, made where there is none yet."""
    if not needs:
        return {}
    rows = [_fresh(turn, module, local_id) for module, local_id in sorted(needs)]
    made = upsert(MirrorRecord).values(rows).on_conflict_do_nothing()
    taxes_needed.reopen(session, session.execute(made.returning(MirrorRecord.module, MirrorRecord.local_id)).all())
    found = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == turn.link_id)
        .where(func.row(MirrorRecord.module, MirrorRecord.local_id).in_([func.row(*need) for need in needs]))
        .execution_options(populate_existing=True)
    )
    twins = {(record.module, record.local_id): record for record in found}
    return twins | {need: _joined(session, twin) for need, twin in twins.items() if "joined" in (twin.snapshot or {})}


def _joined(session: Session, twin: MirrorRecord) -> MirrorRecord:
    """The one that `twin` was merged into there."""
    found = select(MirrorRecord).where(MirrorRecord.link_id == twin.link_id, MirrorRecord.module == twin.module)
    return session.scalars(found.where(MirrorRecord.local_id == (twin.snapshot or {})["joined"])).one()


def bring_in_step(session: Session, record: MirrorRecord, version: int, label: str) -> None:
    """Both sides are equal as of `version`. Whoever waited for `label` may go on."""
    record.state, record.attempts, record.sending_since = "in_step", 0, None
    record.waits_for = record.last_error = record.last_error_code = ""
    record.version_pushed = version
    record.next_try_at = func.clock_timestamp()
    outbox.settle(session, record.organisation_id, record.module, record.local_id, version)
    wake_waiting(session, record, label)


def wake_waiting(session: Session, record: MirrorRecord, label: str) -> None:
    """Whoever waits for the record of this label looks again now."""
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.state == "waiting")
        .where(MirrorRecord.waits_for == label[:200])
        .values(next_try_at=func.clock_timestamp())
    )


def version_of(session: Session, record: MirrorRecord) -> int:
    """The version of our row that is about to be read. Read first, so that a newer edit is never taken for pushed."""
    return session.scalars(
        select(Change.version).where(Change.subject == record.module, Change.subject_id == record.local_id)
    ).one_or_none() or 0  # fmt: skip


def due_now(link_id: int) -> Select[int]:
    return (
        select(MirrorRecord.id)
        .join(Change, _SAME)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.state.in_(TRYING))
        .where(~Change.is_settled, Change.version > MirrorRecord.version_pushed)
        .where(MirrorRecord.next_try_at <= func.clock_timestamp())
        .where(MirrorRecord.module.not_in(directions.resting(link_id)))
        .order_by(*_backfill_last(link_id), MirrorRecord.id)
    )


def _backfill_last(link_id: int) -> tuple[ColumnElement[bool], ColumnElement[datetime]]:
    """What was there before the link gives way to what happens now: a payment waits for no years of others."""
    linked_at = select(Link.created_at).where(Link.id == link_id).scalar_subquery()
    return Change.changed_at < linked_at, Change.changed_at.expression


def _has_record(turn: Turn):  # type: ignore[no-untyped-def]
    return select(MirrorRecord.id).where(_SAME, MirrorRecord.link_id == turn.link_id).exists()


def _admission(turn: Turn):  # type: ignore[no-untyped-def]
    columns = _fresh(turn, "", 0)
    newcomers = (
        select(Change.organisation_id, literal(turn.link_id), Change.subject, Change.subject_id)
        .add_columns(*(literal(value) for value in list(columns.values())[4:]))
        .add_columns(case((_is_seen_there(turn), func.clock_timestamp())))
        .where(~Change.is_settled, Change.subject.in_(MODULES), ~_has_record(turn))
        .order_by(*_backfill_last(turn.link_id), Change.subject_id)
        .limit(_MOST_ADMITTED)
    )
    return insert(MirrorRecord).from_select([*columns, "sending_since"], newcomers)


def _is_seen_there(turn: Turn) -> ColumnElement[bool]:
    """A payment that a reconciliation met there before we knew of it, as after a restore: it is looked for first."""
    met = (
        exists()
        .where(Reconciliation.link_id == turn.link_id, Reconciliation.id == DriftRow.run_id)
        .where(DriftRow.module == "payment", DriftRow.cause == MISSING_HERE)
        .where(DriftRow.number == Payment.provider_payment_id, Payment.id == Change.subject_id)
    )
    return and_(Change.subject == "payment", met)


def _fresh(turn: Turn, module: str, local_id: int) -> dict[str, object]:
    return {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": module, "local_id": local_id,
        "remote_number": "", "remote_status": "", "state": "pending", "version_pushed": 0, "attempts": 0,
        "waits_for": "", "last_error": "", "last_error_code": "",
    }  # fmt: skip


def _settle_drafts(session: Session) -> None:
    """A draft stays here; when it is sent, its version moves on and it comes back."""
    drafts = session.execute(
        select(Change.organisation_id, Change.subject_id, Change.version)
        .join(Invoice, and_(Change.subject == "invoice", Change.subject_id == Invoice.id))
        .where(~Change.is_settled, Invoice.status == DRAFT)
    ).all()
    for organisation_id, subject_id, version in drafts:
        outbox.settle(session, organisation_id, "invoice", subject_id, version)


def _settle_what_is_in_step(session: Session, turn: Turn) -> None:
    """After reconnecting the same organisation everything is open again, and most of it is there already. So is what
    was left out on purpose, whatever is edited."""
    session.execute(
        update(Change)
        .where(_SAME, MirrorRecord.link_id == turn.link_id, ~Change.is_settled)
        .where(
            or_(
                and_(MirrorRecord.state == "in_step", Change.version <= MirrorRecord.version_pushed),
                MirrorRecord.state == rules.LEFT_OUT_STATE,
            )
        )
        .values(is_settled=True)
    )

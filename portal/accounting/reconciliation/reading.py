"""One step of the reconciliation under way: one call, kept before the next is made. So a kill costs one page."""

import logging
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.mirror.lease import LeaseLost, Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import STOPS, Remote
from portal.accounting.models import Link
from portal.accounting.reconciliation import by_field, closing, sides
from portal.accounting.reconciliation.models import CONFIRMING, GONE, READING, STOPPED, ReadRow, Reconciliation
from portal.accounting.setup import steps
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.errors import GONE as GONE_CODES
from portal.gateways.zoho.errors import Refused

log = logging.getLogger(__name__)

_PAGE = "200"
_MOST_TRIES = 10
_MOST_CONFIRMED = 100  # each costs a call; so many missing at once are no accident of the pages
_OUR_FAULT = "The portal stumbled over what it read. The fault is the portal's: tell whoever runs it."
_RESTORED = "The database was restored from a backup meanwhile."
# By the clock that says when runs began: by the machine's own, a night that has not come there began again and again.
_NIGHT = text("SELECT gate.night_before(clock_timestamp(), o.time_zone, o.id) FROM organisations o")


def step(turn: Turn, remote: Remote, *, is_reserved: bool) -> bool:
    """True when something was done, and there may be more. is_reserved: today's calls are kept for invoices."""
    run = _due_run(turn, is_reserved=is_reserved)
    if run is None:
        return False
    try:
        if run.stage == READING:
            _read_page(turn, remote, run)
        elif not _confirm_one(turn, remote, run):
            closing.close(turn, run.id)
    except (LeaseLost, *STOPS):
        raise
    except GatewayError as problem:
        _put_off(turn, run, problem.words, is_final=isinstance(problem, Refused))
    except Exception:
        log.exception("reconciliation failed", extra={"organisation": turn.organisation_id, "run": run.id})
        _put_off(turn, run, _OUR_FAULT, is_final=False)
    return True


def is_due(turn: Turn) -> bool:
    """Is one under way that may go on now?"""
    with held(turn) as session:
        return session.scalars(_open(turn).where(Reconciliation.look_at <= func.clock_timestamp())).first() is not None


def begin(session: Session, link: Link, asked_by: str = "") -> bool:
    """False when one is under way already. Does not commit."""
    fresh = insert(Reconciliation).values(
        organisation_id=link.organisation_id, link_id=link.id, asked_by=asked_by, stage=READING,
        module=next(iter(sides.KINDS)), page=1, tries=0, moving=0, drifts=0, words="",
    )  # fmt: skip
    made = session.execute(fresh.on_conflict_do_nothing().returning(Reconciliation.id)).one_or_none()
    return made is not None


def _due_run(turn: Turn, *, is_reserved: bool) -> Reconciliation | None:
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id, populate_existing=True)
        if link.restored_at is not None:
            _give_up_older(session, link)
        if link.restored_at is not None or _is_night(session, link):
            begin(session, link)
        run = session.scalars(_open(turn).where(Reconciliation.look_at <= func.clock_timestamp())).first()
        if run is not None and is_reserved:
            run.look_at = link.quota_resets_at or func.clock_timestamp() + timedelta(hours=1)
            return None
        return run


def _give_up_older(session: Session, link: Link) -> None:
    """What was being read when the backup was made says nothing about now."""
    given_up = session.scalars(
        update(Reconciliation)
        .where(Reconciliation.link_id == link.id, Reconciliation.finished_at.is_(None))
        .where(Reconciliation.created_at < link.restored_at)
        .values(stage=STOPPED, finished_at=func.clock_timestamp(), words=_RESTORED)
        .returning(Reconciliation.id)
    )
    for run_id in given_up.all():
        closing.clear_rows(session, run_id)


def _is_night(session: Session, link: Link) -> bool:
    """Has this night's run not begun yet?"""
    night = session.execute(_NIGHT).scalar_one()
    if link.created_at >= night or steps.is_open(link):
        return False
    last = select(func.max(Reconciliation.created_at)).where(Reconciliation.link_id == link.id)
    begun = session.scalars(last).one()
    return bool(begun is None or begun < night)


def _open(turn: Turn):  # type: ignore[no-untyped-def]
    return select(Reconciliation).where(Reconciliation.link_id == turn.link_id, Reconciliation.finished_at.is_(None))


def _read_page(turn: Turn, remote: Remote, run: Reconciliation) -> None:
    kind, there = sides.KINDS[run.module], MODULES[run.module]
    body = remote.call("GET", there.path, {"per_page": _PAGE, "page": str(run.page), **kind.query})
    rows = [row for row in body.get(there.list_key, []) if row.get("contact_type", "customer") == "customer"]
    names = list(sides.KINDS)
    place = names.index(run.module) + 1
    has_more = bool(body.get("page_context", {}).get("has_more_page"))
    following = (READING, run.module, run.page + 1) if has_more else (
        (READING, names[place], 1) if place < len(names) else (CONFIRMING, "", 0)
    )  # fmt: skip
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id)
        for row in rows:
            status = sides.status_in(kind.module, row)
            _keep(session, run, kind.module, str(row[there.id_key]), sides.read_row(kind, row, status, link.currency))
        if kind.figures is None:
            by_field.compare(session, link, kind.module, rows)
        _go_on(session, run, following)


def _confirm_one(turn: Turn, remote: Remote, run: Reconciliation) -> bool:
    """Ask for one record that no list has shown: a page may have shifted, and a failed read is no deletion."""
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id)
        unseen = sides.next_unseen(session, link, run) if run.page < _MOST_CONFIRMED else None
    if unseen is None:
        return False
    module, remote_id = unseen
    kind = sides.KINDS[module]
    try:
        record = remote.detail(MODULES[module], remote_id)
        facts = sides.read_row(kind, record, sides.status_in(module, record), link.currency)
    except Refused as problem:
        if problem.code not in GONE_CODES:
            raise
        facts = {"number": "", "label": "", "day": None, "status": GONE, "total_minor": 0, "open_minor": 0}
    with held(turn) as session:
        _keep(session, run, module, remote_id, facts)
        _go_on(session, run, (CONFIRMING, "", run.page + 1))
    return True


def _keep(session: Session, run: Reconciliation, module: str, remote_id: str, facts: dict[str, object]) -> None:
    """The same page may be read twice; what is read last counts."""
    row = insert(ReadRow).values(
        organisation_id=run.organisation_id, run_id=run.id, module=module, remote_id=remote_id, **facts
    )
    session.execute(row.on_conflict_do_update(index_elements=["run_id", "module", "remote_id"], set_=facts))


def _go_on(session: Session, run: Reconciliation, following: tuple[str, str, int]) -> None:
    stage, module, page = following
    session.execute(
        update(Reconciliation)
        .where(Reconciliation.id == run.id)
        .values(stage=stage, module=module, page=page, tries=0, look_at=func.clock_timestamp())
    )


def _put_off(turn: Turn, run: Reconciliation, words: str, *, is_final: bool) -> None:
    """Later and later; in the end it is stopped, with the reason. Nothing was concluded from half a reading.

    From a restored database it is never given up, as nothing is sent before it.
    """
    tries = run.tries + 1
    values: dict[str, object] = {"tries": tries, "look_at": func.clock_timestamp() + rules.pause_after(tries)}
    if (is_final or tries >= _MOST_TRIES) and not turn.is_restored:
        values |= {"stage": STOPPED, "finished_at": func.clock_timestamp(), "words": words[:300]}
    with held(turn) as session:
        session.execute(update(Reconciliation).where(Reconciliation.id == run.id).values(**values))
        if "stage" in values:
            closing.clear_rows(session, run.id)

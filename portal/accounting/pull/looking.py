"""Looking for what was changed in Zoho: module by module, page by page, within the calls that are to be had."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import field_rules
from portal.accounting import rules as accounting_rules
from portal.accounting.fields import Rule
from portal.accounting.mirror import records, reserve
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import (
    credit_notes,
    cursors,
    invoices,
    lists,
    missing,
    newcomers,
    outdated,
    payments,
    sightings,
    taxes,
)
from portal.accounting.pull.both_sides import bring_together, looks_changed
from portal.accounting.pull.sightings import stamp_of
from portal.gateways.zoho.errors import Refused, Unanswered

log = logging.getLogger(__name__)

Row = dict[str, Any]
_FRESH = timedelta(seconds=30)
_BEHIND_A_BALANCE = ("payment", "credit_note")


def look(turn: Turn, remote: Remote, until: float) -> None:
    """Read what is due, for as long as the turn lasts; what is left goes on in the next. Raises STOPS, LeaseLost."""
    if turn.is_restored:
        return  # both sides are compared first
    with held(turn) as session:
        outdated.settle(session, turn.link_id)
        due = cursors.due(session, turn.link_id)
        if "invoice" in due:
            # Before a balance is judged, the payments and credit notes behind it are known.
            behind = [module for module in _BEHIND_A_BALANCE if cursors.is_read(session, turn.link_id, module)]
            due = [*behind, *(module for module in due if module not in behind)]
    if not due or reserve.room(turn) != accounting_rules.ALL:
        return
    _ask_about_what_is_gone(turn, remote)
    for module in due:
        if not _read(turn, remote, module, until):
            return


def _ask_about_what_is_gone(turn: Turn, remote: Remote) -> None:
    """Where Zoho gives no clear answer, it is asked again at the next look."""
    try:
        missing.ask_about(turn, remote)
    except (Refused, Unanswered) as problem:
        log.warning("not seen whether it is gone", extra={"organisation": turn.organisation_id, "code": problem.code})


def look_before_sending(turn: Turn, remote: Remote) -> None:
    """A payment that is about to be sent may have been recorded there by somebody else a moment ago; and after a time
    without a link, whatever concerns money."""
    with held(turn) as session:
        unseen = cursors.unseen(session, turn.link_id)
        first = [module for module in (*_BEHIND_A_BALANCE, "invoice") if module in unseen]
        due = records.due(session, turn.link_id, ("payment",), 1)
        if due and not first and cursors.is_stale(session, turn.link_id, "payment", _FRESH):
            first = ["payment"]
    for module in first:
        _read(turn, remote, module, until=None)


def _read(turn: Turn, remote: Remote, module: str, until: float | None) -> bool:
    """False when the turn was over before the end was reached."""
    try:
        if module == "tax":
            taxes.look(turn, remote)
            return True
        while not _read_page(turn, remote, module):
            if until is not None and time.monotonic() >= until:
                return False
    except (Refused, Unanswered) as problem:
        with held(turn) as session:
            cursors.put_off(session, turn.link_id, module, problem.words)
    return True


def _read_page(turn: Turn, remote: Remote, module: str) -> bool:
    """True when that was the last one. The place is kept after the rows are: killed between, they are read again."""
    with held(turn) as session:
        place = cursors.place_of(session, cursors.of(session, turn.link_id, module))
    rows, has_more = lists.page(remote, module, place)
    is_sorted = lists.LISTS[module].is_sorted
    found = _follow(turn, remote, module, rows)
    stamps = [stamp for stamp in map(stamp_of, rows) if stamp is not None]
    with held(turn) as session:
        cursor = cursors.of(session, turn.link_id, module)
        cursor.calls += 1
        cursor.found += found
        cursor.highest = max([*stamps, *([cursor.highest] if cursor.highest else [])], default=None)
        if has_more:
            cursors.turn_page(cursor, stamps, is_sorted=is_sorted)
        else:
            cursors.finish(session, session.get_one(Link, turn.link_id), cursor, is_sorted=is_sorted)
    return not has_more


def _follow(turn: Turn, remote: Remote, module: str, rows: list[Row]) -> int:
    """How many of the rows brought something."""
    if module == "payment":
        payments.take_awaited(turn, remote)
        return payments.follow(turn, remote, rows)
    if module == "credit_note":
        return credit_notes.follow(turn, remote, rows)
    if module == "invoice":
        return invoices.follow(turn, remote, rows)
    return _follow_records(turn, remote, module, rows)


def _follow_records(turn: Turn, remote: Remote, module: str, rows: list[Row]) -> int:
    id_key = MODULES[module].id_key
    with held(turn) as session:
        known = _known(session, turn.link_id, module, [str(row[id_key]) for row in rows])
        rules = field_rules.rules_of(session, turn.link_id, module)
        open_ = [row for row in rows if (twin := known.get(str(row[id_key]))) and _may_differ(twin, row, rules)]
        strangers = [row for row in rows if str(row[id_key]) not in known]
    found = sum(_follow_one(turn, remote, known[str(row[id_key])].id, row) for row in open_)
    return found + newcomers.welcome(turn, remote, module, strangers)


def _follow_one(turn: Turn, remote: Remote, record_id: int, row: Row) -> bool:
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id)
        module, remote_id = record.module, record.remote_id or ""
    theirs = row if module == "item" else remote.detail(MODULES[module], remote_id)
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        known = record.remote_modified_at
        is_other = bring_together(session, turn, record, theirs)
        if module == "customer":
            sightings.doubt_still(record, known, session.scalars(select(func.clock_timestamp())).one())
        return is_other


def _known(session: Session, link_id: int, module: str, remote_ids: list[str]) -> dict[str, MirrorRecord]:
    rows = session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.in_(remote_ids)
        )
    )
    return {str(record.remote_id): record for record in rows}


def _may_differ(record: MirrorRecord, row: Mapping[str, Any], rules: Sequence[Rule]) -> bool:
    """Is this row more than the echo of what we know? Stamps have whole seconds: of two changes within one, what the
    list itself tells decides. Nothing is read to find that out."""
    stamp, known = stamp_of(row), record.remote_modified_at
    if stamp is None or (known is not None and stamp < known):
        return False
    if known is not None and stamp > known:
        return True
    if looks_changed(record, row, rules):
        return True
    record.remote_modified_at = stamp
    return False

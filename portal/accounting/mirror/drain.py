"""Drain: bring everything that is due to one organisation's books, invoices and payments first; then look what changed
there, in the modules that are kept from both sides."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from portal.accounting import rules
from portal.accounting.mirror import budget, faults, lease, papers, plan, reasons, record, records, reserve, send
from portal.accounting.mirror.lease import LeaseLost, Turn
from portal.accounting.mirror.marking import mark_sent
from portal.accounting.mirror.push import Needs, Push
from portal.accounting.mirror.remote import STOPS, Remote
from portal.accounting.models import TAX_RATE
from portal.accounting.pull import gone_there, note_elsewhere, too_much
from portal.accounting.pull.looking import look, look_before_sending
from portal.accounting.reconciliation import reading
from portal.accounting.setup import importing
from portal.accounting.warning import warn_of_switched_off
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import Line
from portal.gateways.zoho.errors import (
    DAY_LIMIT,
    SWITCHED_OFF,
    ConsentLost,
    Misconfigured,
    Refused,
    Throttled,
    Unanswered,
    Unreachable,
)
from portal.shared import queues
from portal.shared.running import job_session

log = logging.getLogger(__name__)

Given = TypeVar("Given")

TURN_S = 8  # then other organisations come first, and a worker told to stop is soon done
_MOST_STEPS = 8  # look, rename, create, mark, update …: what is still to do after these comes back by itself
_INVOICES_A_ROUND, _OTHERS_A_ROUND = 20, 20
_SHARE = 5  # of the rest, in a round that has sales to see to: nothing starves while they keep coming
_UNREACHABLE_S, _MISCONFIGURED_S, _UNTIL_RECONNECTED_S = 15, 600, 365 * 86400


def drain(organisation_id: int) -> None:
    """Work until nothing is due, the budget is empty, Zoho asks for quiet, or the turn is over.

    Returns at once when somebody else is at it: whoever holds the lease looks again after giving it back.
    """
    until = time.monotonic() + TURN_S
    while (turn := lease.take(organisation_id)) is not None:
        finished = _use(turn, until)
        if not finished:
            return
        if time.monotonic() >= until:
            queues.ring("mirror", organisation_id)
            return


def _use(turn: Turn, until: float) -> bool:
    """True when something came up since the last round, and may be worked on."""
    try:
        with Line() as line:
            remote = Remote(turn, line)
            while _round(turn, remote) and time.monotonic() < until:
                pass
            look(turn, remote, until)
        more = records.anything_due(turn) or _may_import(turn) or reading.is_due(turn)
    except STOPS as problem:
        _keep_quiet(turn, problem)
        more = False
    except LeaseLost:
        log.warning("the lease was taken over", extra={"organisation": turn.organisation_id})
        return False
    lease.release(turn)
    return more


def _may_import(turn: Turn) -> bool:
    """A first import comes last: not from a restored database, nor with the day's last calls."""
    return not turn.is_restored and importing.is_due(turn) and reserve.room(turn) == rules.ALL


def _round(turn: Turn, remote: Remote) -> bool:
    """Payments and credit notes that are ready, invoices made and marked sent together; a few of the rest, or, where
    nothing else is due, many.

    When all is done, one step of the first import or of a reconciliation (from a restored database only that), or one
    PDF is attached.
    """
    if turn.is_restored:
        return reading.step(turn, remote, is_reserved=False)
    records.admit(turn)
    room = reserve.room(turn)
    look_before_sending(turn, remote)
    if room != rules.PAYMENTS:
        reasons.send_missing(turn, remote)
    worked = _push_due(turn, remote, ("payment", "credit_note"), _OTHERS_A_ROUND)
    worked += _push_due(turn, remote, ("invoice",), _INVOICES_A_ROUND)
    worked += mark_sent(turn, remote, lambda record_id: _push(turn, remote, record_id, None))
    room = reserve.room(turn) if worked else room  # as Zoho has told meanwhile what is left of the day
    if room == rules.ALL:
        most = _SHARE if worked else _OTHERS_A_ROUND
        worked += _push_due(turn, remote, ("tax", TAX_RATE, "customer", "item"), most)
    if worked > 0:
        return True
    is_reserved = room != rules.ALL
    if (not is_reserved and importing.step(turn, remote)) or reading.step(turn, remote, is_reserved=is_reserved):
        return True
    return not is_reserved and papers.attach_one(turn, remote)


def _push_due(turn: Turn, remote: Remote, modules: tuple[str, ...], most: int) -> int:
    with lease.held(turn) as session:
        due = records.due(session, turn.link_id, modules, most)
    for record_id in due:
        _push(turn, remote, record_id, None)
    return len(due)


def _push(turn: Turn, remote: Remote, record_id: int, for_invoice: int | None) -> None:
    """One record as far as it goes now, with whatever it needs before it."""
    if not records.start_try(turn, record_id):
        return
    try:
        for _ in range(_MOST_STEPS):
            if not _next(turn, remote, record_id, for_invoice):
                return
    except STOPS:
        records.forget_try(turn, [record_id])
        raise


def _next(turn: Turn, remote: Remote, record_id: int, for_invoice: int | None) -> bool:
    """One step of one record. False when that was all for now."""
    planned = _guarded(turn, record_id, lambda: plan.plan(turn, record_id))
    if planned is None:
        return False
    if isinstance(planned, Needs):
        for needed in planned.record_ids:
            _push(turn, remote, needed, planned.for_invoice or for_invoice)
        return True
    return bool(_guarded(turn, record_id, lambda: _step(turn, remote, planned, for_invoice)))


def _step(turn: Turn, remote: Remote, push: Push, for_invoice: int | None) -> bool:
    """Send and record. False when that was all of this record, or it has to wait for its next try."""
    try:
        outcome = send.send(remote, push)
    except STOPS:
        record.take_back(turn, [push.record_id], push.unknown_since)
        raise
    except Unanswered as problem:
        record.unanswered(turn, push, problem)
        return False
    except Refused as problem:
        record.refused(turn, push, problem)
        gone_there.ask(turn, remote, push, problem)
        if push.module == "credit_note":
            note_elsewhere.ask(turn, remote, push)
        has_more = True
    else:
        has_more = record.write(turn, push, outcome, for_invoice=for_invoice)
    if push.module == "payment":
        too_much.ask(turn, remote, push)
    return has_more


def _guarded(turn: Turn, record_id: int, work: Callable[[], Given]) -> Given | None:
    """What `work` gives. A record that our own program cannot handle must not stop the others."""
    try:
        return work()
    except (LeaseLost, *STOPS):
        raise
    except Exception as problem:
        log.exception("mirror record failed", extra={"organisation": turn.organisation_id, "mirror_record": record_id})
        faults.fault(turn, record_id, type(problem).__name__)
        return None


def _keep_quiet(turn: Turn, problem: Exception) -> None:
    """Put the whole organisation to rest; the sweeper comes back. An empty budget has said so itself."""
    if not isinstance(problem, GatewayError):
        return
    pause = {Unreachable: _UNREACHABLE_S, Misconfigured: _MISCONFIGURED_S, ConsentLost: _UNTIL_RECONNECTED_S}
    seconds = problem.pause_s if isinstance(problem, Throttled) else pause[type(problem)]
    log.warning("zoho asks for quiet", extra={"organisation": turn.organisation_id, "code": problem.code})
    if problem.code == DAY_LIMIT:
        seconds = budget.day_is_over(turn, seconds)
    lease.keep_quiet(turn, seconds, problem.words)
    if problem.code == SWITCHED_OFF:
        with job_session(turn.organisation_id) as session:
            warn_of_switched_off(session, turn.link_id)

"""The payments worker's job: follow what Stripe told us, then ask about what it did not."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from portal.gateways.errors import GatewayError
from portal.payments import actions
from portal.payments.actions.events import TakenEvent
from portal.shared.running import job_session

log = logging.getLogger(__name__)


def look(organisation_id: int) -> None:
    """Do all that is due for this organisation's payments. A row that fails never holds up the rest."""
    _sweep_events(organisation_id)
    _follow_events(organisation_id)
    _follow_each(organisation_id, actions.take_due_attempts, _look_at_attempt, "attempt")
    _follow_each(organisation_id, actions.take_due_refunds, actions.follow_refund, "refund")
    _follow_each(organisation_id, actions.take_due_announcements, actions.announce_invoices, "announcement")
    _follow_each(organisation_id, actions.take_due_runs, actions.charge_invoice, "charge")
    _follow_each(organisation_id, actions.take_due_removals, actions.forget_at_stripe, "card's removal")
    _follow_each(organisation_id, actions.take_due_payouts, actions.follow_payout, "payout")


def _sweep_events(organisation_id: int) -> None:
    """Of every account that is due: one may be taking payments, others were replaced."""
    while True:
        with job_session(organisation_id) as session:
            account_id = actions.take_due_sweep(session)
        if account_id is None:
            return
        actions.sweep_events(organisation_id, account_id)
        actions.sweep_payouts(organisation_id, account_id)


def _follow_events(organisation_id: int) -> None:
    while True:
        with job_session(organisation_id) as session:
            taken = actions.take_due_events(session)
        if not taken:
            return
        for event in taken:
            _follow(organisation_id, event)


def _follow_each(
    organisation_id: int, take_due: Callable[[Session], Sequence[int]], follow: Callable[[int, int], object], name: str
) -> None:
    """Each row by itself: one that fails, or that Stripe does not answer for, is due again later."""
    with job_session(organisation_id) as session:
        due = take_due(session)
    for row_id in due:
        try:
            follow(organisation_id, row_id)
        except GatewayError as problem:
            log.info("%s not answered yet", name, extra={"row": row_id, "reason": problem.words})
        except Exception:
            log.exception("%s could not be followed", name, extra={"row": row_id})


def _look_at_attempt(organisation_id: int, attempt_id: int) -> None:
    actions.look_at_attempt(organisation_id, attempt_id)
    actions.look_at_charge(organisation_id, attempt_id)


def _follow(organisation_id: int, taken: TakenEvent) -> None:
    try:
        actions.follow_event(organisation_id, taken)
    except GatewayError as problem:
        _note_failure(organisation_id, taken, problem.words)
    except Exception as problem:
        log.exception("event could not be followed", extra={"event_row": taken.id})
        _note_failure(organisation_id, taken, type(problem).__name__)


def _note_failure(organisation_id: int, taken: TakenEvent, words: str) -> None:
    with job_session(organisation_id) as session:
        actions.note_failed_event(session, taken, words)

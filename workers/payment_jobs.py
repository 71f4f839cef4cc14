"""The payments worker's job: follow what Stripe told us, then ask about what it did not."""

import logging

from portal.gateways.errors import GatewayError
from portal.payments import actions
from portal.payments.actions.events import TakenEvent
from portal.shared.running import job_session

log = logging.getLogger(__name__)


def look(organisation_id: int) -> None:
    """Do all that is due for this organisation's payments. A row that fails never holds up the rest."""
    _sweep_events(organisation_id)
    _follow_events(organisation_id)
    _look_at_attempts(organisation_id)
    _look_at_refunds(organisation_id)
    _announce_charges(organisation_id)
    _charge(organisation_id)
    _forget_cards(organisation_id)
    _look_at_payouts(organisation_id)


def _sweep_events(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        account_id = actions.take_due_sweep(session)
    if account_id is not None:
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


def _look_at_attempts(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_attempts(session)
    for attempt_id in due:
        try:
            actions.look_at_attempt(organisation_id, attempt_id)
            actions.look_at_charge(organisation_id, attempt_id)
        except GatewayError as problem:
            log.info("attempt not settled yet", extra={"attempt_id": attempt_id, "reason": problem.words})
        except Exception:
            log.exception("attempt could not be settled", extra={"attempt_id": attempt_id})


def _look_at_refunds(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_refunds(session)
    for refund_id in due:
        try:
            actions.follow_refund(organisation_id, refund_id)
        except GatewayError as problem:
            log.info("refund not answered yet", extra={"refund_id": refund_id, "reason": problem.words})
        except Exception:
            log.exception("refund could not be followed", extra={"refund_id": refund_id})


def _look_at_payouts(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_payouts(session)
    for payout_id in due:
        try:
            actions.follow_payout(organisation_id, payout_id)
        except GatewayError as problem:
            log.info("payout not answered yet", extra={"payout_id": payout_id, "reason": problem.words})
        except Exception:
            log.exception("payout could not be followed", extra={"payout_id": payout_id})


def _announce_charges(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_announcements(session)
    for autopay_id in due:
        try:
            actions.announce_invoices(organisation_id, autopay_id)
        except Exception:
            log.exception("charge could not be announced", extra={"autopay_id": autopay_id})


def _charge(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_runs(session)
    for run_id in due:
        try:
            actions.charge_invoice(organisation_id, run_id)
        except GatewayError as problem:
            log.info("charge not answered yet", extra={"run_id": run_id, "reason": problem.words})
        except Exception:
            log.exception("invoice could not be charged", extra={"run_id": run_id})


def _forget_cards(organisation_id: int) -> None:
    with job_session(organisation_id) as session:
        due = actions.take_due_removals(session)
    for card_id in due:
        try:
            actions.forget_at_stripe(organisation_id, card_id)
        except GatewayError as problem:
            log.info("card not forgotten at Stripe yet", extra={"card_id": card_id, "reason": problem.words})
        except Exception:
            log.exception("card could not be forgotten at Stripe", extra={"card_id": card_id})


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

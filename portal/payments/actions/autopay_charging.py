"""Charging an invoice by itself: a last look under lock, one attempt, one payment at Stripe, one settlement.

The attempt takes the invoice's one open place, so nobody can begin another payment, void it or take cash for it
meanwhile. Stripe makes the payment first, which moves no money; it is written down under the invoice's lock, after
another last look; only then it is confirmed. A worker may die anywhere: a payment that is not written down is never
confirmed, and one that is either gets paid, once, or is cancelled at Stripe before anything else is tried.
"""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import CannotCharge, ChargeOrder, Client, SeenCharge
from portal.invoices.models import Invoice
from portal.invoices.queries import due_on
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries as payments
from portal.payments import rules
from portal.payments.actions.accounts import client_of
from portal.payments.actions.autopay_looks import heed, last_look
from portal.payments.actions.autopay_mail import queue_failure
from portal.payments.actions.booking import note
from portal.payments.actions.settlement import lock_family, settle
from portal.payments.actions.staff_news import tell_of_refused_autopay
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.autopay.rules import AGAIN_AFTER, BUSY, Look, may_try_again
from portal.payments.cards.models import SavedCard
from portal.payments.cards.rules import CHARGE
from portal.payments.models import OPEN_STATES, PaymentAttempt, StripeAccount
from portal.shared import clock, running
from portal.shared.money import Money
from portal.shared.running import job_session

_AT_ONCE = 50


@dataclass(frozen=True)
class Planned:
    """One charge, as it was when the lock was let go."""

    attempt_id: int
    client: Client = field(repr=False)
    order: ChargeOrder


def take_due_runs(session: Session) -> list[int]:
    """Invoices to charge, each put off as if this try would not happen. Does not commit."""
    due = session.scalars(
        select(AutopayRun)
        .where(AutopayRun.state == "waiting", AutopayRun.next_try_at <= clock.now())
        .order_by(AutopayRun.next_try_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for run in due:
        run.next_try_at = clock.now() + BUSY
    return [run.id for run in due]


def charge_invoice(organisation_id: int, run_id: int) -> None:
    """Charge it, unless the last look finds a reason not to. Opens short transactions around its calls.

    Raises GatewayError, after which look_at_charge learns how it ended.
    """
    with job_session(organisation_id) as session:
        planned = _plan(session, organisation_id, run_id)
    if planned is None:
        return
    try:
        charge_id = stripe_gateway.create_charge(planned.client, planned.order)
    except (GatewayError, CannotCharge) as problem:
        with job_session(organisation_id) as session:
            _give_up_attempt(session, planned.attempt_id, problem)
        return
    with job_session(organisation_id) as session:
        is_known = _write_down(session, planned.attempt_id, charge_id)
    if not is_known:
        stripe_gateway.cancel_charge(planned.client, charge_id)
        return
    stripe_gateway.confirm_charge(planned.client, charge_id, key=f"{planned.order.key}-confirm")
    look_at_charge(organisation_id, planned.attempt_id)


def look_at_charge(organisation_id: int, attempt_id: int) -> str:
    """Learn how a charge ended, and book it. One that nobody has confirmed is cancelled. The attempt's state.

    Raises GatewayError, ForeignCheckout.
    """
    with job_session(organisation_id) as session:
        attempt = session.get_one(PaymentAttempt, attempt_id)
        if attempt.card_use != CHARGE or attempt.state not in OPEN_STATES:
            return attempt.state
        client = client_of(session.get_one(StripeAccount, attempt.stripe_account_id))
        charge_id = attempt.session_id
        if charge_id is None:  # never written down, so never confirmed, and from now on it never will be
            _give_up_attempt(session, attempt_id, None)
            return attempt.state
    seen = stripe_gateway.retrieve_charge(client, charge_id)
    if seen.is_waiting:
        stripe_gateway.cancel_charge(client, charge_id)
        seen = stripe_gateway.retrieve_charge(client, charge_id)
    with job_session(organisation_id) as session:
        return _settle(session, attempt_id, seen)


def _plan(session: Session, organisation_id: int, run_id: int) -> Planned | None:
    invoice_id = session.get_one(AutopayRun, run_id).invoice_id
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    run = session.get_one(AutopayRun, run_id, with_for_update=True, populate_existing=True)
    if run.state != "waiting":
        return None
    look = last_look(session, run, invoice, own=Money.zero(invoice.currency))
    if not look.why and payments.open_attempt(session, invoice_id) is not None:
        look = Look("Somebody is paying it at this moment.", BUSY)
    if look.why:
        heed(session, run, look)
        return None
    card = session.get_one(SavedCard, session.get_one(Autopay, run.autopay_id).saved_card_id)
    amount = min(due_on(session, invoice_id).to_pay, run.announced)
    attempt = _add_attempt(session, invoice, card, amount)
    client = client_of(session.get_one(StripeAccount, card.stripe_account_id))
    return Planned(attempt.id, client, _order(attempt, invoice, card, amount))


def _add_attempt(session: Session, invoice: Invoice, card: SavedCard, amount: Money) -> PaymentAttempt:
    now = clock.now()
    attempt = PaymentAttempt(
        organisation_id=invoice.organisation_id, public_id=uuid.uuid4(), invoice_id=invoice.id,
        invoice_revision=invoice.revision, stripe_account_id=card.stripe_account_id, amount_minor=amount.minor,
        currency=amount.currency, state="processing", card_use=CHARGE, expires_at=now + rules.OPEN_FOR,
        look_at=now + rules.next_look(now - now),
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt


def _order(attempt: PaymentAttempt, invoice: Invoice, card: SavedCard, amount: Money) -> ChargeOrder:
    public_id = str(attempt.public_id)
    return ChargeOrder(
        key=public_id, amount=amount, customer=card.stripe_customer, payment_method_id=card.payment_method_id,
        title=f"Invoice {invoice.number}",
        metadata={
            "app": rules.APP, "env": running.here().settings.environment, "tenant": str(attempt.organisation_id),
            "invoice": str(invoice.id), "attempt": public_id,
        },
    )  # fmt: skip


def _write_down(session: Session, attempt_id: int, charge_id: str) -> bool:
    """The very last look, under the invoice's lock. False when it is not to be confirmed any more."""
    [mine] = lock_family(session, attempt_id)
    run = _run_of(session, mine.invoice.id)
    look = last_look(session, run, mine.invoice, own=mine.attempt.amount)
    due = due_on(session, mine.invoice.id)
    if look.why == "" and due.balance < due.under_way:
        look = Look("The balance has changed.", BUSY)
    if mine.attempt.state not in OPEN_STATES:
        return False
    if look.why:
        _close(mine.attempt, "expired", look.why)
        heed(session, run, look)
        return False
    mine.attempt.session_id = mine.attempt.payment_intent_id = charge_id
    return True


def _settle(session: Session, attempt_id: int, seen: SeenCharge) -> str:
    [mine] = lock_family(session, attempt_id)
    was_open = mine.attempt.state in OPEN_STATES
    state = settle(session, attempt_id, seen.checkout)
    run = _run_of(session, mine.invoice.id)
    if state == "paid":
        run.state, run.words = "done", ""
    elif state == "failed" and was_open:
        _follow_refusal(session, run, mine.invoice, mine.organisation, seen.why)
    return state


def _follow_refusal(
    session: Session, run: AutopayRun, invoice: Invoice, organisation: Organisation, code: str
) -> None:  # fmt: skip
    """Tell both sides; a bank that may think better of it is asked again some days later, and not for ever."""
    run.tries += 1
    run.words = f"Refused by the bank ({code.replace('_', ' ') or 'no reason given'})"
    if may_try_again(code, run.tries):
        run.next_try_at = clock.now() + AGAIN_AFTER
    else:
        run.state = "stopped"
    again = "It is tried again in three days" if run.state == "waiting" else "The customer has to pay it themselves"
    audit.note(session, run.organisation_id, "autopay refused", "invoice", invoice.id, words=f"{run.words}. {again}")
    card = session.get_one(SavedCard, session.get_one(Autopay, run.autopay_id).saved_card_id)
    is_told = queue_failure(session, organisation, invoice, run, card, code) is not None
    tell_of_refused_autopay(session, invoice, run, is_told=is_told)


def _give_up_attempt(session: Session, attempt_id: int, problem: GatewayError | CannotCharge | None) -> None:
    """It was never written down what Stripe calls it: it cannot be confirmed any more. The run comes again."""
    [mine] = lock_family(session, attempt_id)
    if mine.attempt.state not in OPEN_STATES or mine.attempt.session_id is not None:
        return
    words = str(problem or "The worker died before Stripe was asked.")[:300]
    _close(mine.attempt, "expired", words)
    if problem is None or getattr(problem, "retryable", False) or getattr(problem, "unknown", False):
        return
    note(session, mine.attempt, "autopay stopped", f"Automatic payment is not possible. {words}"[:300])
    run = _run_of(session, mine.invoice.id)
    run.state, run.words = "stopped", words


def _close(attempt: PaymentAttempt, state: str, why: str) -> None:
    attempt.state, attempt.settled_at, attempt.last_error = state, clock.now(), why[:300]


def _run_of(session: Session, invoice_id: int) -> AutopayRun:
    return session.scalars(
        select(AutopayRun)
        .where(AutopayRun.invoice_id == invoice_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()

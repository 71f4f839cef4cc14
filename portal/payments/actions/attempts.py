"""Beginning a payment: one open Checkout Session per invoice, however many people tap Pay.

Plan under the invoice's row lock, commit, call Stripe, record under the lock again; round by round until there is a
page to send the customer to. The attempt is committed before Stripe hears of it and its public id is the idempotency
key, so a crash or a second tap anywhere leads to the same Session.
"""

import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import CannotCharge, Checkout, CheckoutOrder
from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.payments import queries, rules
from portal.payments.actions.accounts import client_of_key, key_of
from portal.payments.actions.settlement import settle
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared import clock, running
from portal.shared.money import Money
from portal.shared.running import job_session

_MOST_ROUNDS = 4
# The other tap is just making the Session.
_KEY_IN_USE = ("idempotency_key_in_use", "lock_timeout")
_WORDS = {
    "amount_too_small": "This is less than a card payment can be. Please ask the firm how to pay it.",
    "amount_too_large": "This is more than one card payment can be. Please ask the firm how to pay it.",
}


@dataclass(frozen=True)
class Started:
    """Where to send the customer, and the attempt to recognise them by when they come back."""

    url: str
    public_id: uuid.UUID


@dataclass(frozen=True)
class Wish:
    """What a customer agreed to pay, and of which balance: all of it or a part."""

    amount: Money
    balance: Money


@dataclass(frozen=True)
class Plan:
    """One attempt, as it was when the lock was let go.

    is_stale  it asks for another amount than is due now, or is about to end
    """

    organisation_id: int
    attempt_id: int
    public_id: uuid.UUID
    state: str
    session_id: str | None
    key: str = field(repr=False)
    order: CheckoutOrder
    is_stale: bool


def start_attempt(organisation_id: int, invoice_id: int, wish: Wish | None = None) -> Started:
    """The page at Stripe where this invoice's balance can be paid, or a part of it, made or found again.

    wish  None for the whole balance, whatever it is now
    Calls Stripe between short transactions of its own: hold none open. Raises CannotPay with words for the customer,
    GatewayError when Stripe does not answer (asking again is safe).
    """
    for _ in range(_MOST_ROUNDS):
        with job_session(organisation_id) as session:
            plan = plan_attempt(session, invoice_id, wish)
        started = _make(plan) if plan.state == "creating" else _find_again(plan)
        if started is not None:
            return started
    raise CannotPay("Somebody else is paying this invoice at this moment. Try again in a minute.")


def plan_attempt(session: Session, invoice_id: int, wish: Wish | None = None) -> Plan:
    """The invoice's open attempt, or a new one. Does not commit.

    Raises CannotPay: TooManySessions, and AmountChanged when the wish was for another balance than there is now.
    """
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True)
    balance = queries.balance_of(session, invoice.id)
    rules.check_payable(invoice.status, balance)
    rules.check_not_held(is_held=holds.is_held(session, invoice.id))
    rules.check_agreed(balance, wish.balance if wish else balance)
    amount = wish.amount if wish else balance
    attempt = present_attempt(session, invoice.id)
    if attempt is not None and attempt.state == "processing":
        raise PaymentUnderWay("A payment for this invoice is under way. We will mail you when it has arrived.")
    if attempt is None:
        rules.check_pace(queries.sessions_made_at(session, invoice.id), clock.now())
        rules.check_declines(queries.refused_cards(session, invoice.id))
        attempt = _add_attempt(session, invoice, amount)
    return plan_of(session, attempt, invoice, amount)


def present_attempt(session: Session, invoice_id: int) -> PaymentAttempt | None:
    """The open attempt, after closing one that was begun and never came to life. Expects the invoice's lock."""
    attempt = queries.open_attempt(session, invoice_id)
    if attempt is not None and attempt.state == "creating" and attempt.expires_at <= clock.now():
        attempt.state, attempt.settled_at = "expired", clock.now()  # had Stripe made it, nobody has its address
        session.flush()
        return None
    return attempt


def plan_of(session: Session, attempt: PaymentAttempt, invoice: Invoice, amount: Money) -> Plan:
    account = session.get_one(StripeAccount, attempt.stripe_account_id)
    asked = (attempt.amount, attempt.invoice_revision)
    is_ending = attempt.expires_at - clock.now() < rules.NEARLY_OVER
    return Plan(
        organisation_id=attempt.organisation_id, attempt_id=attempt.id, public_id=attempt.public_id,
        state=attempt.state, session_id=attempt.session_id, key=key_of(account), order=_order(attempt, invoice),
        is_stale=asked != (amount, invoice.revision) or is_ending or account.closed_at is not None,
    )  # fmt: skip


def make_session(plan: Plan) -> str | None:
    """Have Stripe make the Session, or tell us of the one it made when its answer was lost. The attempt's state then.

    None calls for another round: another request is just making it, or Stripe keeps a failure under this key.
    Raises GatewayError, CannotPay.
    """
    try:
        made = stripe_gateway.create_session(client_of_key(plan.key, retries=1), plan.order)
    except (GatewayError, CannotCharge) as problem:
        _note_refusal(plan, problem)
        return None
    return _record(plan, made)


def close_session(plan: Plan) -> str:
    """Close the Session at Stripe, where it counts, and book what was paid there meanwhile. The attempt's state."""
    client = client_of_key(plan.key, retries=1)
    stripe_gateway.expire_session(client, plan.session_id or "")
    return _record(plan, stripe_gateway.retrieve_session(client, plan.session_id or ""))


def _add_attempt(session: Session, invoice: Invoice, amount: Money) -> PaymentAttempt:
    account = queries.live_account(session)
    if account is None:
        raise CannotPay("Card payment is not set up yet. Please ask the firm how to pay.")
    now = clock.now()
    attempt = PaymentAttempt(
        organisation_id=invoice.organisation_id, public_id=uuid.uuid4(), invoice_id=invoice.id,
        invoice_revision=invoice.revision, stripe_account_id=account.id, amount_minor=amount.minor,
        currency=amount.currency, state="creating", expires_at=now + rules.OPEN_FOR,
        look_at=now + rules.next_look(now - now),
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt


def _order(attempt: PaymentAttempt, invoice: Invoice) -> CheckoutOrder:
    """The same for the same attempt, always: Stripe refuses a key that comes back with another order."""
    settings = running.here().settings
    public_id = str(attempt.public_id)
    return CheckoutOrder(
        key=public_id, amount=attempt.amount, title=f"Invoice {invoice.number}",
        return_url=f"{settings.public_url}/r/{public_id}", email=str(invoice.bill_to.get("email") or ""),
        expires_at=attempt.expires_at,
        metadata={
            "app": rules.APP, "env": settings.environment, "tenant": str(attempt.organisation_id),
            "invoice": str(invoice.id), "attempt": public_id,
        },
    )  # fmt: skip


def _make(plan: Plan) -> Started | None:
    state = make_session(plan)
    if state != "open" or plan.is_stale:
        return None
    return _page(plan)


def _find_again(plan: Plan) -> Started | None:
    """Ask Stripe first: a lost webhook would send the customer to a Session that is paid already."""
    if plan.is_stale:
        close_session(plan)
        return None
    seen = stripe_gateway.retrieve_session(client_of_key(plan.key, retries=1), plan.session_id or "")
    return _page(plan) if _record(plan, seen) == "open" else None


def _page(plan: Plan) -> Started:
    with job_session(plan.organisation_id) as session:
        attempt = session.get_one(PaymentAttempt, plan.attempt_id)
        return Started(attempt.checkout_url, attempt.public_id)


def _record(plan: Plan, seen: Checkout) -> str:
    with job_session(plan.organisation_id) as session:
        return settle(session, plan.attempt_id, seen)


def _note_refusal(plan: Plan, problem: GatewayError | CannotCharge) -> None:
    """Close the attempt when Stripe will never make it. Returns for another round, or raises what to tell."""
    if isinstance(problem, GatewayError) and problem.retryable:
        if problem.code in _KEY_IN_USE:
            return
        raise problem
    with job_session(plan.organisation_id) as session:
        session.get_one(Invoice, int(plan.order.metadata["invoice"]), with_for_update=True)
        attempt = session.get_one(PaymentAttempt, plan.attempt_id)
        if attempt.state == "creating":
            attempt.state, attempt.settled_at, attempt.last_error = "failed", clock.now(), str(problem)[:300]
    if isinstance(problem, GatewayError) and problem.unknown:
        return  # Stripe keeps its failure under this key: begin anew with another
    raise CannotPay(_WORDS.get(getattr(problem, "code", ""), _words(problem))) from problem


def _words(problem: GatewayError | CannotCharge) -> str:
    if isinstance(problem, CannotCharge):
        return problem.sentence
    return "Card payment does not work for this firm at the moment. Nothing was charged. Please ask them how to pay."

"""Beginning a payment: one open Checkout Session per invoice, however many people tap Pay.

Plan under the invoice's row lock, commit, call Stripe, record under the lock again; round by round until there is a
page to send the customer to. The attempt is committed before Stripe hears of it and its public id is the idempotency
key, so a crash or a second tap anywhere leads to the same Session.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import CannotCharge, Checkout
from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.invoices.queries import due_on
from portal.payments import queries, rules
from portal.payments.actions.accounts import client_of_key
from portal.payments.actions.cards import CardWish, agree, forget_customer, introduce_customer
from portal.payments.actions.plans import Plan, plan_of, present_attempt
from portal.payments.actions.settlement import lock_attempt, settle
from portal.payments.cards.rules import PLAIN
from portal.payments.chargeable import check_chargeable
from portal.payments.debits import debit_for
from portal.payments.models import PaymentAttempt
from portal.payments.queries import PaidFor
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session

_MOST_ROUNDS = 4
# The other tap is just making the Session.
_KEY_IN_USE = ("idempotency_key_in_use", "lock_timeout")
UNDER_WAY = "A payment for this invoice is under way. We will mail you when it has arrived."
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
    """What a customer agreed to pay, and of what: all that was to pay, or a part.

    to_pay  the balance without what a bank had under way
    tip     on top of the amount
    card    what is to become of the card; None for nothing
    """

    amount: Money
    to_pay: Money
    tip: Money | None = None
    card: CardWish | None = None

    @property
    def card_use(self) -> str:
        return self.card.use if self.card else PLAIN


def start_attempt(organisation_id: int, invoice_id: int, wish: Wish | None = None) -> Started:
    """The page at Stripe where what is to pay of this invoice can be paid, or a part of it, made or found again.

    wish  None for all that is to pay, whatever that is now
    Calls Stripe between short transactions of its own: hold none open. Raises CannotPay with words for the customer,
    GatewayError when Stripe does not answer (asking again is safe).
    """
    if wish is not None and wish.card_use:
        introduce_customer(organisation_id, invoice_id)
    return begin(organisation_id, lambda session: plan_attempt(session, invoice_id, wish))


def begin(organisation_id: int, plan_round: Callable[[Session], Plan], *, more_rounds: int = 0) -> Started:
    """Round by round: plan_round says under locks of its own which attempt is next. Raises as start_attempt does."""
    for _ in range(_MOST_ROUNDS + more_rounds):
        with job_session(organisation_id) as session:
            plan = plan_round(session)
        started = _make(plan) if plan.state == "creating" else _find_again(plan)
        if started is not None:
            return started
    raise CannotPay("Somebody else is paying this at this moment. Try again in a minute.")


def plan_attempt(session: Session, invoice_id: int, wish: Wish | None = None) -> Plan:
    """The invoice's open attempt, or a new one. Does not commit.

    Raises CannotPay: TooManySessions, and AmountChanged when something else is to pay now than the wish was for.
    """
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True)
    to_pay = check_invoice(session, invoice, wish.to_pay if wish else None)
    amount = wish.amount if wish else to_pay
    tip = wish.tip if wish else None
    check_chargeable(amount + tip if tip else amount)
    attempt = present_attempt(session, invoice.id)
    if attempt is not None and attempt.state == "processing":
        raise PaymentUnderWay(UNDER_WAY)
    if attempt is None:
        check_tries(session, PaidFor("invoice", invoice.id))
        attempt = add_attempt(session, invoice, amount, tip, card_use=wish.card_use if wish else PLAIN)
    if wish is not None and wish.card is not None and attempt.card_use == wish.card.use:
        agree(session, attempt, invoice.customer_id, wish.card)
    return plan_of(session, attempt, [(invoice, amount)], tip, wish.card_use if wish else PLAIN)


def check_invoice(session: Session, invoice: Invoice, agreed: Money | None) -> Money:
    """What may be paid of it: the balance without what a bank has under way. Expects its lock.

    agreed  what the customer has seen that is to pay
    Raises CannotPay: AmountChanged when that is another sum now.
    """
    due = due_on(session, invoice.id)
    rules.check_open(invoice.status, due.balance, invoice.written_off)
    rules.check_not_held(is_held=holds.is_held(session, invoice.id))
    if not due.to_pay:
        raise PaymentUnderWay(UNDER_WAY)
    rules.check_agreed(due.to_pay, agreed or due.to_pay)
    return due.to_pay


def check_tries(session: Session, paid_for: PaidFor) -> None:
    """Raises TooManySessions, TooManyDeclines."""
    rules.check_pace(queries.sessions_made_at(session, paid_for), clock.now())
    rules.check_declines(queries.refused_cards(session, paid_for))


def make_session(plan: Plan) -> str | None:
    """Have Stripe make the Session, or tell us of the one it made when its answer was lost. The attempt's state then.

    None calls for another round: another request is just making it, or Stripe keeps a failure under this key.
    Raises GatewayError, CannotPay.
    """
    if plan.is_over:
        return _close_unmade(plan, "expired", "")  # had Stripe made it, nobody has its address
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


def add_attempt(
    session: Session, invoice: Invoice, amount: Money, tip: Money | None = None, *, card_use: str = PLAIN
) -> PaymentAttempt:  # fmt: skip
    """Expects the invoice's lock. Raises CannotPay."""
    return new_attempt(
        session, invoice.organisation_id, amount, tip, card_use=card_use, invoice_id=invoice.id,
        invoice_revision=invoice.revision,
    )  # fmt: skip


def new_attempt(
    session: Session, organisation_id: int, amount: Money, tip: Money | None = None, *, card_use: str = PLAIN,
    **paid_for: int,
) -> PaymentAttempt:  # fmt: skip
    """paid_for: the columns that say for what. Expects the lock of that. Raises CannotPay."""
    account = queries.live_account(session)
    if account is None:
        raise CannotPay("Card payment is not set up yet. Please ask the firm how to pay.")
    now = clock.now()
    attempt = PaymentAttempt(
        organisation_id=organisation_id, public_id=uuid.uuid4(), stripe_account_id=account.id,
        amount_minor=amount.minor, **paid_for,
        currency=amount.currency, tip_minor=tip.minor if tip else 0, state="creating", expires_at=now + rules.OPEN_FOR,
        card_use=card_use, debit=debit_for(account.debit, amount.currency, card_use),
        look_at=now + rules.next_look(now - now),
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt


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
    _close_unmade(plan, "failed", str(problem)[:300])
    if plan.order.customer and getattr(problem, "code", "") == "resource_missing":
        forget_customer(plan.organisation_id, plan.order.customer)
    if isinstance(problem, GatewayError) and problem.unknown:
        return  # Stripe keeps its failure under this key: begin anew with another
    raise CannotPay(_WORDS.get(getattr(problem, "code", ""), _words(problem))) from problem


def _close_unmade(plan: Plan, state: str, why: str) -> str:
    with job_session(plan.organisation_id) as session:
        attempts = [each.attempt for each in lock_attempt(session, plan.attempt_id)]
        for attempt in attempts:
            if attempt.state == "creating":
                attempt.state, attempt.settled_at, attempt.last_error = state, clock.now(), why
        return attempts[0].state


def _words(problem: GatewayError | CannotCharge) -> str:
    if isinstance(problem, CannotCharge):
        return problem.sentence
    return "Card payment does not work for this firm at the moment. Nothing was charged. Please ask them how to pay."

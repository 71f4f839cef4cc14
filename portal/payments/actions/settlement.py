"""What was received, booked once, whoever comes first: the webhook's job, the customer's return, or the sweeper."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.stripe_gateway import Checkout, Receipt
from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions.accounts import client_of
from portal.payments.actions.booking import Locked, book, note
from portal.payments.actions.cards import keep_card
from portal.payments.actions.deposits.booking import LockedDeposit, book_deposit, lock_deposit
from portal.payments.actions.late_failures import tell_of_refusal, tell_of_refused_deposit
from portal.payments.cards.rules import CHARGE
from portal.payments.deposit_queries import is_asked
from portal.payments.deposits import DepositRequest
from portal.payments.models import OPEN_STATES, PaymentAttempt, StripeAccount
from portal.payments.stopped import is_stopped
from portal.shared import clock
from portal.shared.running import job_session

_AT_ONCE = 50


class ForeignCheckout(Exception):
    """The Session fetched from Stripe is not the attempt's."""


def look_at_attempt(
    organisation_id: int, attempt_id: int, *, session_id: str | None = None, retries: int = 2
) -> str:  # fmt: skip
    """Ask Stripe how an attempt stands and book it. The attempt's state afterwards.

    session_id  the Session as a webhook names it, for an attempt that has not heard of its Session yet
    Opens its own short transactions around the call. Raises GatewayError, ForeignCheckout.
    """
    with job_session(organisation_id) as session:
        attempt = session.get_one(PaymentAttempt, attempt_id)
        client = client_of(session.get_one(StripeAccount, attempt.stripe_account_id), retries=retries)
        known, state = attempt.session_id or session_id, attempt.state
        is_shut = _is_shut(session, attempt)
    if known is None or state == "paid" or attempt.card_use == CHARGE:  # autopay looks at its charges itself
        return state
    seen = stripe_gateway.retrieve_session(client, known)
    if is_shut and seen.state == "open" and seen.receipt is None:  # opened before the firm stopped taking money for it
        stripe_gateway.expire_session(client, known)
        seen = stripe_gateway.retrieve_session(client, known)
    with job_session(organisation_id) as session:
        return settle(session, attempt_id, seen)


def settle(session: Session, attempt_id: int, seen: Checkout) -> str:
    """Bring our books to what Stripe says now. Safe to repeat, in any order, by several at once. Does not commit.

    seen  the Session as just fetched from Stripe, never as an event or an address told it
    Returns the attempt's state. Raises ForeignCheckout.
    """
    family = lock_attempt(session, attempt_id)
    lead = family[0].attempt
    _check_belongs(lead, family[0].account, seen)
    if seen.receipt is not None:
        _book(session, family, seen.receipt)
        for each in family:
            if each.attempt.state != "paid":
                _close(each.attempt, "paid", clock.now())
    elif lead.state in OPEN_STATES:
        was_promised = lead.state == "processing" and lead.card_use != CHARGE  # autopay tells of its own
        for each in family:
            _follow(session, each.attempt, seen)
        if was_promised and lead.state == "failed":
            _tell_of_refusal(session, family)
    return lead.state


def lock_attempt(session: Session, attempt_id: int) -> Sequence[Locked | LockedDeposit]:
    """All that this Session pays, under locks: invoices, or a deposit that was asked for. A deposit's job may be billed
    while we wait for its locks: then it pays that invoice."""
    found = lock_family(session, attempt_id) or lock_deposit(session, attempt_id)
    return found or lock_family(session, attempt_id)


def lock_family(session: Session, attempt_id: int) -> Sequence[Locked]:
    """Every invoice that this Session pays, one as a rule, under its lock; the leading one first.

    attempt_id  of the leading row, which is of the invoice with the lowest number in the database
    """
    return [Locked(*row) for row in session.execute(_LOCKED, {"attempt_id": attempt_id}).all()]


# Invoice first, as everybody does, and in the order that everybody takes. Of the rows it locks PostgreSQL hands out
# the newest version, so an attempt that another worker has settled while we waited for the lock is seen as settled.
_LOCKED = (
    select(PaymentAttempt, Invoice, StripeAccount, Organisation)
    .join(Invoice, Invoice.id == PaymentAttempt.invoice_id)
    .join(StripeAccount, StripeAccount.id == PaymentAttempt.stripe_account_id)
    .join(Organisation, Organisation.id == PaymentAttempt.organisation_id)
    .where(or_(PaymentAttempt.id == bindparam("attempt_id"), PaymentAttempt.lead_id == bindparam("attempt_id")))
    .order_by(Invoice.id)
    .with_for_update(of=[Invoice, PaymentAttempt])
    .execution_options(populate_existing=True)
)


def look_soon(session: Session, invoice_id: int) -> None:
    """Have whatever this invoice could be paid with looked at next, for example because it is held. Does not commit.

    One that somebody is just looking at is left to them: waiting here for a row of another invoice could be for ever.
    """
    holding = select(func.coalesce(PaymentAttempt.lead_id, PaymentAttempt.id)).where(
        PaymentAttempt.invoice_id == invoice_id, PaymentAttempt.state == "open"
    )
    free = select(PaymentAttempt.id).where(PaymentAttempt.id.in_(holding)).with_for_update(skip_locked=True)
    session.execute(update(PaymentAttempt).where(PaymentAttempt.id.in_(free)).values(look_at=clock.now()))


def take_due_attempts(session: Session) -> list[int]:
    """Attempts about which nobody has told us for a while, each with its next look put off. Does not commit."""
    now = clock.now()
    due = session.scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.state.in_(OPEN_STATES), PaymentAttempt.look_at <= now)
        .where(func.coalesce(PaymentAttempt.lead_id, PaymentAttempt.id) == PaymentAttempt.id)
        .order_by(PaymentAttempt.look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for attempt in due:
        age = now - attempt.created_at
        attempt.look_at = now + rules.next_look(age, is_processing=attempt.state == "processing")
        if attempt.state == "creating" and attempt.expires_at <= now:
            for each in _family_rows(session, attempt):
                _close(each, "expired", now)  # had Stripe made it, nobody has its address
    return [attempt.id for attempt in due if attempt.state in OPEN_STATES]


def _is_shut(session: Session, attempt: PaymentAttempt) -> bool:
    """Whether the firm takes no money for it now: it looks at an invoice first, does not ask any more, or has stopped
    a link to it since."""
    if attempt.deposit_request_id is not None:
        request = session.get_one(DepositRequest, attempt.deposit_request_id)
        return not is_asked(session, request) or is_stopped(session, attempt, [])
    ids = [each.invoice_id for each in _family_rows(session, attempt) if each.invoice_id is not None]
    return any(holds.is_held(session, invoice_id) for invoice_id in ids) or is_stopped(session, attempt, ids)


def _book(session: Session, family: Sequence[Locked | LockedDeposit], receipt: Receipt) -> None:
    for each in family:
        if isinstance(each, LockedDeposit):
            book_deposit(session, each, receipt)
    invoices = [each for each in family if isinstance(each, Locked)]
    if invoices:
        book(session, invoices, receipt)
        if receipt.kept is not None:
            keep_card(session, invoices[0].attempt, invoices[0].invoice.customer_id, receipt.kept)


def _tell_of_refusal(session: Session, family: Sequence[Locked | LockedDeposit]) -> None:
    for each in family:
        if isinstance(each, LockedDeposit):
            tell_of_refused_deposit(session, each)
    tell_of_refusal(session, [each for each in family if isinstance(each, Locked)])


def _check_belongs(attempt: PaymentAttempt, account: StripeAccount, seen: Checkout) -> None:
    is_same = attempt.session_id in (None, seen.id)
    if not is_same or seen.metadata.get("attempt") != str(attempt.public_id) or seen.is_live != account.is_live:
        raise ForeignCheckout(f"attempt {attempt.id}")


def _follow(session: Session, attempt: PaymentAttempt, seen: Checkout) -> None:
    """An attempt that has closed never opens again, nor does a page that was left: what Stripe said first may arrive
    last."""
    before = attempt.state
    if not attempt.is_led:
        attempt.session_id = seen.id
        attempt.payment_intent_id = seen.payment_intent_id
        attempt.checkout_url = seen.url or attempt.checkout_url
    if seen.state in OPEN_STATES:
        attempt.state = before if before == "processing" else seen.state
    else:
        _close(attempt, seen.state, clock.now())
    if attempt.state != before and attempt.state in ("processing", "failed"):
        words = "Payment under way at the bank" if attempt.state == "processing" else "The bank refused the payment"
        note(session, attempt, f"payment {attempt.state}", words)


def _close(attempt: PaymentAttempt, state: str, at: datetime) -> None:
    attempt.state, attempt.settled_at = state, at


def _family_rows(session: Session, lead: PaymentAttempt) -> Sequence[PaymentAttempt]:
    if lead.lead_id is None:
        return [lead]
    return [attempt for attempt, _ in queries.family_of(session, lead.lead_id)]

"""What an attempt asks of Stripe, and whether it is still what is wanted: read under locks, used without them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from portal.gateways.stripe_gateway import CheckoutOrder
from portal.invoices.models import Invoice
from portal.payments import queries, rules
from portal.payments.actions.accounts import key_of
from portal.payments.cards import queries as cards
from portal.payments.cards.rules import KEEPS, OFFERS_SAVED, PLAIN
from portal.payments.debits import debit_for
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.payments.queries import PaidFor
from portal.payments.stopped import is_stopped
from portal.shared import clock, running
from portal.shared.money import Money

_LONGEST_TITLE = 250


@dataclass(frozen=True)
class Plan:
    """One attempt, as it was when the lock was let go.

    is_stale  it asks for another amount than is due now, or to be paid in other ways, or is about to end, or a link to
              it was stopped since
    is_over   it was begun long ago and never came to life
    """

    organisation_id: int
    attempt_id: int
    public_id: uuid.UUID
    state: str
    session_id: str | None
    key: str = field(repr=False)
    order: CheckoutOrder
    is_stale: bool
    is_over: bool = False


def present_attempt(session: Session, invoice_id: int) -> PaymentAttempt | None:
    """The open attempt, after closing one that was begun and never came to life. Expects the invoice's lock.

    One that pays other invoices, too, is closed under all their locks: its plan says is_over.
    """
    return present_for(session, PaidFor("invoice", invoice_id))


def present_for(session: Session, paid_for: PaidFor) -> PaymentAttempt | None:
    """The same for whatever is paid for. Expects its lock."""
    attempt = queries.open_attempt_for(session, paid_for)
    if attempt is not None and attempt.lead_id is None and is_over(attempt):
        attempt.state, attempt.settled_at = "expired", clock.now()  # had Stripe made it, nobody has its address
        session.flush()
        return None
    return attempt


def plan_of(
    session: Session, attempt: PaymentAttempt, wanted: Sequence[tuple[Invoice, Money]], tip: Money | None = None,
    card_use: str = PLAIN,
) -> Plan:  # fmt: skip
    """wanted: the invoices to pay, by their number in the database, and how much of each; tip: on top of them;
    card_use: what is to become of the card.
    """
    if attempt.lead_id is None:
        family = [(attempt, next(invoice for invoice, _ in wanted if invoice.id == attempt.invoice_id))]
    else:
        family = queries.family_of(session, attempt.lead_id)
    lead, _ = family[0]
    account = session.get_one(StripeAccount, lead.stripe_account_id)
    asked = [(each.invoice_id, each.amount, each.invoice_revision) for each, _ in family]
    is_ending = lead.expires_at - clock.now() < rules.NEARLY_OVER
    now = [(invoice.id, amount, invoice.revision) for invoice, amount in wanted]
    debit = debit_for(account.debit, lead.currency, card_use)
    is_other = asked != now or (lead.tip_minor, lead.card_use, lead.debit) != (tip.minor if tip else 0, card_use, debit)
    return Plan(
        organisation_id=lead.organisation_id, attempt_id=lead.id, public_id=lead.public_id,
        state=lead.state, session_id=lead.session_id, key=key_of(account), order=order_of(session, family),
        is_stale=is_other or is_ending or account.closed_at is not None
        or is_stopped(session, lead, [each.id for _, each in family]), is_over=is_over(lead),
    )  # fmt: skip


def is_over(attempt: PaymentAttempt) -> bool:
    return attempt.state == "creating" and attempt.expires_at <= clock.now()


def order_of(session: Session, family: Sequence[tuple[PaymentAttempt, Invoice]]) -> CheckoutOrder:
    """The same for the same attempt, always: Stripe refuses a key that comes back with another order."""
    attempt, invoice = family[0]
    numbers = ", ".join(str(each.number) for _, each in family)
    order = order_for(
        attempt, PaidFor("invoice", invoice.id), email=str(invoice.bill_to.get("email") or ""),
        title=f"Invoice {numbers}" if len(family) == 1 else f"Invoices {numbers}"[:_LONGEST_TITLE],
        amount=Money.total((each.amount for each, _ in family), attempt.currency),
    )  # fmt: skip
    return _with_card(session, order, attempt, invoice.customer_id) if attempt.card_use else order


def order_for(
    attempt: PaymentAttempt, paid_for: PaidFor, *, email: str, title: str, amount: Money
) -> CheckoutOrder:  # fmt: skip
    """title and email must not change while the attempt lives."""
    settings, public_id = running.here().settings, str(attempt.public_id)
    return CheckoutOrder(
        key=public_id, amount=amount, title=title, return_url=f"{settings.public_url}/r/{public_id}", email=email,
        expires_at=attempt.expires_at, tip=attempt.tip or None, debit=attempt.debit,
        metadata={
            "app": rules.APP, "env": settings.environment, "tenant": str(attempt.organisation_id),
            paid_for.kind: str(paid_for.id), "attempt": public_id,
        },
    )  # fmt: skip


def _with_card(
    session: Session, order: CheckoutOrder, attempt: PaymentAttempt, customer_id: int
) -> CheckoutOrder:  # fmt: skip
    known = cards.at_stripe(session, customer_id, attempt.stripe_account_id)
    consent = cards.consent_to(session, attempt.id)
    return replace(
        order, customer=(known.remote_id if known else None) or "", keeps_card=attempt.card_use in KEEPS,
        offers_kept=attempt.card_use in OFFERS_SAVED, agreed=consent.words if consent else "",
    )  # fmt: skip

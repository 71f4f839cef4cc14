"""Money coming in. Payments and allocations are only ever added; attempts and events are how they come about."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, Uuid, and_, or_, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.payments.cards.rules import CHARGE
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money

OPEN_STATES = ("creating", "open", "processing")
_OPEN = text("state IN ('creating', 'open', 'processing')")
# What holds an invoice's one place to pay: a page that somebody may look at, or a card that is just charged by itself.
# A bank's debit holds none, for days: its amount is counted (InvoiceBalance.under_way), and the rest can be paid.
_HOLDING = text("state IN ('creating', 'open') OR (state = 'processing' AND card_use = 'charge')")
_DEBITS = "debit IN ('', 'us_bank_account', 'sepa_debit', 'bacs_debit')"


class StripeAccount(Tenant, Base):
    """The organisation's own Stripe account, reached by its restricted key."""

    __tablename__ = "stripe_accounts"
    __table_args__ = (
        referenced(),
        Index("uq_stripe_accounts_live", "organisation_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        CheckConstraint(_DEBITS, name="debit"),
    )

    mode: Mapped[str] = mapped_column(String(10), default="key")  # key | connect, later
    key_sealed: Mapped[str] = mapped_column(String(500))
    remote_id: Mapped[str] = mapped_column(String(40))  # acct_…
    is_live: Mapped[bool]
    endpoint_key: Mapped[str] = mapped_column(String(60), unique=True)  # in the webhook's address
    endpoint_remote_id: Mapped[str] = mapped_column(String(60), default="")
    webhook_secrets_sealed: Mapped[str] = mapped_column(String(1000), default="")  # space-separated, newest first
    closed_at: Mapped[datetime | None]  # replaced: still heard, and used for what came into it
    removed_at: Mapped[datetime | None]
    # Stripe's own record is read up to here, and again at next_sweep_at, for messages that never reached us.
    events_read_to: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    next_sweep_at: Mapped[datetime] = mapped_column(server_default=text("(clock_timestamp() + '01:00:00'::interval)"))
    missed_events: Mapped[int] = mapped_column(server_default=text("0"))  # found by the last sweep
    sweep_problem: Mapped[str] = mapped_column(String(300), server_default=text("''"))
    payouts_read_to: Mapped[datetime | None]  # None: never yet
    payout_problem: Mapped[str] = mapped_column(String(300), server_default=text("''"))
    listens_to: Mapped[str] = mapped_column(String(16), server_default=text("''"))  # which events the endpoint asks for
    debit: Mapped[str] = mapped_column(String(20), server_default=text("''"))  # offered beside cards: payments.debits


class PaymentAttempt(Tenant, Base):
    """One Checkout Session: committed before Stripe is called; its public id is the idempotency key.

    Of an invoice one at a time has its page open; those that a bank has under way stand beside it.

    Where one Session pays several invoices, each has a row: the leading one holds the Session, all follow its state, so
    what holds for an invoice that is being paid holds for each of them. A deposit asked for before a job is paid by a
    row of its own kind, which names the request in place of an invoice.
    lead_id  None for a Session of one invoice; else the leading row, which names itself
    """

    __tablename__ = "payment_attempts"
    __table_args__ = (
        referenced(),
        belongs_to("invoices", "invoice_id"),
        belongs_to("stripe_accounts", "stripe_account_id"),
        belongs_to("payment_attempts", "lead_id"),
        belongs_to("deposit_requests", "deposit_request_id"),
        CheckConstraint("num_nonnulls(invoice_id, deposit_request_id) = 1", name="target"),
        Index(
            "ix_payment_attempts_deposit", "deposit_request_id",
            postgresql_where=text("deposit_request_id IS NOT NULL"),
        ),
        Index("uq_payment_attempts_open_deposit", "deposit_request_id", unique=True, postgresql_where=_OPEN),
        UniqueConstraint("organisation_id", "session_id"),
        Index("ix_payment_attempts_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
        Index("uq_payment_attempts_open", "invoice_id", unique=True, postgresql_where=_HOLDING),
        CheckConstraint("state IN ('creating', 'open', 'processing', 'paid', 'expired', 'failed')", name="state"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("tip_minor >= 0", name="tip"),
        CheckConstraint("card_use IN ('', 'keep', 'autopay', 'saved', 'saved_autopay', 'charge')", name="card_use"),
        CheckConstraint(_DEBITS, name="debit"),
    )  # fmt: skip

    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    invoice_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    deposit_request_id: Mapped[int | None] = mapped_column(BigInteger)
    invoice_revision: Mapped[int]  # 0 where it pays a deposit
    stripe_account_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(12), default="creating")
    session_id: Mapped[str | None] = mapped_column(String(120))
    checkout_url: Mapped[str] = mapped_column(String(2000), default="")
    payment_intent_id: Mapped[str | None] = mapped_column(String(80))
    expires_at: Mapped[datetime]
    look_at: Mapped[datetime]  # when the sweeper asks Stripe, should nobody else have told us by then
    settled_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    tip_minor: Mapped[int] = mapped_column(server_default="0")  # asked for on top of the amount
    card_use: Mapped[str] = mapped_column(String(15), server_default="")  # as cards.rules says
    debit: Mapped[str] = mapped_column(String(20), server_default=text("''"))  # may also be paid by: payments.debits

    @property
    def amount(self) -> Money:
        """What of the Session is for this invoice."""
        return Money(self.amount_minor, self.currency)

    @property
    def tip(self) -> Money:
        return Money(self.tip_minor or 0, self.currency)

    @property
    def is_led(self) -> bool:
        """Another row holds the Session."""
        return self.lead_id not in (None, self.id)


HOLDS_THE_PLACE = or_(
    PaymentAttempt.state.in_(("creating", "open")),
    and_(PaymentAttempt.state == "processing", PaymentAttempt.card_use == CHARGE),
)


class StripeEvent(Tenant, Base):
    """What a webhook was about, once per event id. Only a hint: what counts is fetched again from Stripe."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        belongs_to("stripe_accounts", "stripe_account_id"),
        UniqueConstraint("organisation_id", "stripe_account_id", "event_id"),
        Index("ix_stripe_events_due", "organisation_id", "state", "next_try_at"),
        Index(
            "ix_stripe_events_declines",
            "organisation_id",
            "created_at",
            postgresql_where=text("kind = 'payment_intent.payment_failed'"),
        ),
        CheckConstraint("state IN ('new', 'done', 'ignored', 'failed')", name="state"),
    )

    stripe_account_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(80))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(10), default="new")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    last_error: Mapped[str] = mapped_column(String(300), default="")


class Payment(Tenant, Base):
    """Money received, as the provider says it was received. Never changed, never deleted."""

    __tablename__ = "payments"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        belongs_to("payment_attempts", "attempt_id"),
        belongs_to("people", "taken_by"),
        UniqueConstraint("organisation_id", "provider", "provider_payment_id"),
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("tip_minor >= 0", name="tip"),
    )

    number: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    method: Mapped[str] = mapped_column(String(20))  # card | cash | cheque | terminal | bank_transfer
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    received_on: Mapped[date]
    provider: Mapped[str] = mapped_column(String(20))  # stripe | offline
    provider_payment_id: Mapped[str] = mapped_column(String(80))
    attempt_id: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(100), default="")  # what the payer recognises: "Cheque 004512"
    taken_by: Mapped[int | None] = mapped_column(BigInteger)  # the person on the staff who recorded it
    tendered_minor: Mapped[int | None]  # cash as it was handed over, before change
    rounding_minor: Mapped[int] = mapped_column(server_default="0")  # what coins made of it: more taken, or less
    tip_minor: Mapped[int] = mapped_column(server_default="0")  # on top of the amount: no revenue, no tax, no credit
    fee_minor: Mapped[int | None]  # what Stripe kept, in the currency in which it pays out
    fee_currency: Mapped[str | None] = mapped_column(String(3))
    form_id: Mapped[str | None] = mapped_column(String(40))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def rounding(self) -> Money:
        return Money(self.rounding_minor, self.currency)

    @property
    def taken(self) -> Money:
        """What was really received: `amount` is what it counts for."""
        return self.amount + self.rounding + self.tip

    @property
    def tip(self) -> Money:
        return Money(self.tip_minor or 0, self.currency)

    @property
    def fee(self) -> Money | None:
        return Money(self.fee_minor, self.fee_currency) if self.fee_minor and self.fee_currency else None


class Allocation(Tenant, Base):
    """How much of a payment went to which invoice. A correction is another row."""

    __tablename__ = "allocations"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        belongs_to("invoices", "invoice_id"),
        belongs_to("refunds", "refund_id"),
        CheckConstraint("amount_minor <> 0", name="amount"),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger, index=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    refund_id: Mapped[int | None] = mapped_column(BigInteger)  # taken away by it, or given back after it failed

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PaymentReversal(Tenant, Base):
    """A recorded payment that was a mistake: it counts for nothing any more. Both rows stay."""

    __tablename__ = "payment_reversals"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        UniqueConstraint("payment_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(200))
    reversed_by: Mapped[int | None] = mapped_column(BigInteger)

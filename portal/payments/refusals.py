"""How many cards were refused, as a part of larger reads: an invoice or deposit with too many takes none for a day."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    String,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from portal.payments.models import PaymentAttempt, StripeEvent
from portal.payments.rules import DECLINED
from portal.shared.db import Base, Tenant, belongs_to


class CardRelease(Tenant, Base):
    """A person of the firm lets an invoice, or a request for a deposit, take cards again before the day is over."""

    __tablename__ = "card_releases"
    __table_args__ = (
        belongs_to("invoices", "invoice_id"),
        belongs_to("deposit_requests", "deposit_request_id"),
        belongs_to("people", "released_by"),
        CheckConstraint("num_nonnulls(invoice_id, deposit_request_id) = 1", name="target"),
    )

    invoice_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    deposit_request_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    released_by: Mapped[int] = mapped_column(BigInteger)


def count_refused(of: SQLColumnExpression[int], since: Any, *, kind: str = "invoice") -> ScalarSelect[int]:
    """Of the invoice or deposit that a larger read asks for, since a person last let it take cards again.

    since  an instant, or the parameter that holds it
    """
    # Spelt out, not a parameter: a plan that is made once for all of them finds the index of refusals only like this.
    is_refusal = StripeEvent.kind == literal_column(f"'{DECLINED}'")
    target = CardRelease.invoice_id if kind == "invoice" else CardRelease.deposit_request_id
    released_at = select(func.max(CardRelease.created_at)).where(target == of).scalar_subquery()
    said = StripeEvent.body["metadata"]
    is_of_it = said[kind].as_string() == cast(of, String)
    if kind == "invoice":  # a Session of several names the first of them only
        is_of_it = or_(is_of_it, said["attempt"].as_string().in_(_sessions_with(of)))
    return (
        select(func.count())
        .select_from(StripeEvent)
        .where(is_refusal, StripeEvent.created_at > since)
        .where(is_of_it)
        .where(StripeEvent.created_at > func.coalesce(released_at, since))
        .scalar_subquery()
    )


def _sessions_with(invoice_id: SQLColumnExpression[int]) -> Select[str]:
    """The public ids of attempts that pay this invoice together with others."""
    lead, own = aliased(PaymentAttempt), aliased(PaymentAttempt)
    return (
        select(cast(lead.public_id, String))
        .join(own, own.lead_id == lead.id)
        .where(own.invoice_id == invoice_id, own.id != lead.id)
    )

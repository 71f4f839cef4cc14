"""How many cards were refused, as a part of larger reads: an invoice or deposit with too many takes none for a day."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ScalarSelect,
    SQLColumnExpression,
    String,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.payments.models import StripeEvent
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
    return (
        select(func.count())
        .select_from(StripeEvent)
        .where(is_refusal, StripeEvent.created_at > since)
        .where(StripeEvent.body["metadata"][kind].as_string() == cast(of, String))
        .where(StripeEvent.created_at > func.coalesce(released_at, since))
        .scalar_subquery()
    )

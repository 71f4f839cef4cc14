"""Money that came beyond what was due: the customer's credit, about which somebody of the firm decides."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Index, ScalarSelect, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.customers.models import Customer
from portal.payments.held import is_held
from portal.payments.models import Payment
from portal.payments.uses import PaymentUse
from portal.shared.db import Base, Tenant, belongs_to
from portal.shared.money import Money


class Surplus(Tenant, Base):
    """A payment of which some paid nothing when it came. It waits as long as that is so and nobody has decided.

    decided_at  when somebody said that it stays the customer's credit
    """

    __tablename__ = "surpluses"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        UniqueConstraint("payment_id"),
        Index("ix_surpluses_waiting", "organisation_id", postgresql_where=text("decided_at IS NULL")),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None]


_WAITS = (Surplus.decided_at.is_(None), PaymentUse.unused_minor > 0, ~is_held())


def waiting_surpluses() -> ScalarSelect[int]:
    """How many payments wait for a decision. Not asked yet."""
    found = select(func.count()).select_from(Surplus).join(PaymentUse, PaymentUse.payment_id == Surplus.payment_id)
    return found.where(*_WAITS).scalar_subquery()


def list_waiting_surpluses(session: Session) -> Sequence[tuple[Payment, str, Money]]:
    """The oldest hundred payments, each with its customer's name and how much of it pays nothing."""
    rows = session.execute(
        select(Payment, Customer.name, PaymentUse.unused_minor)
        .join(Surplus, Surplus.payment_id == Payment.id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        .join(Customer, Customer.id == Payment.customer_id)
        .where(*_WAITS)
        .order_by(Payment.id)
        .limit(100)
    )
    return [(payment, name, Money(minor, payment.currency)) for payment, name, minor in rows]


def waits_as_surplus(session: Session, payment_id: int) -> bool:
    """Whether somebody is to decide about what of this payment pays nothing."""
    found = select(Surplus.id).join(PaymentUse, PaymentUse.payment_id == Surplus.payment_id)
    return session.scalar(select(found.where(Surplus.payment_id == payment_id, *_WAITS).exists())) or False

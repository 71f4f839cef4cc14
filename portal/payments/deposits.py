"""Money that customers pay before the work."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money


class DepositRequest(Tenant, Base):
    """A deposit that a customer is asked for by a link, before a job. One at a time for each job.

    closed_as  paid; withdrawn, by somebody of the firm; billed, because the job's invoice asks for all of it now
    """

    __tablename__ = "deposit_requests"
    __table_args__ = (
        referenced(),
        belongs_to("work_orders", "work_order_id"),
        belongs_to("customers", "customer_id"),
        UniqueConstraint("organisation_id", "form_id"),
        Index("uq_deposit_requests_open", "work_order_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("closed_as IN ('', 'paid', 'withdrawn', 'billed')", name="closed_as"),
        CheckConstraint("(closed_at IS NULL) = (closed_as = '')", name="closed"),
    )

    work_order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    email: Mapped[str] = mapped_column(String(254), server_default="")  # the customer's, as Stripe's page is told it
    asked_by: Mapped[int | None] = mapped_column(BigInteger)
    form_id: Mapped[str | None] = mapped_column(String(40))
    closed_at: Mapped[datetime | None]
    closed_as: Mapped[str] = mapped_column(String(10), server_default="")

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Deposit(Tenant, Base):
    """A payment taken before the work: held for the job, and an advance in the books, until all of it is billed.

    freed_at  since when it may pay other invoices too, because somebody of the firm said so
    """

    __tablename__ = "deposits"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        belongs_to("work_orders", "work_order_id"),
        belongs_to("deposit_requests", "deposit_request_id"),
        UniqueConstraint("payment_id"),
        Index(
            "ix_deposits_request", "deposit_request_id",
            postgresql_where=text("deposit_request_id IS NOT NULL"),
        ),
    )  # fmt: skip

    payment_id: Mapped[int] = mapped_column(BigInteger)
    work_order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    deposit_request_id: Mapped[int | None] = mapped_column(BigInteger)  # what it was asked for by, if it was
    freed_at: Mapped[datetime | None]

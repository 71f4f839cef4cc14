"""Money that customers pay before the work."""

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to


class Deposit(Tenant, Base):
    """A payment taken before the work: the customer's credit, and an advance in the books, until the job is billed."""

    __tablename__ = "deposits"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        belongs_to("work_orders", "work_order_id"),
        UniqueConstraint("payment_id"),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger)
    work_order_id: Mapped[int] = mapped_column(BigInteger, index=True)

"""Where the money of each payment is, as the database reckons it."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base
from portal.shared.money import Money


class PaymentUse(Base):
    """Where the money of each payment is; what is unused is the customer's credit. A view: never written."""

    __tablename__ = "payment_uses"
    __table_args__ = {"info": {"is_view": True}}

    payment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    allocated_minor: Mapped[int]
    reversed_minor: Mapped[int]
    unused_minor: Mapped[int]
    refunded_minor: Mapped[int]
    tip_left_minor: Mapped[int]  # of the tip, what did not go back

    @property
    def left(self) -> Money:
        """What could still go back, without the tip."""
        return Money(self.unused_minor + self.allocated_minor, self.currency)

    @property
    def tip_left(self) -> Money:
        return Money(self.tip_left_minor, self.currency)

    @property
    def unused(self) -> Money:
        return Money(self.unused_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

"""Reasons to bear no tax, as the firm's own records."""

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, referenced


class Exemption(Tenant, Base):
    """Why a customer pays no tax, or an item bears none: as printed on the line. Never deleted."""

    __tablename__ = "tax_exemptions"
    __table_args__ = (
        referenced(),
        UniqueConstraint("organisation_id", "applies_to", "name"),
        CheckConstraint("applies_to IN ('customer', 'item')", name="applies_to"),
    )

    name: Mapped[str] = mapped_column(String(100))
    applies_to: Mapped[str] = mapped_column(String(10))
    is_active: Mapped[bool] = mapped_column(default=True)

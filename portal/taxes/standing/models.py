"""Reasons to bear no tax, and what a place asks for, as the firm's own records."""

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced


class Exemption(Tenant, Base):
    """Why a customer pays no tax, or an item bears none: as printed on the line. Never deleted.

    is_outside  of an item: outside the tax, as money that was laid out for the customer; else exempt from it
    """

    __tablename__ = "tax_exemptions"
    __table_args__ = (
        referenced(),
        UniqueConstraint("organisation_id", "applies_to", "name"),
        CheckConstraint("applies_to IN ('customer', 'item')", name="applies_to"),
    )

    name: Mapped[str] = mapped_column(String(100))
    applies_to: Mapped[str] = mapped_column(String(10))
    is_active: Mapped[bool] = mapped_column(default=True)
    is_outside: Mapped[bool] = mapped_column(default=False, server_default="false")


class LocalTax(Tenant, Base):
    """The tax of a place, where the address of the work decides: a state, a town in it, or a postcode."""

    __tablename__ = "local_taxes"
    __table_args__ = (
        referenced(),
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("organisation_id", "state", "city", "postal_code"),
    )

    state: Mapped[str] = mapped_column(String(8))  # its code
    city: Mapped[str] = mapped_column(String(100), default="")  # in small letters, "" for any
    postal_code: Mapped[str] = mapped_column(String(20), default="")  # without its addition, "" for any
    tax_id: Mapped[int] = mapped_column(BigInteger)

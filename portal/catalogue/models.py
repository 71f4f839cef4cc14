"""What the firm sells: services and parts."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.shared import keys
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.taxes.standing.models import Exemption


class Item(Tenant, Base):
    """A service or a part, with its usual price before tax."""

    __tablename__ = "catalogue_items"
    __table_args__ = (
        referenced(),
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("organisation_id", "code"),
        CheckConstraint("kind IN ('service', 'part')", name="kind"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        belongs_to("tax_exemptions", "exemption_id"),
        Index("ix_catalogue_items_code_key", "organisation_id", "code_key"),
        Index("ix_catalogue_items_name_key", "organisation_id", "name_key"),
    )

    code: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(2000), default="")
    unit: Mapped[str] = mapped_column(String(20), default="")
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 6))  # major units of the organisation's currency
    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(default=True)
    exemption_id: Mapped[int | None] = mapped_column(BigInteger)  # why it bears no tax; none: it bears one
    on_building: Mapped[bool] = mapped_column(
        default=True, server_default="true"
    )  # work on a building, or a part for it
    hsn_sac: Mapped[str] = mapped_column(String(10), default="", server_default="")  # India's code of goods or services
    # By these an index finds those that are like another record. PostgreSQL keeps them; they are never read.
    code_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.letters("code")), deferred=True)
    name_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.plain("name")), deferred=True)

    exemption: Mapped[Exemption | None] = relationship(
        primaryjoin="foreign(Item.exemption_id) == Exemption.id", lazy="raise_on_sql", viewonly=True
    )

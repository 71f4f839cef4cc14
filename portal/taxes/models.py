"""Taxes as data: a rate has dates, so an invoice of last year finds last year's rate."""

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.taxes.naming import at_rate

FROM_THE_BEGINNING = date(2000, 1, 1)
_WITHOUT_RATE = ("zero", "exempt", "out_of_scope")
_BY_PERCENT = ("percent", "group", "withholding", "reverse_charge")


class Authority(Tenant, Base):
    """Who gets taxes, and under which number it knows the firm. Never deleted."""

    __tablename__ = "tax_authorities"
    __table_args__ = (referenced(), UniqueConstraint("organisation_id", "name"))

    name: Mapped[str] = mapped_column(String(100))
    registration_number: Mapped[str] = mapped_column(String(60), default="")
    description: Mapped[str] = mapped_column(String(200), default="")


class Tax(Tenant, Base):
    """One tax that may stand on a line. Kinds as in taxes.arithmetic, and `group`: its members, each by itself."""

    __tablename__ = "taxes"
    __table_args__ = (
        referenced(),
        belongs_to("taxes", "between_states_id"),
        belongs_to("tax_authorities", "authority_id"),
        UniqueConstraint("organisation_id", "name"),
        CheckConstraint(
            "kind IN ('percent', 'zero', 'exempt', 'out_of_scope', 'reverse_charge', 'withholding', 'fixed_per_unit',"
            " 'group')",
            name="kind",
        ),
    )

    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20), default="percent")
    authority_id: Mapped[int | None] = mapped_column(BigInteger)  # who gets it
    why: Mapped[str] = mapped_column(String(100), default="")  # a few words for the invoice line
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    between_states_id: Mapped[int | None] = mapped_column(BigInteger)  # what takes its place across the state's border
    ends_on: Mapped[date | None]  # the last day of its law

    rates: Mapped[list["TaxRate"]] = relationship(
        primaryjoin="Tax.id == foreign(TaxRate.tax_id)", order_by="TaxRate.valid_from", lazy="selectin"
    )

    members: Mapped[list["TaxGroupMember"]] = relationship(
        primaryjoin="Tax.id == foreign(TaxGroupMember.group_id)", order_by="TaxGroupMember.position", lazy="selectin"
    )

    @property
    def is_withheld(self) -> bool:
        """The customer pays it to the state: chosen for a whole draft, never for one line."""
        return self.kind == "withholding" or any(member.tax.kind == "withholding" for member in self.members)

    @property
    def per_unit(self) -> list["Tax"]:
        """Those of its parts that are so much for each unit, and no percentage."""
        parts = [member.tax for member in self.members] or [self]
        return [part for part in parts if part.kind == "fixed_per_unit"]

    def has_ended(self, tax_point: date) -> bool:
        """Whether the law knows this tax no more; a group ends with the first of its members."""
        own = self.ends_on is not None and self.ends_on < tax_point
        return own or any(member.tax.has_ended(tax_point) for member in self.members)

    def begins_after(self, tax_point: date) -> date | None:
        """The day its first rate begins, a group's with the last of its members; None where it has one by `tax_point`
        or needs none. Until then the zero of rate_on is no rate, and may not be charged."""
        if self.kind in _WITHOUT_RATE:
            return None
        parts = [member.tax.begins_after(tax_point) for member in self.members]
        own = min((rate.valid_from for rate in self.rates), default=None)
        return max((day for day in (own, *parts) if day is not None and day > tax_point), default=None)

    def rate_on(self, tax_point: date) -> Decimal:
        """Percent (money a piece for fixed_per_unit) in force on the day of supply; zero before the first rate began.

        Of a group, what its members' percentages add up to: for reading only, as each member is reckoned by itself.
        """
        if self.kind == "group":
            percents = [member.tax for member in self.members if member.tax.kind != "fixed_per_unit"]
            return sum((tax.rate_on(tax_point) for tax in percents), Decimal(0))
        begun = [rate for rate in self.rates if rate.valid_from <= tax_point]
        return max(begun, key=lambda rate: rate.valid_from).rate if begun else Decimal(0)

    def told_on(self, tax_point: date) -> str:
        """As papers of that day call it: by its name, with the rate of the day in place of another that it holds. What
        is withheld together is printed member by member, and its sum nowhere."""
        if self.members and self.is_withheld:
            return self.name
        return at_rate(self.name, self.rate_on(tax_point), "" if self.kind in _BY_PERCENT else self.kind)


class TaxGroupMember(Tenant, Base):
    """A tax in a group, for example the state's half. A compound one is reckoned on the price and those before it."""

    __tablename__ = "tax_group_members"
    __table_args__ = (
        belongs_to("taxes", "group_id"),
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("organisation_id", "group_id", "tax_id"),
        CheckConstraint("group_id <> tax_id", name="no_circle"),
    )

    group_id: Mapped[int] = mapped_column(BigInteger)
    tax_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int]
    is_compound: Mapped[bool] = mapped_column(default=False)

    tax: Mapped[Tax] = relationship(
        primaryjoin="foreign(TaxGroupMember.tax_id) == Tax.id", lazy="joined", viewonly=True, join_depth=1
    )


class TaxRate(Tenant, Base):
    """What a tax costs from one day on."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("organisation_id", "tax_id", "valid_from"),
        CheckConstraint("rate >= 0", name="rate"),
        Index("ix_tax_rates_valid_from", "valid_from"),
    )

    tax_id: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 6))  # percent, or money for one unit
    valid_from: Mapped[date]

    @property
    def since(self) -> str:
        """What is older than the first day that can be entered has no day."""
        return "from the beginning" if self.valid_from <= FROM_THE_BEGINNING else f"from {self.valid_from.isoformat()}"

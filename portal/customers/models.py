"""Who is billed: companies and persons, whom to ask for there, and where the work is done."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.shared import keys
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.taxes.standing.models import Exemption


class Customer(Tenant, Base):
    """A company or a person who is sent invoices."""

    __tablename__ = "customers"
    __table_args__ = (
        referenced(),
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("kind IN ('business', 'individual')", name="kind"),
        belongs_to("tax_exemptions", "exemption_id"),
        belongs_to("taxes", "tax_id"),
        *(Index(f"ix_customers_{key}", "organisation_id", key)
          for key in ("number_key", "name_key", "email_key", "phone_key", "tax_number_key")),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(12), default="business")
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    tax_number: Mapped[str] = mapped_column(String(40), default="")
    payment_terms_days: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(5), server_default="")  # of documents; empty: the firm's own
    notes: Mapped[str] = mapped_column(String(2000), default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    form_id: Mapped[str | None] = mapped_column(String(40))
    # How they stand for tax. The treatment in Zoho's words, empty where the tax number says enough.
    tax_treatment: Mapped[str] = mapped_column(String(40), default="", server_default="")
    place_of_supply: Mapped[str] = mapped_column(
        String(8), default="", server_default=""
    )  # unless the job says another
    accounts_for_tax: Mapped[bool] = mapped_column(default=False, server_default="false")  # domestic reverse charge
    tax_id: Mapped[int | None] = mapped_column(BigInteger)  # instead of the items' own, where addresses decide
    exemption_id: Mapped[int | None] = mapped_column(BigInteger)
    certificate: Mapped[str] = mapped_column(String(60), default="", server_default="")  # its number
    certificate_until: Mapped[date | None]
    # By these an index finds those that are like another record. PostgreSQL keeps them; they are never read.
    number_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.letters("number")), deferred=True)
    name_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.plain("name")), deferred=True)
    email_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.folded("email")), deferred=True)
    phone_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.digits("phone")), deferred=True)
    tax_number_key: Mapped[str | None] = mapped_column(Text, keys.kept(keys.letters("tax_number")), deferred=True)

    exemption: Mapped[Exemption | None] = relationship(
        primaryjoin="foreign(Customer.exemption_id) == Exemption.id", lazy="raise_on_sql", viewonly=True
    )
    contacts: Mapped[list["Contact"]] = relationship(
        primaryjoin="Customer.id == foreign(Contact.customer_id)", order_by="Contact.id", lazy="raise_on_sql"
    )
    addresses: Mapped[list["Address"]] = relationship(
        primaryjoin="Customer.id == foreign(Address.customer_id)", order_by="Address.id", lazy="raise_on_sql"
    )


class Contact(Tenant, Base):
    """A person at a customer."""

    __tablename__ = "contacts"
    __table_args__ = (referenced(), belongs_to("customers", "customer_id"))

    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    is_primary: Mapped[bool] = mapped_column(default=False)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Address(Tenant, Base):
    """Where a customer is billed, or where work is done."""

    __tablename__ = "addresses"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        CheckConstraint("use IN ('billing', 'service')", name="use"),
        Index("ix_addresses_customer", "organisation_id", "customer_id"),
    )

    customer_id: Mapped[int] = mapped_column(BigInteger)
    use: Mapped[str] = mapped_column(String(10))
    street: Mapped[str] = mapped_column(String(200), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(100), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    country: Mapped[str] = mapped_column(String(2), default="")

    @property
    def lines(self) -> list[str]:
        """As on an envelope, without the country."""
        place = " ".join(filter(None, [self.city, self.state, self.postal_code]))
        return [part for part in (self.street, place) if part]

    @property
    def one_line(self) -> str:
        return ", ".join(self.lines)

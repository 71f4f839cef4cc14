"""Jobs: what is to be done where, by whom and when, and what of it is billable. Statuses in Zoho FSM's words."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Item
from portal.customers.models import Address, Contact, Customer
from portal.people.models import Person
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.work_orders.shares import share_in_words

WORK_ORDER_STATUSES = (
    "New", "Scheduled Appointment", "In Progress", "Cannot Complete", "Completed", "Closed", "Cancelled",
)  # fmt: skip
APPOINTMENT_STATUSES = ("Scheduled", "Dispatched", "In Progress", "Completed", "Cancelled", "Cannot Complete")


class WorkOrder(Tenant, Base):
    """One job for one customer."""

    __tablename__ = "work_orders"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        belongs_to("addresses", "service_address_id", name="fk_work_orders_service_address"),
        belongs_to("addresses", "billing_address_id", name="fk_work_orders_billing_address"),
        belongs_to("contacts", "contact_id", name="fk_work_orders_contact"),
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint(f"status IN {WORK_ORDER_STATUSES}", name="status"),
        Index("ix_work_orders_status", "organisation_id", "status"),
    )

    number: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    notes: Mapped[str] = mapped_column(String(4000), default="")
    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    service_address_id: Mapped[int | None] = mapped_column(BigInteger)
    billing_address_id: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(30), default="New")
    non_billable_reason: Mapped[str] = mapped_column(String(200), default="")
    completed_at: Mapped[datetime | None]
    form_id: Mapped[str | None] = mapped_column(String(40))

    customer: Mapped[Customer] = relationship(
        primaryjoin="foreign(WorkOrder.customer_id) == Customer.id", lazy="raise_on_sql", viewonly=True
    )
    contact: Mapped[Contact | None] = relationship(
        primaryjoin="foreign(WorkOrder.contact_id) == Contact.id", lazy="raise_on_sql", viewonly=True
    )
    service_address: Mapped[Address | None] = relationship(
        primaryjoin="foreign(WorkOrder.service_address_id) == Address.id", lazy="raise_on_sql", viewonly=True
    )
    billing_address: Mapped[Address | None] = relationship(
        primaryjoin="foreign(WorkOrder.billing_address_id) == Address.id", lazy="raise_on_sql", viewonly=True
    )
    lines: Mapped[list["WorkOrderLine"]] = relationship(
        primaryjoin="WorkOrder.id == foreign(WorkOrderLine.work_order_id)",
        order_by="WorkOrderLine.position, WorkOrderLine.id", lazy="raise_on_sql",
    )  # fmt: skip
    appointments: Mapped[list["Appointment"]] = relationship(
        primaryjoin="WorkOrder.id == foreign(Appointment.work_order_id)",
        order_by="Appointment.starts_at", lazy="raise_on_sql",
    )  # fmt: skip

    @property
    def is_open(self) -> bool:
        return self.status not in ("Completed", "Closed", "Cancelled", "Cannot Complete")


class WorkOrderLine(Tenant, Base):
    """A service or part done or used on the job, at the price agreed. Whether it is billed, its claim says."""

    __tablename__ = "work_order_lines"
    __table_args__ = (
        referenced(),
        belongs_to("work_orders", "work_order_id"),
        belongs_to("catalogue_items", "item_id"),
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("kind IN ('service', 'part')", name="kind"),
        CheckConstraint("quantity > 0 AND unit_price >= 0", name="amounts"),
        CheckConstraint("(whole_id IS NULL) = (whole_quantity IS NULL)", name="whole"),
        Index("ix_work_order_lines_whole_id", "whole_id", postgresql_where=text("whole_id IS NOT NULL")),
    )

    work_order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    appointment_id: Mapped[int | None] = mapped_column(BigInteger)
    item_id: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(2000), default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    unit: Mapped[str] = mapped_column(String(20), default="")
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    non_billable_reason: Mapped[str] = mapped_column(String(200), default="")
    form_id: Mapped[str | None] = mapped_column(String(40))
    # A piece of a line that is billed bit by bit. The database lets all pieces come to no more than the whole.
    whole_id: Mapped[int | None] = mapped_column(BigInteger)
    whole_quantity: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))

    item: Mapped[Item | None] = relationship(
        primaryjoin="foreign(WorkOrderLine.item_id) == Item.id", lazy="raise_on_sql", viewonly=True
    )
    claim: Mapped["BillingClaim | None"] = relationship(
        primaryjoin="and_(WorkOrderLine.id == foreign(BillingClaim.work_order_line_id),"
        " BillingClaim.released_at == None)",
        lazy="raise_on_sql", viewonly=True, uselist=False,
    )  # fmt: skip

    @property
    def share(self) -> str:
        """30 % × 10 h; "" for a line in one piece."""
        return share_in_words(self.quantity, self.whole_quantity, self.unit) if self.whole_quantity else ""

    @property
    def billing_status(self) -> str:
        """Of this line, in Zoho FSM's words."""
        if self.non_billable_reason:
            return "Non Billable"
        return "Invoiced" if self.claim else "Not yet Invoiced"


class Appointment(Tenant, Base):
    """One visit by one technician."""

    __tablename__ = "appointments"
    __table_args__ = (
        referenced(),
        belongs_to("work_orders", "work_order_id"),
        belongs_to("people", "technician_id"),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint(f"status IN {APPOINTMENT_STATUSES}", name="status"),
        Index("ix_appointments_technician", "organisation_id", "technician_id", "starts_at"),
    )

    work_order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    technician_id: Mapped[int] = mapped_column(BigInteger)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(30), default="Scheduled")

    work_order: Mapped[WorkOrder] = relationship(
        primaryjoin="foreign(Appointment.work_order_id) == WorkOrder.id", lazy="raise_on_sql", viewonly=True
    )
    technician: Mapped[Person] = relationship(
        primaryjoin="foreign(Appointment.technician_id) == Person.id", lazy="raise_on_sql", viewonly=True
    )


class BillingClaim(Tenant, Base):
    """Says that a work-order line is on an invoice. One open claim per line: the database refuses a second."""

    __tablename__ = "billing_claims"
    __table_args__ = (
        belongs_to("work_order_lines", "work_order_line_id"),
        belongs_to("invoices", "invoice_id"),
        Index(
            "uq_billing_claims_open", "work_order_line_id", unique=True, postgresql_where=text("released_at IS NULL")
        ),
    )

    work_order_line_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    released_at: Mapped[datetime | None]

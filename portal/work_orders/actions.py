"""Verbs on jobs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.organisations import audit
from portal.organisations.numbering import next_number
from portal.shared import clock
from portal.work_orders import rules
from portal.work_orders.models import Appointment, WorkOrder, WorkOrderLine
from portal.work_orders.shares import CannotSplit, cut

# What follows a job's days in layers above: invoices appends what gives its drafts their day of supply.
ON_NEW_DAYS: list[Callable[[Session, WorkOrder], None]] = []
# And what follows where a job will not be done: payments asks for its deposit no more.
ON_CANCELLED: list[Callable[[Session, WorkOrder], None]] = []


@dataclass(frozen=True)
class Visit:
    technician_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class NewWorkOrder:
    title: str
    notes: str = ""
    visit: Visit | None = None
    items: list[tuple[Item, Decimal]] = field(default_factory=list)  # with quantities
    form_id: str | None = None


def create_work_order(session: Session, customer: Customer, new: NewWorkOrder) -> WorkOrder:
    """`customer` with contacts and addresses loaded. Does not commit."""
    organisation_id = customer.organisation_id
    use = {address.use: address.id for address in customer.addresses}
    work_order = WorkOrder(
        organisation_id=organisation_id, number=next_number(session, organisation_id, "work_order"),
        title=new.title, notes=new.notes, customer_id=customer.id,
        contact_id=customer.contacts[0].id if customer.contacts else None,
        service_address_id=use.get("service") or use.get("billing"),
        billing_address_id=use.get("billing") or use.get("service"),
        status="Scheduled Appointment" if new.visit else "New", form_id=new.form_id,
    )  # fmt: skip
    work_order.lines = [
        _line_of(organisation_id, item, quantity, position) for position, (item, quantity) in enumerate(new.items)
    ]
    work_order.appointments = [_appointment(organisation_id, new.visit)] if new.visit else []
    session.add(work_order)
    session.flush()
    audit.note(
        session,
        organisation_id,
        "work order created",
        "work_order",
        work_order.id,
        words=f"{work_order.number} created",
    )
    return work_order


def change_plan(session: Session, work_order: WorkOrder, plan: NewWorkOrder) -> None:
    """Title, notes and the last visit of a job read with its visits. Does not commit."""
    before = {"title": work_order.title, "notes": work_order.notes}
    work_order.title, work_order.notes = plan.title, plan.notes
    if plan.visit is not None:
        _move_visit(work_order, plan.visit)
    audit.note(
        session, work_order.organisation_id, "plan changed", "work_order", work_order.id, words="Plan changed",
        before=before, after={"title": plan.title, "notes": plan.notes},
    )  # fmt: skip
    _tell_days(session, work_order)


def _move_visit(work_order: WorkOrder, visit: Visit) -> None:
    if not work_order.appointments:
        work_order.appointments.append(_appointment(work_order.organisation_id, visit))
        work_order.status = "Scheduled Appointment" if work_order.status == "New" else work_order.status
        return
    last = work_order.appointments[-1]
    last.technician_id, last.starts_at, last.ends_at = visit.technician_id, visit.starts_at, visit.ends_at


def add_line(
    session: Session, work_order: WorkOrder, item: Item, quantity: Decimal, *, form_id: str | None
) -> WorkOrderLine:
    """`work_order` with its lines loaded. Raises WrongStep on a job that is over. Does not commit."""
    if work_order.status in ("Closed", "Cancelled"):
        raise rules.WrongStep(f"This job is {work_order.status}. Open a new one for more work.")
    if not item.is_active:
        raise rules.WrongStep(f"{item.name} is not offered any more. Choose something else from the catalogue.")
    position = max((line.position for line in work_order.lines), default=-1) + 1
    line = _line_of(work_order.organisation_id, item, quantity, position)
    line.form_id = form_id
    work_order.lines.append(line)
    session.flush()
    audit.note(
        session, work_order.organisation_id, "line added", "work_order", work_order.id, words=f"{item.name} added",
        after={"item": item.code, "quantity": str(quantity)},
    )  # fmt: skip
    return line


def change_quantity(session: Session, work_order: WorkOrder, line: WorkOrderLine, quantity: Decimal) -> None:
    """For a line that is on no invoice (the caller has checked). Raises NotEditable. Does not commit."""
    if line.whole_id is not None:
        raise rules.NotEditable("This is a share of a line, so it stays as it is. Add another line for more work.")
    before = line.quantity
    line.quantity = quantity
    audit.note(
        session, work_order.organisation_id, "quantity changed", "work_order", work_order.id,
        words=f"{line.name}: quantity changed", before={"quantity": str(before)}, after={"quantity": str(quantity)},
    )  # fmt: skip


def split_line(
    session: Session, work_order: WorkOrder, line: WorkOrderLine, percent: Decimal, currency: str, *,
    form_id: str | None,
) -> WorkOrderLine:  # fmt: skip
    """Cut a share off a line that was never billed (the caller has checked); the line keeps what is left.

    percent  of the whole line, however much of it is left
    Returns the share. Raises CannotSplit. Does not commit.
    """
    if line.non_billable_reason:
        raise CannotSplit("This line costs nothing, so there is nothing to bill of it.", field="percent")
    whole_id, whole = line.whole_id or line.id, line.whole_quantity or line.quantity
    quantity = cut(line.quantity, whole, line.unit_price, percent, currency)
    share = WorkOrderLine(
        organisation_id=line.organisation_id, work_order_id=line.work_order_id, appointment_id=line.appointment_id,
        item_id=line.item_id, position=line.position, kind=line.kind, name=line.name, description=line.description,
        quantity=quantity, unit=line.unit, unit_price=line.unit_price, tax_id=line.tax_id, form_id=form_id,
        whole_id=whole_id, whole_quantity=whole,
    )  # fmt: skip
    line.quantity, line.whole_id, line.whole_quantity = line.quantity - quantity, whole_id, whole
    session.add(share)
    session.flush()
    audit.note(
        session, work_order.organisation_id, "line split", "work_order", work_order.id,
        words=f"{line.name}: {share.share} to bill by itself",
        after={"share": str(quantity), "left": str(line.quantity)},
    )  # fmt: skip
    return share


def remove_line(session: Session, work_order: WorkOrder, line: WorkOrderLine) -> None:
    """For a line that was never billed (the caller has checked). Does not commit."""
    session.delete(line)
    audit.note(
        session, work_order.organisation_id, "line removed", "work_order", work_order.id,
        words=f"{line.name} removed", before={"name": line.name, "quantity": str(line.quantity)},
    )  # fmt: skip


def take_step(session: Session, work_order: WorkOrder, step: str) -> None:
    """start | complete | reopen | close | cancel, `work_order` with appointments. Raises WrongStep. Does not commit."""
    before = work_order.status
    work_order.status = rules.status_after(step, before)
    work_order.completed_at = clock.now() if step == "complete" else work_order.completed_at
    visit_status = {"start": "In Progress", "complete": "Completed", "cancel": "Cancelled", "reopen": "In Progress"}
    for appointment in work_order.appointments:
        appointment.status = visit_status.get(step, appointment.status)
    audit.note(
        session, work_order.organisation_id, f"work order: {step}", "work_order", work_order.id,
        words=work_order.status, before={"status": before}, after={"status": work_order.status},
    )  # fmt: skip
    _tell_days(session, work_order)
    for follow in ON_CANCELLED if work_order.status == "Cancelled" else ():
        follow(session, work_order)


def _tell_days(session: Session, work_order: WorkOrder) -> None:
    session.flush()
    for follow in ON_NEW_DAYS:
        follow(session, work_order)


def _line_of(organisation_id: int, item: Item, quantity: Decimal, position: int) -> WorkOrderLine:
    return WorkOrderLine(
        organisation_id=organisation_id, item_id=item.id, kind=item.kind, name=item.name,
        description=item.description, quantity=quantity, unit=item.unit, unit_price=item.unit_price,
        tax_id=item.tax_id, position=position,
    )  # fmt: skip


def _appointment(organisation_id: int, visit: Visit) -> Appointment:
    return Appointment(
        organisation_id=organisation_id, technician_id=visit.technician_id, starts_at=visit.starts_at,
        ends_at=visit.ends_at,
    )  # fmt: skip

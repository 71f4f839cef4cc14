"""Finding jobs. Technicians see the jobs they are sent to; those who see all work orders see all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.organisations.audit import timeline
from portal.organisations.models import AuditEntry
from portal.people.models import Person
from portal.shared.access import Viewer
from portal.shared.errors import NotFound
from portal.shared.money import Money
from portal.shared.text import anywhere
from portal.work_orders import rules
from portal.work_orders.models import Appointment, BillingClaim, WorkOrder, WorkOrderLine

PAGE_SIZE = 50


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The jobs that `viewer` may know of."""
    if viewer.may("see_all_work_orders"):
        return true()
    return exists().where(Appointment.work_order_id == WorkOrder.id, Appointment.technician_id == viewer.id)


def visits_on(session: Session, viewer: Viewer, day: date, time_zone: str) -> Sequence[Appointment]:
    """The viewer's own visits of one local day in order of time; of everybody, for those who see all jobs."""
    begins = datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)
    found = (
        select(Appointment)
        .where(Appointment.starts_at >= begins, Appointment.starts_at < begins + timedelta(days=1))
        .order_by(Appointment.starts_at, Appointment.id)
        .options(
            joinedload(Appointment.work_order).joinedload(WorkOrder.customer),
            joinedload(Appointment.work_order).joinedload(WorkOrder.service_address),
            joinedload(Appointment.technician),
        )
        .limit(200)
    )
    if not viewer.may("see_all_work_orders"):
        found = found.where(Appointment.technician_id == viewer.id)
    return session.scalars(found).all()


def get_work_order(session: Session, work_order_id: int, viewer: Viewer, *, lock: bool = False) -> WorkOrder:
    """With everything its page shows. Raises NotFound for a job that is not there or not the viewer's."""
    found = _whole().where(WorkOrder.id == work_order_id, visible_to(viewer))
    if lock:
        found = found.with_for_update(of=WorkOrder)
    work_order = session.scalars(found).unique().one_or_none()
    if work_order is None:
        raise NotFound
    return work_order


def job_of_line(session: Session, line_id: int) -> WorkOrder:
    """With everything that decides about its taxes; the caller has checked who asks."""
    of_line = select(WorkOrderLine.work_order_id).where(WorkOrderLine.id == line_id).scalar_subquery()
    return session.scalars(_whole().where(WorkOrder.id == of_line)).unique().one()


def _whole() -> Select[WorkOrder]:
    return select(WorkOrder).options(
        joinedload(WorkOrder.customer).joinedload(Customer.exemption), joinedload(WorkOrder.contact),
        joinedload(WorkOrder.service_address), joinedload(WorkOrder.billing_address),
        selectinload(WorkOrder.lines).options(
            joinedload(WorkOrderLine.claim), joinedload(WorkOrderLine.item).joinedload(Item.exemption)
        ),
        selectinload(WorkOrder.appointments).joinedload(Appointment.technician),
    )  # fmt: skip


def find_by_form(session: Session, form_id: str) -> WorkOrder | None:
    """The job that this form made before, when it comes a second time."""
    return session.scalars(select(WorkOrder).where(WorkOrder.form_id == form_id)).one_or_none()


@dataclass(frozen=True)
class Listed:
    """One row of the list: net is the price of all billable lines before tax, in major units."""

    work_order: WorkOrder
    customer_name: str
    billable: int
    billed: int
    net: Decimal
    starts_at: datetime | None

    @property
    def billing_status(self) -> str:
        return rules.billing_status(self.billable, self.billed, non_billable_reason=self.work_order.non_billable_reason)


def list_work_orders(
    session: Session, viewer: Viewer, *, search: str = "", state: str = "", page: int = 1
) -> tuple[list[Listed], bool]:
    """One page, newest first, and whether there is another. state: "" | open | unbilled | done."""
    counts = _line_counts()
    first_visit = (
        select(func.min(Appointment.starts_at))
        .where(Appointment.work_order_id == WorkOrder.id)
        .correlate(WorkOrder)
        .scalar_subquery()
    )
    found = (
        select(WorkOrder, Customer.name, counts.c.billable, counts.c.billed, counts.c.net, first_visit)
        .join(Customer, Customer.id == WorkOrder.customer_id)
        .outerjoin(counts, counts.c.work_order_id == WorkOrder.id)
        .where(visible_to(viewer), *_narrowed(search, state, counts.c.billable > counts.c.billed))
        .order_by(WorkOrder.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    rows = [Listed(w, name, billable or 0, billed or 0, net or Decimal(0), at)
            for w, name, billable, billed, net, at in session.execute(found)]  # fmt: skip
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


@dataclass(frozen=True)
class Unbilled:
    """Work that is done and on no invoice: jobs, their price before tax, and the day the oldest was finished."""

    jobs: int
    net: Decimal
    oldest: datetime | None


def unbilled_work(session: Session) -> Unbilled:
    counts = _line_counts()
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(counts.c.open_net), 0), func.min(WorkOrder.completed_at))
        .select_from(WorkOrder)
        .join(counts, counts.c.work_order_id == WorkOrder.id)
        .where(counts.c.billable > counts.c.billed, *_narrowed("", "unbilled", true()))
    ).one()
    return Unbilled(*row)


def technicians(session: Session) -> Sequence[Person]:
    """Whom a visit can be given to."""
    return session.scalars(select(Person).where(Person.is_active).order_by(Person.name)).all()


def _line_counts() -> Subquery:
    """Per job: billable lines, those on an invoice, the price of all and of the open ones."""
    price = WorkOrderLine.quantity * WorkOrderLine.unit_price
    return (
        select(
            WorkOrderLine.work_order_id,
            func.count().label("billable"),
            func.count(BillingClaim.id).label("billed"),
            func.sum(price).label("net"),
            func.sum(price).filter(BillingClaim.id.is_(None)).label("open_net"),
        )
        .outerjoin(
            BillingClaim,
            (BillingClaim.work_order_line_id == WorkOrderLine.id) & BillingClaim.released_at.is_(None),
        )
        .where(WorkOrderLine.non_billable_reason == "")
        .group_by(WorkOrderLine.work_order_id)
        .subquery()
    )


def _narrowed(search: str, state: str, has_open_lines: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search:
        pattern = anywhere(search)
        conditions.append(
            or_(
                WorkOrder.title.ilike(pattern),
                WorkOrder.number.ilike(pattern),
                Customer.name.ilike(pattern),
                Customer.number == search,
            )
        )
    if state == "open":
        conditions.append(WorkOrder.status.in_(("New", "Scheduled Appointment", "In Progress")))
    elif state == "unbilled":
        conditions += [
            WorkOrder.status.in_(("Completed", "Closed")),
            WorkOrder.non_billable_reason == "",
            has_open_lines,
        ]
    elif state == "done":
        conditions.append(WorkOrder.status.in_(("Completed", "Closed")))
    return conditions


@dataclass(frozen=True)
class Sums:
    """What a job comes to before tax: all of it that costs something, and what is on no invoice yet."""

    net: Money
    open_net: Money
    lines: dict[int, Money]


def sums_of(work_order: WorkOrder, currency: str) -> Sums:
    """Of a job read with its lines and their claims."""
    prices = {line.id: Money.rounded(line.quantity * line.unit_price, currency) for line in work_order.lines}
    charged = [line for line in work_order.lines if not line.non_billable_reason]
    return Sums(
        net=Money.total((prices[line.id] for line in charged), currency),
        open_net=Money.total((prices[line.id] for line in charged if not line.claim), currency),
        lines=prices,
    )


def events_of(session: Session, work_order: WorkOrder) -> Sequence[AuditEntry]:
    return timeline(session, "work_order", work_order.id)


def check_editable(session: Session, line: WorkOrderLine) -> None:
    """Raises NotEditable for a line that is, or ever was, on an invoice: what was billed stays as it was."""
    ever = session.scalars(select(BillingClaim.id).where(BillingClaim.work_order_line_id == line.id).limit(1)).first()
    if ever is not None:
        raise rules.NotEditable("This line has been billed, so it cannot be changed. Add another line instead.")

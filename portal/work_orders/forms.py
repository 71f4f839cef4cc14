"""The forms of a job."""

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.shared import clock
from portal.shared.forms import Form
from portal.work_orders.actions import NewWorkOrder, Visit
from portal.work_orders.models import WorkOrder

# what the button says → the status it leads to
STEPS = {
    "start": "In Progress", "complete": "Completed", "reopen": "In Progress", "close": "Closed", "cancel": "Cancelled",
}  # fmt: skip
LENGTHS = {"30": "30 minutes", "60": "1 hour", "90": "1½ hours", "120": "2 hours", "240": "4 hours", "480": "8 hours"}
MOST = Decimal(99_999)
_USUAL_TIME = "09:00"


@dataclass(frozen=True)
class Wanted:
    customer_id: int
    facts: NewWorkOrder
    form_id: str | None


def blank(customer_id: str, today: date) -> Form:
    day, form_id = today.isoformat(), uuid.uuid4().hex
    return Form(customer_id=customer_id, day=day, time=_USUAL_TIME, minutes="60", form_id=form_id)


def filled_with(work_order: WorkOrder, time_zone: str) -> Form:
    """The plan as it stands, of a job read with its visits."""
    form = Form(title=work_order.title, notes=work_order.notes, minutes="60", time=_USUAL_TIME)
    if work_order.appointments:
        visit = work_order.appointments[-1]
        begins = clock.local(visit.starts_at, time_zone)
        minutes = str(int((visit.ends_at - visit.starts_at).total_seconds() // 60))
        form.values |= {
            "technician_id": str(visit.technician_id), "day": begins.date().isoformat(), "time": f"{begins:%H:%M}",
            "minutes": minutes if minutes in LENGTHS else "60",
        }  # fmt: skip
    else:
        form.values["day"] = clock.today(time_zone).isoformat()
    return form


def read_plan(raw: Mapping[str, str], technician_ids: Collection[int], time_zone: str) -> tuple[Form, NewWorkOrder]:
    """The form with its errors, and the plan (to be used only when the form is ok)."""
    form = Form(raw)
    return form, NewWorkOrder(
        title=form.text("title", "what is to be done"),
        notes=form.text("notes", "notes", longest=4000, required=False, lines=True),
        visit=_read_visit(form, technician_ids, time_zone),
        form_id=form.text("form_id", "the form's id", longest=40, required=False) or None,
    )


def read_work_order(raw: Mapping[str, str], technician_ids: Collection[int], time_zone: str) -> tuple[Form, Wanted]:
    """The form with its errors, and what is wanted (to be used only when the form is ok)."""
    form, plan = read_plan(raw, technician_ids, time_zone)
    customer_id = form.record("customer_id", "a customer")
    return form, Wanted(customer_id or 0, plan, plan.form_id)


def read_quantity(form: Form) -> Decimal:
    return form.decimal("quantity", "a quantity", least=Decimal("0.001"), most=MOST, places=3)


def form_id_of(form: Form, work_order_id: int, item_id: int) -> str | None:
    """One page of the catalogue has one id; with the job's and the item's number it is one id per button on it."""
    page_id = form.text("form_id", "the form's id", longest=32, required=False)
    if not page_id:
        return None
    return hashlib.sha256(f"{page_id}:{work_order_id}:{item_id}".encode()).hexdigest()[:40]


def _read_visit(form: Form, technician_ids: Collection[int], time_zone: str) -> Visit | None:
    technician_id = form.record("technician_id", "a technician", required=False)
    if technician_id is None:
        _check_no_day(form, clock.today(time_zone))
        return None
    if technician_id not in technician_ids:
        form.errors["technician_id"] = "Choose a technician from the list."
    today = clock.today(time_zone)
    day = form.day("day", "the day", earliest=today - timedelta(days=366), latest=today + timedelta(days=1830))
    minutes = form.choice("minutes", "how long", LENGTHS, default="60")
    starts_at = _starts_at(form, day, time_zone)
    if starts_at is None:
        return None
    return Visit(technician_id, starts_at, starts_at + timedelta(minutes=int(minutes)))


def _check_no_day(form: Form, today: date) -> None:
    """A day that somebody has chosen is not thrown away unsaid; the one that the page begins with is."""
    given = form.values.get("day", "").strip(), form.values.get("time", "").strip()
    if given[0] and given != (today.isoformat(), _USUAL_TIME) and "technician_id" not in form.errors:
        form.errors["technician_id"] = "A visit needs somebody: choose who comes on that day, or leave the day empty."


def _starts_at(form: Form, day: date | None, time_zone: str) -> datetime | None:
    try:
        at = datetime.strptime(form.values.get("time", ""), "%H:%M").time()  # noqa: DTZ007  (a wall clock, zoned below)
    except ValueError:
        form.errors["time"] = "Enter the time like 09:30."
        return None
    return datetime.combine(day, at, ZoneInfo(time_zone)).astimezone(UTC) if day else None

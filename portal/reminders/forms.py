"""The form of a firm's reminders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from portal.reminders.models import ReminderPlan
from portal.reminders.rules import MOST_DAYS, MOST_STEPS, USUAL
from portal.shared.forms import Form

_USUAL_HOURS = (9, 18)


@dataclass(frozen=True)
class WantedPlan:
    is_on: bool
    days: list[int]
    from_hour: int
    until_hour: int
    words: str


def read_plan(raw: Mapping[str, str]) -> tuple[Form, WantedPlan]:
    """The form with its errors, and the plan (to be used only when the form is ok)."""
    form = Form(raw)
    is_on = form.values.get("is_on") == "yes"
    before, after = _days(form, "before", "days before"), _days(form, "after", "days after")
    on_the_day = [0] if form.values.get("on_the_day") == "yes" else []
    days = [-day for day in before] + on_the_day + after
    hours = [_hour(form, name, label) for name, label in (("from_hour", "the first hour"), ("until_hour", "the last"))]
    words = form.text("words", "your own words", longest=500, required=False, lines=True)
    if form.ok and hours[0] >= hours[1]:
        form.errors["until_hour"] = "The last hour must come after the first."
    if form.ok and len(days) > MOST_STEPS:
        form.errors["after"] = f"{MOST_STEPS} reminders are the most. Leave some days out."
    if form.ok and is_on and not days:
        form.errors["after"] = "Enter at least one day, or switch reminders off."
    return form, WantedPlan(is_on, days, hours[0], hours[1], words)


def filled_with(plan: ReminderPlan | None) -> Form:
    days = plan.days if plan else list(USUAL)
    from_hour, until_hour = (plan.from_hour, plan.until_hour) if plan else _USUAL_HOURS
    return Form(
        is_on="yes" if plan and plan.is_on else "", before=", ".join(str(-day) for day in reversed(days) if day < 0),
        on_the_day="yes" if 0 in days else "", after=", ".join(str(day) for day in days if day > 0),
        from_hour=str(from_hour), until_hour=str(until_hour), words=plan.words if plan else "",
    )  # fmt: skip


def _days(form: Form, name: str, label: str) -> list[int]:
    parts = [part for part in re.split(r"[,;\s]+", form.values.get(name, "").strip()) if part]
    if any(not re.fullmatch(r"[0-9]{1,3}", part) or not 1 <= int(part) <= MOST_DAYS for part in parts):
        form.errors[name] = f"Enter {label} as whole numbers from 1 to {MOST_DAYS}, like 7, 14."
        return []
    return sorted({int(part) for part in parts})


def _hour(form: Form, name: str, label: str) -> int:
    raw = form.values.get(name, "").strip()
    if not re.fullmatch(r"[0-9]{1,2}", raw) or int(raw) > 24:
        form.errors[name] = f"Enter {label} as a whole number from 0 to 24."
        return 0
    return int(raw)

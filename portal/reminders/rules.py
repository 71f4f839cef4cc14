"""Decisions about reminders on plain values."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

MOST_STEPS, MOST_DAYS = 8, 180
USUAL = (-3, 0, 7, 14)


def newest_step(days: Sequence[int], *, due_on: date, issued_on: date, started_on: date, today: date) -> int | None:
    """The step whose day came last, or None before the first. A newer step takes the place of one that was missed.

    None counts that fell on the day the invoice was sent, or before the firm began to remind.
    """
    reached = (
        step for step in days if issued_on < (day := due_on + timedelta(days=step)) and started_on <= day <= today
    )
    return max(reached, default=None)


def why_left_out(step: int, *, due_on: date, issued_on: date, started_on: date, today: date) -> str:
    """Of a step that was not taken: why it never will be, for staff; "" where it still can be."""
    day = due_on + timedelta(days=step)
    if day <= issued_on:
        return "The invoice itself went out on that day, or later"
    if day < started_on:
        return "That day was before your firm began to remind"
    return "That day is over" if day < today else ""


def is_awake(local: datetime, from_hour: int, until_hour: int) -> bool:
    """May the customer, whose clock says `local`, be written to?"""
    return from_hour <= local.hour < until_hour


def day_words(step: int) -> str:
    """3 days before it is due; on the due day; 7 days after."""
    if step == 0:
        return "on the due day"
    days = f"{abs(step)} day{'' if abs(step) == 1 else 's'}"
    return f"{days} before it is due" if step < 0 else f"{days} after it was due"

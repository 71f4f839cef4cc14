"""Decisions about jobs on plain values."""

from portal.shared.errors import RuleBroken

OPEN = ("New", "Scheduled Appointment", "In Progress")
_NEXT = {
    "start": (("New", "Scheduled Appointment"), "In Progress"),
    "complete": (("New", "Scheduled Appointment", "In Progress"), "Completed"),
    "reopen": (("Completed", "Cannot Complete"), "In Progress"),
    "close": (("Completed",), "Closed"),
    "cancel": (("New", "Scheduled Appointment"), "Cancelled"),
}


class WrongStep(RuleBroken):
    """The job is not at a point where this can be done."""


class LineGone(RuleBroken):
    """The line has been removed, or never was on this job."""


class NotEditable(RuleBroken):
    """The line cannot be changed any more."""


def status_after(step: str, status: str) -> str:
    """The status that `step` leads to. Raises WrongStep."""
    allowed, result = _NEXT[step]
    if status not in allowed:
        raise WrongStep(f"This job is {status}, so it cannot be changed that way. Reload the page to see where it is.")
    return result


def billing_status(billable: int, billed: int, *, non_billable_reason: str) -> str:
    """Of a whole work order, from how many of its billable lines are on an invoice."""
    if non_billable_reason or not billable:
        return "Non Billable" if non_billable_reason else "Not yet Invoiced"
    if not billed:
        return "Not yet Invoiced"
    return "Invoiced" if billed >= billable else "Partially Invoiced"

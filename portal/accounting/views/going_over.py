"""Going over to another organisation: from which day on, and what it means."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask import g, url_for
from sqlalchemy import func, select

from portal.accounting import belonging, link, rules
from portal.accounting.models import Consent, Link
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.planned.queries import open_plan
from portal.accounting.planned.rules import MOST_DAYS
from portal.accounting.views.sure import Asked
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.forms import Form
from portal.shared.web import request_session

_OUT_OF_REACH = "The first day must be from {earliest:%-d %b %Y} to {latest:%-d %b %Y}."
_ON = "%-d %b %Y"


def first_day(form: Form) -> date:
    """Raises CannotLink until the day is named."""
    today = clock.today(g.time_zone)
    return _day(form, today - timedelta(days=365), today + timedelta(days=MOST_DAYS))


def coming_day(form: Form) -> date:
    """The day that a plan is moved to. Raises CannotLink."""
    today = clock.today(g.time_zone)
    return _day(form, today, today + timedelta(days=MOST_DAYS))


def is_ahead(day: date) -> bool:
    """Does it wait for its day? What begins today or tomorrow, or began before, begins with comparing now."""
    return day > clock.today(g.time_zone) + timedelta(days=1)


def _day(form: Form, earliest: date, latest: date) -> date:
    day = form.day("cut_over_on", "the first day", earliest=date.min, latest=date.max)
    if day is None:
        example = clock.today(g.time_zone)
        raise link.CannotLink(f"Enter the first day as a date, like {example:%Y-%m-%d}.", field="cut_over_on")
    if not earliest <= day <= latest:
        raise link.CannotLink(_OUT_OF_REACH.format(earliest=earliest, latest=latest), field="cut_over_on")
    return day


def asked(live: Link, candidate: rules.Candidate, consent: Consent, day: date) -> Asked:
    """What is told before `live` is left for `candidate`."""
    old, new, told = live.remote_name, candidate.name, f"{day:%-d %b %Y}"
    before = (
        request_session().scalars(select(func.count()).where(Invoice.issued_on < day, ~belonging.stays(live.id))).one()
    )
    points = [
        f"Invoices dated from {told} on go to {new}, but for those that are in {old} already.",
        f"Invoices dated before stay in {old}, with their payments: so far {before:,}. Nothing is deleted there.",
        "Customers, items and taxes are compared with those there, and you decide. Nothing goes over before.",
        f"The permission for {old} is given back to Zoho. You can come back to it later.",
    ]
    plan = open_plan(request_session())
    if plan is not None:
        points.append(f"Going over to {plan.remote_name} on {plan.cut_over_on:{_ON}}, as planned, is called off.")
    back = url_for("accounting.choose", consent_id=consent.id)
    return Asked(f"Go over from {old} to {new}?", points, f"Yes, go over from {told} on", back)


def asked_ahead(live: Link, candidate: rules.Candidate, consent: Consent, day: date, *, is_new: bool) -> Asked:
    """What is told before a day in the future is set."""
    old, new, told = live.remote_name, candidate.name, f"{day:%-d %b %Y}"
    points = [
        f"Until {told} everything goes on to {old}, as now. Nothing goes to {new}.",
        *_on_the_day(old, new, told, is_by_itself=is_new),
        f"The permission for {new} is kept until then. Administrators are reminded by mail three days before, and the"
        " day before. The day can be changed, and all of it called off.",
    ]
    back = url_for("accounting.choose", consent_id=consent.id)
    return Asked(f"Go over from {old} to {new} on {told}?", points, f"Yes, plan it for {told}", back)


def asked_to_move(live: Link, plan: PlannedSwitch, day: date) -> Asked:
    old, new, told = live.remote_name, plan.remote_name, f"{day:%-d %b %Y}"
    points = [
        f"The books move to {new} on {told}, and no longer on {plan.cut_over_on:{_ON}}.",
        f"Invoices dated before {told} go to {old}, also those that waited. What is in {old} already stays there.",
    ]
    return Asked(f"Move the day to {told}?", points, f"Yes, move it to {told}", url_for("accounting.show"))


def asked_to_call_off(live: Link, plan: PlannedSwitch, waiting: int) -> Asked:
    old, new = live.remote_name, plan.remote_name
    points = [
        f"The books stay in {old}, and nothing goes to {new}. The permission for {new} is given back to Zoho.",
        "You can plan it again later; that begins with a new permission.",
    ]
    if waiting:
        points.append(f"Invoices that waited for the day: {waiting:,}. They go to {old} now, with their payments.")
    title = f"Call off going over to {new} on {plan.cut_over_on:{_ON}}?"
    return Asked(title, points, "Yes, call it off", url_for("accounting.show"), "danger")


def asked_now(live: Link, plan: PlannedSwitch, in_the_way: Sequence[str]) -> Asked:
    """The day has come, and a person decides."""
    old, new, told = live.remote_name, plan.remote_name, f"{plan.cut_over_on:%-d %b %Y}"
    points = [
        *in_the_way,
        f"{old} is left now. What has not reached it of what is dated before {told}, and what is paid of it later, is"
        " listed for you, to be entered there by hand.",
        f"Invoices dated from {told} on go to {new}, but for those that are in {old} already. Nothing goes there"
        " before you have compared both sides, where there is anything to compare.",
        f"The permission for {old} is given back to Zoho. You can come back to it later.",
    ]
    return Asked(f"Go over from {old} to {new} now?", points, "Yes, go over now", url_for("accounting.show"))


def _on_the_day(old: str, new: str, told: str, *, is_by_itself: bool) -> list[str]:
    begins = f"It is empty, so on {told} everything begins to go there by itself, once a test invoice came back equal."
    if not is_by_itself:
        begins = (
            f"On {told} you compare customers, items and taxes with those in {new}, and decide. If you went over to it"
            " before, it begins by itself, and only what is new on either side waits for that."
        )
    return [
        f"From {told} on invoices dated that day or later wait, with their payments and credit notes, until the books"
        f" have moved. They do not go to {old}; nothing of them is lost.",
        begins,
        f"What is dated before {told} goes on to {old} until then, and so does what is paid of it. Whatever is in {old}"
        " stays there.",
    ]

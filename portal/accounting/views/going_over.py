"""Going over to another organisation: from which day on, and what it means."""

from datetime import date, timedelta

from flask import g, url_for
from sqlalchemy import func, select

from portal.accounting import link, rules
from portal.accounting.models import Consent, Link
from portal.accounting.views.sure import Asked
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.forms import Form
from portal.shared.web import request_session

# Going over begins with comparing both sides, which people decide about: nobody could do it for them on a day to come,
# and from that day on nothing would reach either organisation until they have.
_LATER = (
    "Come back on {day:%-d %b %Y}, or the day before: going over begins with comparing your customers, items and taxes"
    " with the other organisation’s, and you decide. Until then everything goes on to {old}; waiting loses nothing."
)
_TOO_EARLY = "The first day must be from {earliest:%-d %b %Y} to {latest:%-d %b %Y}, which is tomorrow."


def first_day(form: Form, live: Link) -> date:
    """Raises CannotLink until the day is named."""
    today = clock.today(g.time_zone)
    earliest, latest = today - timedelta(days=365), today + timedelta(days=1)
    day = form.day("cut_over_on", "the first day", earliest=date.min, latest=date.max)
    if day is None:
        raise link.CannotLink(f"Enter the first day as a date, like {today:%Y-%m-%d}.", field="cut_over_on")
    if day < earliest:
        raise link.CannotLink(_TOO_EARLY.format(earliest=earliest, latest=latest), field="cut_over_on")
    if day > latest:
        raise link.CannotLink(_LATER.format(day=day, old=live.remote_name), field="cut_over_on")
    return day


def asked(live: Link, candidate: rules.Candidate, consent: Consent, day: date) -> Asked:
    """What is told before `live` is left for `candidate`."""
    old, new, told = live.remote_name, candidate.name, f"{day:%-d %b %Y}"
    before = request_session().scalars(select(func.count()).where(Invoice.issued_on < day)).one()
    points = [
        f"Invoices dated from {told} on go to {new}, but for those that are in {old} already.",
        f"Invoices dated before stay in {old}, with their payments: so far {before:,}. Nothing is deleted there.",
        "Customers, items and taxes are compared with those there, and you decide. Nothing goes over before.",
        f"The permission for {old} is given back to Zoho. You can come back to it later.",
    ]
    back = url_for("accounting.choose", consent_id=consent.id)
    return Asked(f"Go over from {old} to {new}?", points, f"Yes, go over from {told} on", back)

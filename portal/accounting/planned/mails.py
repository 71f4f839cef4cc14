"""What administrators are told by mail of going over on a day set in advance: before it, on it, and when it is done."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.accounting.planned import rules
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.setup import steps
from portal.messages.actions import queue_mail
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared.running import here

_ROLE = "administrator"
_BY_ITSELF = "It goes over by itself when the day begins."
_NOW_BY_ITSELF = "It goes over by itself as soon as that is so."
_WAITS = "Invoices dated from then on wait, with their payments; nothing is lost, and nothing of them goes to {old}."


def remind(session: Session, plan: PlannedSwitch, local: datetime, in_the_way: Sequence[str]) -> None:
    """Three days before, the day before, and each day from the day on while it waits. local: now, where
    the firm is. Does not commit."""
    occasion = rules.occasion(plan.cut_over_on, local)
    if not occasion:
        return
    old = session.get_one(Link, plan.link_id).remote_name
    has_come = plan.cut_over_on <= local.date()
    title = f"On {plan.cut_over_on:%-d %b %Y} the books move from {old} to {plan.remote_name}"
    if has_come:
        title = f"The books have not moved to {plan.remote_name} yet"
    told = list(in_the_way) or [_NOW_BY_ITSELF if has_come else _BY_ITSELF]
    _send(session, plan, f"{occasion}:{plan.cut_over_on}", title, [*told, _WAITS.format(old=old)])


def tell_moved(session: Session, plan: PlannedSwitch, link: Link) -> None:
    """Does not commit."""
    told = [f"Invoices dated from {plan.cut_over_on:%-d %b %Y} on go there."]
    if steps.begins_by_itself(link):
        told.append("A test invoice goes first; then everything follows by itself.")
    elif steps.is_open(link):
        told.append("Nothing goes over before you have compared both sides and started it.")
    else:
        told.append("Customers, items and taxes that are new on either side are compared first; the rest goes on.")
    _send(session, plan, "moved", f"The books have moved to {link.remote_name}", told)


def _send(session: Session, plan: PlannedSwitch, occasion: str, title: str, told: Sequence[str]) -> None:
    organisation = session.get_one(Organisation, plan.organisation_id)
    for person in session.scalars(select(Person).where(Person.role == _ROLE, Person.is_active)):
        text, html = render_mail(
            "books_move", lang=organisation.locale[:2], title=title, firm=organisation.name,
            phone=organisation.phone, person=person.name, told=told, link_url=f"{here().settings.public_url}/books",
        )  # fmt: skip
        queue_mail(
            session, organisation.id, once=f"books-move:{plan.id}:{occasion}:{person.id}", kind="warning",
            record="link", record_id=plan.link_id, to=person.email, reply_to=organisation.email,
            from_name=organisation.name, subject=title, text=text, html=html,
        )  # fmt: skip

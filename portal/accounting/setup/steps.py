"""Which steps of the set-up are done. They live in the link's row: a closed phone loses nothing, and back works."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.models import MODULES, Link
from portal.organisations import audit
from portal.shared import clock
from portal.shared.errors import RuleBroken

TAXES, FIELDS, MATCH, REHEARSAL, START = "taxes", "fields", "match", "rehearsal", "start"
STEPS = {
    TAXES: ("Taxes", "Compare yours with those in Zoho"),
    FIELDS: ("Modules and fields", "One way or both ways, and what goes where: the usual mapping is there already"),
    MATCH: ("First import", "Which customers and items are the same on both sides"),
    REHEARSAL: ("Rehearsal", "One test invoice goes over, is compared to the cent, and is void again"),
}
NEEDED = (TAXES, MATCH)
NEW = "new"  # of an organisation that was made for the firm, in which there was nothing
GOES_WHEN_NEEDED = Link.setup_steps.has_key("begun") & ~Link.setup_steps.has_key(NEW)  # a tax without a twin there
IS_OPEN = Link.setup_steps.has_key("begun") & ~Link.setup_steps.has_key(START)  # is_open(), asked of the database


class CannotStart(RuleBroken):
    """A step that must come first is open."""


@dataclass(frozen=True)
class Step:
    """One line of the set-up's page."""

    name: str
    title: str
    note: str
    is_done: bool
    is_needed: bool


def hold(session: Session, link: Link) -> None:
    """Nothing goes over before the existing organisation has been compared with ours. Does not commit."""
    directions.pause(session, link, *MODULES)


def is_open(link: Link) -> bool:
    """Is the set-up of this link still under way?"""
    return "begun" in link.setup_steps and START not in link.setup_steps


def begins_by_itself(link: Link) -> bool:
    """A new organisation, in which there was nothing to look at: it waits for nothing but its rehearsal."""
    return is_open(link) and MATCH in link.setup_steps and "match_read" not in link.setup_steps


def begin(session: Session, link: Link, *, is_new: bool) -> None:
    """First steps of a fresh link. A new organisation is empty: there is nothing to compare, and ours are its taxes.
    The rest follows once a rehearsal has come back equal."""
    link.setup_steps = {"begun": clock.now().isoformat()}
    hold(session, link)
    if is_new:
        link.setup_steps = link.setup_steps | {NEW: True}
        for step in NEEDED:
            finish(session, link, step)
        directions.resume(session, link, "tax")


def finish(session: Session, link: Link, step: str) -> None:
    """Once, however often it is pressed. Does not commit."""
    lock(session, link)
    if step in link.setup_steps:
        return
    link.setup_steps = link.setup_steps | {step: clock.now().isoformat()}
    if step == MATCH and directions.AGAIN in link.setup_steps:
        link.setup_steps = {name: at for name, at in link.setup_steps.items() if name != directions.AGAIN}
        directions.wake(session, link)
    words = f"Set-up: {STEPS[step][0].lower()} done" if step in STEPS else "Set-up finished: everything goes over"
    audit.note(session, link.organisation_id, f"set-up step {step}", "link", link.id, words=words)


def lock(session: Session, link: Link) -> None:
    """Two presses at the same moment come one after the other, and the second sees what the first has done."""
    session.flush()
    session.refresh(link, ["setup_steps", "importing"], with_for_update=True)


def start(session: Session, link: Link) -> None:
    """Let everything go over. Raises CannotStart. Does not commit."""
    lock(session, link)
    if START in link.setup_steps:
        return
    missing = [STEPS[step][0] for step in NEEDED if step not in link.setup_steps]
    if missing:
        raise CannotStart(f"Finish {' and '.join(missing)} first. Nothing has gone over yet.")
    directions.resume(session, link, *MODULES)
    finish(session, link, START)


def steps_of(link: Link) -> list[Step]:
    return [Step(name, title, note, name in link.setup_steps, name in NEEDED) for name, (title, note) in STEPS.items()]

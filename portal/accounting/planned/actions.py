"""Setting the day, changing it, calling it off, and what ends it. None of it commits."""

from datetime import date

from sqlalchemy.orm import Session

from portal.accounting import consents, directions, link, rules
from portal.accounting.models import Consent, Link
from portal.accounting.planned.models import CALLED_OFF, PlannedSwitch
from portal.accounting.planned.queries import open_plan
from portal.organisations import audit
from portal.shared import clock

_PLANNED = "Going over to {name} on {day:%-d %b %Y} is planned already. Change its day, or call it off first."
_CHANGED = "Somebody has changed the plan or called it off meanwhile. Look at it, then decide again."


def plan(
    session: Session, old: Link, consent: Consent, candidate: rules.Candidate, *, cut_over_on: date, is_new: bool,
    planned_by: int | None,
) -> PlannedSwitch:  # fmt: skip
    """`old` is left for `candidate` on that day. Another press with the same consent has done it. Raises CannotLink."""
    link.take_turn(session, old.organisation_id)
    session.refresh(consent, ["revoked_at"])
    live = link.hold(session)
    found = open_plan(session)
    if found is not None and found.consent_id == consent.id:
        return found
    refuse_a_second(found)
    if consent.revoked_at is not None:
        raise link.CannotLink("That permission was given back meanwhile. Connect again.")
    if live is None or live.id != old.id:
        raise link.CannotLink("Somebody else has changed the link meanwhile. Look at it, then choose again.")
    if live.consent_id == consent.id:
        link.refuse_a_second_use(live, candidate)
    link.refuse_a_second_owner(session, old.organisation_id, candidate)
    made = PlannedSwitch(
        organisation_id=old.organisation_id, link_id=old.id, consent_id=consent.id, product=candidate.product,
        remote_organisation_id=candidate.id, remote_name=candidate.name[:200], is_new=is_new, cut_over_on=cut_over_on,
        planned_by=planned_by, next_look_at=clock.now(), checked_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _note(session, made, "switch planned", f"On {cut_over_on:%-d %b %Y} the books move to {made.remote_name}")
    _wake(session, made)
    return made


def refuse_a_second(found: PlannedSwitch | None) -> None:
    """One plan at a time. Raises CannotLink."""
    if found is not None:
        raise link.CannotLink(_PLANNED.format(name=found.remote_name, day=found.cut_over_on), field="cut_over_on")


def change_day(session: Session, plan_id: int, was: str, day: date) -> PlannedSwitch:
    """was: the day that the person saw, as ISO date. Raises CannotLink."""
    found = held(session, plan_id, was)
    before, found.cut_over_on, found.next_look_at = found.cut_over_on, day, clock.now()
    _note(
        session, found, "planned switch moved",
        f"Going over to {found.remote_name} moved from {before:%-d %b %Y} to {day:%-d %b %Y}", was=before,
    )  # fmt: skip
    _wake(session, found)
    return found


def call_off(session: Session, plan_id: int, was: str) -> tuple[PlannedSwitch, list[consents.GivenUp]]:
    """What waited goes to the organisation of now. To be revoked at Zoho after the commit. Raises CannotLink."""
    found = held(session, plan_id, was)
    end(session, found, CALLED_OFF)
    given_up = consents.give_up(session.get_one(Consent, found.consent_id, with_for_update=True))
    _wake(session, found)
    return found, [given_up] if given_up else []


def permit(session: Session, consent: Consent, candidate: rules.Candidate) -> list[consents.GivenUp]:
    """A new permission for the organisation of the plan; the one before is to be given back. Raises CannotLink."""
    link.take_turn(session, consent.organisation_id)
    session.refresh(consent, ["revoked_at"])
    found = open_plan(session, is_locked=True)
    if found is None or candidate.id != found.remote_organisation_id or consent.revoked_at is not None:
        raise link.CannotLink(
            "This permission was for the organisation that you are about to go over to"
            f"{', ' + found.remote_name if found else ''}. Choose it, or connect again from the page of your books."
        )
    if found.consent_id == consent.id:
        return []
    before = session.get_one(Consent, found.consent_id, with_for_update=True)
    found.consent_id, found.problem, found.next_look_at = consent.id, "", clock.now()
    session.flush()
    _note(session, found, "planned switch permitted", f"New permission for {found.remote_name}")
    given_up = consents.give_up(before)
    return [given_up] if given_up else []


def held(session: Session, plan_id: int, was: str) -> PlannedSwitch:
    """The plan, as the person or the job saw it, and nobody else's turn meanwhile. Raises CannotLink."""
    seen = session.get(PlannedSwitch, plan_id)
    if seen is not None:
        link.take_turn(session, seen.organisation_id)
        link.hold(session)  # before any other row, as the workers do
    found = open_plan(session, is_locked=True)
    if found is None or found.id != plan_id or found.cut_over_on.isoformat() != was:
        raise link.CannotLink(_CHANGED)
    return found


def end(session: Session, found: PlannedSwitch, outcome: str) -> None:
    """Gone over is told by the switch itself."""
    found.ended_at, found.outcome = clock.now(), outcome
    session.flush()
    if outcome == CALLED_OFF:
        words = f"Going over to {found.remote_name} on {found.cut_over_on:%-d %b %Y} called off"
        _note(session, found, "planned switch called off", words)


def end_with(session: Session, old: Link, consent: Consent | None) -> None:
    """`old` has been left: by its plan, whose consent is used now, or by another way, which calls the plan off."""
    found = open_plan(session, is_locked=True)
    if found is not None and found.link_id == old.id:
        is_it = consent is not None and consent.id == found.consent_id
        end(session, found, "gone over" if is_it else CALLED_OFF)


def _wake(session: Session, found: PlannedSwitch) -> None:
    """What waits for the day is looked at again, and so is the plan."""
    directions.wake(session, session.get_one(Link, found.link_id))


def _note(session: Session, found: PlannedSwitch, action: str, words: str, was: date | None = None) -> None:
    audit.note(
        session, found.organisation_id, action, "link", found.link_id, words=words,
        before={"from": was.isoformat()} if was else None,
        after={"organisation": found.remote_organisation_id, "name": found.remote_name,
               "from": found.cut_over_on.isoformat()},
    )  # fmt: skip

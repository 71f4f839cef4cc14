"""The day of a plan: the workers look at it, and go over where nobody has to decide anything; or a person does.

Zoho is asked first, with no transaction open; then everything happens in one: whoever is killed before its commit has
changed nothing, and after it there is no plan any more.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounting import consents, in_doubt, link, proving, rules, switching
from portal.accounting.models import Consent, Link
from portal.accounting.planned import mails
from portal.accounting.planned import rules as planning
from portal.accounting.planned.actions import held
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.planned.queries import in_the_way, open_plan, why_not
from portal.accounting.setup import beginning, new_organisation
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import Quota
from portal.gateways.zoho.errors import ConsentLost
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session

_LOOK_TAKES = timedelta(minutes=5)  # whoever dies in it is followed after that
_ASK_ZOHO_EVERY = timedelta(hours=20)
_NOT_THERE = "{name} is not among the organisations that the permission for it opens. Connect it again."
_EXPIRED = "The trial of {name} has expired. Renew it in Zoho."
_LOST = "Zoho no longer accepts the permission for {name}. Connect it again."


@dataclass(frozen=True)
class Ready:
    """What Zoho says of the organisation that is gone over to. problem: why it cannot be, in a sentence."""

    candidate: rules.Candidate | None = None
    quota: Quota | None = field(default=None)
    is_empty: bool = False
    problem: str = ""


def look(organisation_id: int) -> None:
    """Ask Zoho, tell people, and go over when the day has come and nothing is in the way. Safe twice."""
    plan = _claim(organisation_id)
    if plan is None:
        return
    with job_session(organisation_id) as session:
        has_come, is_in_the_way = plan.cut_over_on <= _today(session), bool(in_the_way(session, plan))
    if plan.checked_at is None or plan.checked_at <= clock.now() - _ASK_ZOHO_EVERY or (has_come and not is_in_the_way):
        ready = ask(plan)
        _keep(plan, ready)
        if has_come and not ready.problem and not is_in_the_way and _go_over_by_itself(plan, ready):
            return
    with job_session(organisation_id) as session:
        plan = open_plan(session, is_locked=True)
        if plan is not None:
            mails.remind(session, plan, clock.local(clock.now(), _zone(session)), why_not(session, plan))
            plan.next_look_at = planning.next_look(plan.cut_over_on, _zone(session), clock.now())


def ask(plan: PlannedSwitch) -> Ready:
    """Can its organisation be gone over to? Calls Zoho, so no transaction may be open."""
    name = plan.remote_name
    with job_session(plan.organisation_id) as session:
        currency = session.scalars(select(Organisation.currency)).one()
        consent = session.get_one(Consent, plan.consent_id)
    try:
        offered = link.offered(plan.organisation_id, consent, currency)
        candidate = offered.find(plan.remote_organisation_id)
        if candidate is None:
            is_expired = plan.remote_organisation_id in offered.expired_ids
            return Ready(problem=(_EXPIRED if is_expired else _NOT_THERE).format(name=name))
        if candidate.obstacle:
            return Ready(problem=f"{name} cannot be gone over to. {candidate.obstacle}")
        quota = proving.check_base_currency(plan.organisation_id, consent, candidate)
        is_empty = plan.is_new and new_organisation.is_empty(consent, candidate)
    except ConsentLost:
        return Ready(problem=_LOST.format(name=name))
    except RuleBroken as problem:
        return Ready(problem=problem.sentence)
    except GatewayError as problem:
        return Ready(problem=problem.words)
    return Ready(candidate, quota, is_empty)


def go_over(session: Session, plan: PlannedSwitch, ready: Ready) -> tuple[Link, list[consents.GivenUp]]:
    """Leave the organisation of now for the one of the plan, as `ready` found it. Ask the old one before what it never
    answered (in_doubt). Consents to be revoked at Zoho after the commit. Raises CannotLink. Does not commit."""
    if ready.candidate is None:
        raise link.CannotLink(ready.problem)
    found = held(session, plan.id, plan.cut_over_on.isoformat())
    if found.consent_id != plan.consent_id or found.cut_over_on > _today(session):
        raise link.CannotLink("The plan was changed meanwhile. Look at it, then decide again.")
    tied, given_up = switching.switch(
        session, session.get_one(Link, found.link_id), session.get_one(Consent, found.consent_id), ready.candidate,
        cut_over_on=found.cut_over_on, connected_by=found.planned_by,
    )  # fmt: skip
    beginning.begin(session, tied, is_new=ready.is_empty)
    proving.note_quota(tied, ready.quota)
    mails.tell_moved(session, found, tied)
    return tied, given_up


def _go_over_by_itself(plan: PlannedSwitch, ready: Ready) -> bool:
    in_doubt.find_out(plan.organisation_id)
    try:
        with job_session(plan.organisation_id) as session:
            found = held(session, plan.id, plan.cut_over_on.isoformat())
            if in_the_way(session, found) or (found.is_new and not ready.is_empty):
                return False
            _, given_up = go_over(session, plan, ready)
    except link.CannotLink as problem:
        _keep(plan, Ready(problem=problem.sentence))
        return False
    consents.give_back(given_up)
    return True


def _claim(organisation_id: int) -> PlannedSwitch | None:
    """The plan, where it is time to look at it: for this worker alone."""
    with job_session(organisation_id) as session:
        now = clock.now()
        return session.scalars(
            update(PlannedSwitch)
            .where(PlannedSwitch.ended_at.is_(None), PlannedSwitch.next_look_at <= now)
            .values(next_look_at=now + _LOOK_TAKES)
            .returning(PlannedSwitch)
        ).one_or_none()


def _keep(plan: PlannedSwitch, ready: Ready) -> None:
    """What Zoho said, unless the plan was given another permission meanwhile. What is no longer empty is compared."""
    with job_session(plan.organisation_id) as session:
        found = open_plan(session, is_locked=True)
        if found is not None and found.id == plan.id and found.consent_id == plan.consent_id:
            found.checked_at, found.problem = clock.now(), ready.problem[:300]
            found.is_new = found.is_new and (ready.is_empty or bool(ready.problem))


def _today(session: Session) -> date:
    return clock.today(_zone(session))


def _zone(session: Session) -> str:
    return session.scalars(select(Organisation.time_zone)).one()

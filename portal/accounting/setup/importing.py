"""The first import at work: one step of it is one page read, or a few records taken over, each kept at once. For a new
organisation there is nothing to import: its step is the rehearsal, and then everything goes over. The rehearsal of an
existing one is the workers' too where its taxes are not there yet: they go first.

It is the workers' work, with the minute's calls that all of them share: nobody has to hold a page open, and a kill
costs nothing but the step it fell into.
"""

import logging

from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.mirror.lease import LeaseLost, Turn, held
from portal.accounting.mirror.remote import STOPS, Remote
from portal.accounting.models import Link
from portal.accounting.pull import cursors, taxes
from portal.accounting.setup import import_queries, reading, rehearsal, steps, taking
from portal.gateways.errors import GatewayError
from portal.shared import clock, queues
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session

log = logging.getLogger(__name__)

READ, TAKE, REHEARSE, REST = "read", "take", "rehearse", ""
_TAKEN_A_STEP = 10
_REASONS = "Each is shown under First import with the reason."


def go(session: Session, link: Link, what: str) -> None:
    """Have the workers read, take over, rehearse, or rest. Does not commit."""
    link.importing, link.import_problem = what, ""
    if what:
        queues.wake(session, "mirror", link.organisation_id)


def forget_refused(session: Session, link: Link) -> None:
    """Of those that could not be made one record, each has been decided. Does not commit."""
    if link.import_problem.endswith(_REASONS) and not import_queries.overview(session, link).undecided:
        link.import_problem = ""


def read_anew(session: Session, link: Link) -> None:
    """Have the workers look at Zoho once more; what people decided stays decided. Does not commit."""
    reading.forget(session, link.id)
    forgotten = (reading.READ, steps.MATCH)
    link.setup_steps = {name: at for name, at in link.setup_steps.items() if name not in forgotten}
    go(session, link, READ)


def compare_again(session: Session, link: Link) -> None:
    """An organisation that was linked before is linked once more. Customers, items and taxes that either side has added
    since are compared before any of ours is made there; the others go on. Does not commit."""
    if directions.AGAIN in link.setup_steps:
        return
    read_anew(session, link)
    link.setup_steps = link.setup_steps | {directions.AGAIN: clock.now().isoformat()}


def is_due(turn: Turn) -> bool:
    with held(turn) as session:
        return bool(session.get_one(Link, turn.link_id).importing)


def step(turn: Turn, remote: Remote) -> bool:
    """True when something was done, and there may be more."""
    with held(turn) as session:
        what = session.get_one(Link, turn.link_id).importing
    if not what:
        return False
    try:
        is_done = _WORK[what](turn, remote)
    except (LeaseLost, *STOPS):
        raise
    except (GatewayError, RuleBroken) as problem:
        _rest(turn, what, problem.words if isinstance(problem, GatewayError) else problem.sentence)
        return False
    except Exception:
        log.exception("import failed", extra={"organisation": turn.organisation_id})
        _rest(turn, what, "The portal stumbled over what it read. The fault is the portal's: tell whoever runs it.")
        return False
    if is_done:
        _finish(turn, what)
    return True


def _read(turn: Turn, remote: Remote) -> bool:
    """With an organisation that is linked once more, the taxes of both sides are looked at before the end."""
    is_done = reading.read_on(remote, turn.organisation_id, turn.link_id, most=1).is_done
    if is_done and _is_linked_again(turn):
        taxes.look(turn, remote)
    return is_done


def _is_linked_again(turn: Turn) -> bool:
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id)
        return directions.AGAIN in link.setup_steps and cursors.is_read(session, link.id, "tax")


def _take(turn: Turn, remote: Remote) -> bool:
    return taking.take_over(remote, turn.organisation_id, turn.link_id, most=_TAKEN_A_STEP) == 0


def _rehearse(turn: Turn, remote: Remote) -> bool:
    """Equal to the cent: everything goes over, where the organisation is new. Else people are told what differs, or
    that it was equal, and start it themselves."""
    with held(turn) as session:
        planned = rehearsal.plan(session, session.get_one(Link, turn.link_id))
    words = rehearsal.play(remote, planned)
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id, populate_existing=True)
        rehearsal.remember(session, link, planned, words)
        if words:
            link.import_problem = words[:300]
        elif steps.begins_by_itself(link):
            steps.start(session, link)
    return True


_WORK = {READ: _read, TAKE: _take, REHEARSE: _rehearse}


def _finish(turn: Turn, what: str) -> None:
    with held(turn) as session:
        link = session.get_one(Link, turn.link_id, populate_existing=True)
        if link.importing == what:
            link.importing = REST
        if what == TAKE:
            _end_taking(session, link)
        elif what == READ and directions.AGAIN in link.setup_steps and not import_queries.any_open(session, link):
            steps.finish(session, link, steps.MATCH)  # nobody added anything there: there is nothing to confirm


def _end_taking(session: Session, link: Link) -> None:
    """Those that could not be made one record come back to be decided; the step is done when there are none."""
    refused = import_queries.overview(session, link).undecided
    if refused:
        link.import_problem = f"{refused} could not be made one record. {_REASONS}"
    else:
        steps.finish(session, link, steps.MATCH)


def _rest(turn: Turn, what: str, words: str) -> None:
    """What was done so far stays; a person reads why it stopped, and presses again."""
    with job_session(turn.organisation_id) as session:
        link = session.get_one(Link, turn.link_id)
        if link.importing == what:
            link.importing, link.import_problem = REST, words[:300]

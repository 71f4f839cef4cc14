"""A firm whose modules are kept from both sides, and time that passes for it."""

from typing import Any

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.accounting.pull.models import PullCursor, Question
from portal.shared.running import job_session
from tests.portal.accounting.stand_in import LinkedFirm


def both_ways(linked: LinkedFirm, *modules: str) -> LinkedFirm:
    """Everything of the firm is there, these modules are kept from both sides, and a first look is over."""
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        for module in modules:
            directions.keep(session, linked.link(), module, "both")
    drain(linked.organisation_id)
    let_time_pass(linked)
    return linked


def let_time_pass(linked: LinkedFirm) -> None:
    """As if what is known had been known for a while: changes from now on carry later stamps. Reading is due."""
    linked.change("UPDATE mirror_records SET remote_modified_at = remote_modified_at - interval '1 hour'"
                  " WHERE state <> 'conflict'")  # fmt: skip
    look_soon(linked)


def look_soon(linked: LinkedFirm) -> None:
    linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp() WHERE next_look_at IS NOT NULL")
    linked.make_due()


def look(linked: LinkedFirm) -> None:
    look_soon(linked)
    drain(linked.organisation_id)


def act(linked: LinkedFirm, do: str, **body: Any) -> Any:
    return linked.zoho.act(linked.remote, do, body)


def cursor(linked: LinkedFirm, module: str) -> PullCursor:
    with job_session(linked.organisation_id) as session:
        return session.query(PullCursor).filter(PullCursor.module == module).one()


def questions(linked: LinkedFirm) -> list[Question]:
    with job_session(linked.organisation_id) as session:
        return session.query(Question).filter(Question.decision == "").order_by(Question.id).all()

"""The mail worker's job: send what is due."""

import logging

from portal.gateways.errors import GatewayError
from portal.invoices.sendings import tell_sender
from portal.messages import actions
from portal.messages.actions import TakenMessage
from portal.messages.models import Message
from portal.organisations import audit
from portal.reminders.actions import may_leave, take_due_steps
from portal.shared.running import job_session
from workers.papers import attached, keep_papers

log = logging.getLogger(__name__)


def look(organisation_id: int) -> None:
    """Make the papers, then send every mail that is due. One that fails never holds up the rest."""
    keep_papers(organisation_id)
    take_due_steps(organisation_id)
    while True:
        with job_session(organisation_id) as session:
            taken = actions.take_due(session)
        if not taken:
            return
        for message in taken:
            _try(organisation_id, message)


def _try(organisation_id: int, taken: TakenMessage) -> None:
    try:
        with job_session(organisation_id) as session:
            if not may_leave(session, taken.id):
                actions.cancel(session, taken.id)
                return
            papers = attached(session, organisation_id, taken.attachment)
            mail = actions.read_mail(session, taken.id, papers)
        actions.deliver(mail)
    except GatewayError as problem:
        _note_problem(organisation_id, taken, problem.words, retryable=problem.retryable)
    except Exception:
        log.exception("mail could not be sent", extra={"message_id": taken.id})
        _note_problem(organisation_id, taken, "Something in this mail cannot be sent.", retryable=True)
    else:
        with job_session(organisation_id) as session:
            message = actions.note_sent(session, taken.id)
            audit.note(
                session, organisation_id, "mail sent", message.record, message.record_id,
                words=f"{_what(message)} mailed to {message.to_address}",
            )  # fmt: skip


def _note_problem(organisation_id: int, taken: TakenMessage, words: str, *, retryable: bool) -> None:
    with job_session(organisation_id) as session:
        message = actions.note_problem(session, taken, words, retryable=retryable)
        if message.state == "failed":
            tell_sender(session, message)
            audit.note(
                session, organisation_id, "mail failed", message.record, message.record_id,
                words=f"{_what(message)} could not be mailed to {message.to_address}. {message.last_error}",
            )  # fmt: skip


def _what(message: Message) -> str:
    return message.kind.replace("_", " ").capitalize()

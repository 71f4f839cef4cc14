"""The mail worker's job: send the mails and text messages that are due."""

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from portal.gateways.errors import GatewayError
from portal.invoices.sendings import tell_sender
from portal.messages import actions, texts
from portal.messages.actions import TakenMessage
from portal.messages.models import Message
from portal.messages.rules import STAFF_TOLD, TO_STAFF
from portal.organisations import audit
from portal.reminders.actions import may_leave, take_due_steps
from portal.shared.running import job_session
from workers.papers import attached, keep_papers

log = logging.getLogger(__name__)

_DONE = {"email": "mailed", "sms": "texted"}


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
            send = _prepared(session, organisation_id, taken)
        remote_id = send()  # the only line that touches the network
    except GatewayError as problem:
        _note_problem(organisation_id, taken, problem.words, retryable=problem.retryable)
    except Exception:
        log.exception("message could not be sent", extra={"message_id": taken.id})
        _note_problem(organisation_id, taken, "Something in this message cannot be sent.", retryable=True)
    else:
        with job_session(organisation_id) as session:
            message = actions.note_sent(session, taken.id, remote_id)
            _tell(session, organisation_id, message)


def _tell(session: Session, organisation_id: int, message: Message) -> None:
    """On the timeline of what it is about."""
    if message.kind in TO_STAFF:
        action, words = STAFF_TOLD, f"{message.to_address} was told: {message.subject}"
    else:
        action, words = "mail sent", f"{_what(message)} {_DONE[message.channel]} to {message.to_address}"
    audit.note(session, organisation_id, action, message.record, message.record_id, words=words)


def _prepared(session: Session, organisation_id: int, taken: TakenMessage) -> Callable[[], str]:
    """What sends it with nothing of the database left open, and answers with the provider's id of a text message."""
    if taken.channel == "sms":
        given = texts.read_text(session, taken.id)
        if given is None:
            raise GatewayError("Text messages are not set up any more. Connect Twilio under Settings.", retryable=False)
        account, text = given
        return lambda: texts.deliver_text(account, text, is_repeat=taken.tries > 1)
    mail = actions.read_mail(session, taken.id, attached(session, organisation_id, taken.attachment))

    def send() -> str:
        actions.deliver(mail)
        return ""

    return send


def _note_problem(organisation_id: int, taken: TakenMessage, words: str, *, retryable: bool) -> None:
    with job_session(organisation_id) as session:
        message = actions.note_problem(session, taken, words, retryable=retryable)
        if message.state == "failed":
            tell_sender(session, message)
            action = STAFF_TOLD if message.kind in TO_STAFF else "mail failed"
            audit.note(
                session, organisation_id, action, message.record, message.record_id,
                words=f"{_what(message)} could not be {_DONE[message.channel]} to {message.to_address}. "
                f"{message.last_error}",
            )  # fmt: skip


def _what(message: Message) -> str:
    return message.kind.replace("_", " ").capitalize()

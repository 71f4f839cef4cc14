"""What leaves the house: a row in the transaction of what it tells of, sent later by the mail worker."""

import json
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Attachment, Mail
from portal.messages import rules
from portal.messages.models import Message
from portal.shared import clock, queues, running
from portal.shared.text import clean

PURPOSE = "message"  # what the seal on the words is for
_AT_ONCE = 20


@dataclass(frozen=True)
class TakenMessage:
    """A message that this worker has taken for one try. tries counts this one."""

    id: int
    tries: int
    channel: str = "email"
    attachment: str = ""


def queue_mail(
    session: Session, organisation_id: int, *, once: str, kind: str, record: str, record_id: int,
    to: str, reply_to: str, from_name: str, subject: str, text: str, html: str, attachment: str = "",
    sent_by: int | None = None,
) -> int | None:  # fmt: skip
    """Send a mail after commit. Its id, or None when this very mail was queued before. Does not commit.

    once    names the mail: the same name is sent once, whatever happens, for example receipt:41
    record  what it is about, with record_id: where its state is shown
    attachment  the paper to go with it, like invoice:12; fetched when it is sent
    sent_by     the person who hears of it when it cannot be delivered
    """
    return _queue(
        session, organisation_id,
        {
            "once": once, "kind": kind, "record": record, "record_id": record_id, "channel": "email", "to_address": to,
            "reply_to": reply_to, "from_name": clean(from_name)[:200], "subject": clean(subject)[:300],
            "body_sealed": _sealed(organisation_id, text, html), "attachment": attachment, "sent_by": sent_by,
        },
    )  # fmt: skip


def queue_text(
    session: Session, organisation_id: int, *, once: str, kind: str, record: str, record_id: int, to: str, words: str,
    subject: str, sent_by: int | None,
) -> int | None:  # fmt: skip
    """Send a text message after commit, as queue_mail does a mail. Does not commit.

    to  + and digits (E.164)
    subject  what it is, for lists: it is not sent
    """
    return _queue(
        session, organisation_id,
        {
            "once": once, "kind": kind, "record": record, "record_id": record_id, "channel": "sms", "to_address": to,
            "reply_to": "", "from_name": "", "subject": clean(subject)[:300],
            "body_sealed": _sealed(organisation_id, clean(words, lines=True), ""), "attachment": "", "sent_by": sent_by,
        },
    )  # fmt: skip


def send_once_more(session: Session, message: Message, to: str, *, sent_by: int) -> int | None:
    """A message that failed, word for word, to another address. Its id, or None when that was asked for before.

    Does not commit.
    """
    message.dealt_with_at = clock.now()
    again = {
        "once": f"again:{message.id}", "kind": message.kind, "record": message.record, "record_id": message.record_id,
        "channel": message.channel, "to_address": to, "reply_to": message.reply_to, "from_name": message.from_name,
        "subject": message.subject, "body_sealed": message.body_sealed, "attachment": message.attachment,
        "sent_by": sent_by,
    }  # fmt: skip
    return _queue(session, message.organisation_id, again)


def cancel(session: Session, message_id: int) -> None:
    """Not to be sent any more; nothing changes when it has gone already. Does not commit."""
    session.execute(
        update(Message).where(Message.id == message_id, Message.state == "waiting").values(state="cancelled")
    )


def _queue(session: Session, organisation_id: int, fresh: dict[str, object]) -> int | None:
    waiting = {"organisation_id": organisation_id, "state": "waiting", "attempts": 0, "last_error": "", "remote_id": ""}
    added = session.execute(_QUEUE, fresh | waiting)
    message_id: int | None = added.scalar_one_or_none()
    if message_id is not None:
        queues.wake(session, "mail", organisation_id)
    return message_id


def _sealed(organisation_id: int, text: str, html: str) -> str:
    body = json.dumps({"text": text, "html": html})
    return running.here().settings.vault.seal(body, organisation_id=organisation_id, purpose=PURPOSE)


# Built once: building it takes longer than running it.
_QUEUE = (
    insert(Message.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing(index_elements=["organisation_id", "once"])
    .returning(Message.__table__.c.id)
)


def take_due(session: Session) -> list[TakenMessage]:
    """Messages whose time has come, taken for one try each: others pass them by until that try counts as lost."""
    due = session.scalars(
        select(Message)
        .where(Message.state == "waiting", Message.next_try_at <= clock.now())
        .order_by(Message.next_try_at, Message.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    return [_take(message) for message in due if not _is_given_up(message)]


def read_mail(session: Session, message_id: int, attachments: tuple[Attachment, ...] = ()) -> Mail:
    """What to send. Raises CannotOpen when the key of its text is gone."""
    message = session.get_one(Message, message_id)
    settings = running.here().settings
    body = json.loads(
        settings.vault.open(message.body_sealed, organisation_id=message.organisation_id, purpose=PURPOSE)
    )
    return Mail(
        id=f"m{message.organisation_id}.{message.id}.{message.created_at:%Y%m%d%H%M%S}", sender=settings.mail_from,
        from_name=message.from_name, to=message.to_address, reply_to=message.reply_to, subject=message.subject,
        text=body["text"], html=body["html"], attachments=attachments,
    )  # fmt: skip


def deliver(mail: Mail) -> None:
    """The only line that touches the network. Raises GatewayError."""
    mail_gateway.send(running.here().settings.smtp_url, mail)


def note_sent(session: Session, message_id: int, remote_id: str = "") -> Message:
    """remote_id: by which a text message's provider tells later what became of it."""
    message = session.get_one(Message, message_id, with_for_update=True)
    if message.state == "waiting":  # the provider's word of the end may have come first
        message.state, message.sent_at, message.last_error, message.remote_id = "sent", clock.now(), "", remote_id
    return message


def note_problem(session: Session, taken: TakenMessage, words: str, *, retryable: bool) -> Message:
    """The state afterwards is `failed` when nothing more will be tried."""
    message = session.get_one(Message, taken.id)
    message.last_error = words[:300]
    if rules.is_given_up(taken.tries, retryable=retryable):
        message.state = "failed"
    return message


def _take(message: Message) -> TakenMessage:
    message.attempts += 1
    message.next_try_at = clock.now() + rules.wait_after(message.attempts)
    return TakenMessage(message.id, message.attempts, message.channel, message.attachment)


def _is_given_up(message: Message) -> bool:
    """True for one that has killed its worker each time, so that nobody could note a failure."""
    if message.attempts < rules.MOST_TRIES:
        return False
    message.state, message.last_error = "failed", message.last_error or "the worker died over it"
    return True

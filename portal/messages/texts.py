"""Text messages: by whose account they leave, and what the network says has become of them."""

import json
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import sms_gateway
from portal.gateways.sms_gateway import Account, Text
from portal.messages.actions import PURPOSE
from portal.messages.models import Message, SmsAccount
from portal.shared import clock
from portal.shared.running import here

TOKEN_PURPOSE = "sms_token"  # noqa: S105  (what the seal is for)


def sms_account(session: Session) -> SmsAccount | None:
    return session.scalars(select(SmsAccount)).one_or_none()


def keep_account(session: Session, organisation_id: int, *, sid: str, token: str, sender: str) -> SmsAccount:
    """The first, or in the place of the one before. Does not commit."""
    account = sms_account(session)
    if account is None:
        account = SmsAccount(organisation_id=organisation_id, sms_key=secrets.token_urlsafe(24))
        session.add(account)
    account.account_sid, account.sender = sid, sender
    account.token_sealed = here().settings.vault.seal(token, organisation_id=organisation_id, purpose=TOKEN_PURPOSE)
    return account


def twilio_base() -> str:
    return here().settings.twilio_api_base or sms_gateway.OWN_ADDRESS


def token_of(account: SmsAccount) -> str:
    vault = here().settings.vault
    return vault.open(account.token_sealed, organisation_id=account.organisation_id, purpose=TOKEN_PURPOSE)


def status_address(account: SmsAccount, message_id: int) -> str:
    """Where Twilio tells of one message; built from the configured address, as its signature covers it."""
    return f"{here().settings.public_url}/sms/{account.sms_key}/messages/{message_id}/status"


def read_text(session: Session, message_id: int) -> tuple[Account, Text] | None:
    """What to send, and by whose account; None where the firm has none any more. Raises CannotOpen."""
    account, message = sms_account(session), session.get_one(Message, message_id)
    if account is None:
        return None
    body = here().settings.vault.open(message.body_sealed, organisation_id=message.organisation_id, purpose=PURPOSE)
    sender = Account(twilio_base(), account.account_sid, token_of(account), account.sender)
    return sender, Text(message.to_address, json.loads(body)["text"], status_address(account, message_id))


def deliver_text(account: Account, text: Text, *, is_repeat: bool) -> str:
    """Twilio's id of the message. After a try whose answer nobody knows it looks first. Raises GatewayError."""
    found = sms_gateway.find(account, text) if is_repeat else None
    return found or sms_gateway.send(account, text)


def note_status(session: Session, message_id: int, remote_id: str, status: str, error: str) -> Message | None:
    """What became of a message, in Twilio's words. The message when it is now known to be lost. Does not commit.

    It may come before the answer to the sending has been noted, late, or twice: once the end is known, it stays so.
    """
    message = session.get(Message, message_id, with_for_update=True)
    if message is None or message.channel != "sms" or message.state not in ("waiting", "sent"):
        return None
    if message.remote_id not in ("", remote_id):
        return None
    if status in sms_gateway.DELIVERED:
        message.state, message.remote_id, message.sent_at = "delivered", remote_id, message.sent_at or clock.now()
    elif status in sms_gateway.LOST:
        code = f" ({error})" if error else ""
        message.state, message.remote_id = "failed", remote_id
        message.last_error = f"The phone network did not deliver it{code}."
        return message
    return None

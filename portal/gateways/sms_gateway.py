"""The only code that speaks to Twilio: text messages by its HTTP API of 2010-04-01.

From Twilio's public documentation: Messages resource, Accounts resource, "Validating requests" (Webhooks security).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from portal.gateways.errors import GatewayError

OWN_ADDRESS = "https://api.twilio.com"
# Twilio's words for the end of a message's way; those on the way there (accepted, queued, sending, sent) say no more.
DELIVERED, LOST = ("delivered", "read"), ("undelivered", "failed", "canceled")
_TIMEOUT_S = 10


@dataclass(frozen=True)
class Account:
    """Whose messages they are. sender: a number of theirs in E.164, or a messaging service (MG…)."""

    base: str
    sid: str
    token: str
    sender: str


@dataclass(frozen=True)
class Text:
    """One message. to in E.164 with its plus; tell: where Twilio posts what becomes of it."""

    to: str
    words: str
    tell: str


def check(account: Account) -> str:
    """The account's own name. Raises GatewayError, final for wrong credentials."""
    return str(_call("GET", account, ".json").get("friendly_name", ""))


def send(account: Account, text: Text) -> str:
    """Hand a message over; Twilio's id of it. Twilio knows no idempotency key: after an unknown answer, `find` first.

    Raises GatewayError, unknown where it may have been taken.
    """
    sender = "MessagingServiceSid" if account.sender.startswith("MG") else "From"
    fields = {"To": text.to, sender: account.sender, "Body": text.words, "StatusCallback": text.tell}
    return str(_call("POST", account, "/Messages.json", data=fields)["sid"])


def find(account: Account, text: Text) -> str | None:
    """Twilio's id of the very same words to the same number among the newest messages, but for such as were lost.

    Raises GatewayError.
    """
    answer = _call("GET", account, "/Messages.json", params={"To": text.to, "PageSize": "50"})
    there = (each for each in answer.get("messages", []) if each.get("status") not in LOST)
    return next((str(each["sid"]) for each in there if each.get("body") == text.words), None)


def is_signed(token: str, url: str, fields: Mapping[str, str], signature: str) -> bool:
    """Was this callback sent by who knows the token? url as Twilio was told it."""
    words = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    own = base64.b64encode(hmac.new(token.encode(), words.encode("utf-8", "replace"), hashlib.sha1).digest())
    return hmac.compare_digest(own, signature.encode("utf-8", "replace"))


def _call(method: str, account: Account, path: str, **more: Any) -> dict[str, Any]:
    url = f"{account.base}/2010-04-01/Accounts/{account.sid}{path}"
    try:
        answer = requests.request(
            method, url, auth=(account.sid, account.token), timeout=_TIMEOUT_S, allow_redirects=False, **more
        )
        said: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError) as problem:
        raise GatewayError("Twilio did not answer.", retryable=True, unknown=True) from problem
    if answer.status_code in (200, 201):
        return said
    raise _refused(answer.status_code, said)


def _refused(status: int, said: dict[str, Any]) -> GatewayError:
    code = str(said.get("code", ""))
    if status in (401, 403):
        return GatewayError("Twilio refuses the account's SID or token.", retryable=False, code=code)
    words = str(said.get("message", ""))[:120]
    is_passing = status == 429 or status >= 500
    return GatewayError(f"Twilio said: {code} {words}", retryable=is_passing, unknown=status >= 500, code=code)

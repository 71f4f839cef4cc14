"""Status callbacks: a form, signed over the address and every field with the account's token."""

import base64
import hashlib
import hmac
import threading
import time
from typing import Any

import requests

from sandbox.twilio.world import World

_EVERY_S = 1.0


def signature_of(token: str, url: str, fields: dict[str, str]) -> str:
    """The value of X-Twilio-Signature: HMAC-SHA1 over the address, then each field's name and value by name."""
    words = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), words.encode(), hashlib.sha1).digest()).decode()


def tell_all(world: World) -> list[int]:
    """Tell what became of every message that is under way: the status of each answer, 0 when nobody answered."""
    return [_tell(message, world.accounts.get(message["account_sid"], "")) for message in world.under_way()]


def tell_in_the_background(world: World) -> None:
    """As the network does: a moment after each message was taken."""

    def run() -> None:
        while True:
            time.sleep(_EVERY_S)
            tell_all(world)

    threading.Thread(target=run, name="twilio-telling", daemon=True).start()


def _tell(message: dict[str, Any], token: str) -> int:
    fields = {
        "MessageSid": message["sid"], "SmsSid": message["sid"], "MessageStatus": message["status"],
        "SmsStatus": message["status"], "To": message["to"], "From": message["from"],
        "AccountSid": message["account_sid"], "ApiVersion": "2010-04-01",
    }  # fmt: skip
    if message["error_code"]:
        fields["ErrorCode"] = str(message["error_code"])
    headers = {"X-Twilio-Signature": signature_of(token, message["callback"], fields)}
    try:
        return requests.post(message["callback"], data=fields, headers=headers, timeout=10).status_code
    except requests.RequestException:
        return 0

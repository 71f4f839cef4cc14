"""What Zoho's refusals mean, by their code, in words a bookkeeper understands, with the fix."""

import re

from portal.gateways.errors import GatewayError

TAKEN, OVERPAID = "1001", "24016"
LOCKED = "locked"  # our own word: which code comes with it is not known
GONE = ("5", "1002")  # of the record itself, or of one that it names
LOOKED_FOR = {TAKEN, "3062", OVERPAID}  # an earlier try of ours may have been heard
MINUTE_LIMIT, DAY_LIMIT, TOO_MANY_AT_ONCE = "44", "45", "1070"
_DAY_IS_OVER = (
    "Zoho's calls for today are used up, by the portal or by others who call it. What waits goes over by itself after"
    " midnight there."
)
THROTTLES = {MINUTE_LIMIT, DAY_LIMIT, TOO_MANY_AT_ONCE}
_NO_RESET_TOLD_S = 3600
SWITCHED_OFF, _LOOK_AGAIN_S = "6018", 1800
SWITCHED_OFF_WORDS = (
    "Zoho has switched the linked organisation off: its trial or plan has ended. Renew it in Zoho. Nothing is lost:"
    " what waits goes over within half an hour after that."
)

# zoho/API.md §4. Codes not named here keep Zoho's own sentence.
_WORDS = {
    "2": "Zoho does not accept a value of this record. Correct the field it names, then try again.",
    "4": "Zoho does not accept a value of this record. Correct the field it names, then try again.",
    "5": "Zoho no longer finds this record. Somebody may have deleted it there.",
    "15": "A text is longer than Zoho allows. Shorten the field it names, then try again.",
    "57": "The Zoho user who connected may not do this. Ask a Zoho administrator for the right, or connect again.",
    "1001": "Zoho already has another record with this number or name. Rename one of the two, then try again.",
    "1002": "Zoho no longer finds this record, or the customer, item or invoice it needs. Restore it in Zoho.",
    "1025": "Zoho misses a required value. Fill in the field it names, then try again.",
    "2006": "An item of this invoice is missing or inactive in Zoho. Make it active there, then try again.",
    "3009": "Zoho does not change an invoice to which credits were applied.",
    "3010": "Zoho does not change the customer of an invoice that has payments.",
    "3062": "Zoho already has another customer with this name. Rename one of the two, then try again.",
    "4001": "Zoho does not change an invoice that has payments.",
    "6041": "The linked Zoho organisation does not know the user who connected. Connect again with one of its users.",
    "12008": "Zoho does not change an invoice to which credits were applied.",
    "24016": "The payment is larger than what Zoho still finds open on the invoice. Compare both sides.",
}


# "Transaction locking": the documents tell of it without code or wording, so the sentence is what tells.
_LOCKED = re.compile(r"\b(locked|lock(ing)? date|locking period|clos(ed|ing) (date|period))\b", re.IGNORECASE)
_LOCKED_WORDS = (
    "The books are closed for this date. Ask the bookkeeper to unlock that period in Zoho, then try again; or take it"
    " back here and make it anew, dated today."
)


class Refused(GatewayError):
    """Zoho read the request and said no. Trying the same again changes nothing."""

    def __init__(self, code: str, message: str) -> None:
        is_locked = _LOCKED.search(message) is not None
        fix = _LOCKED_WORDS if is_locked else _WORDS.get(code, "")
        said = f"Zoho says: {message}" if message else f"Zoho's code is {code}."
        super().__init__(f"{fix} {said}".strip(), retryable=False, code=LOCKED if is_locked else code)
        self.message = message

    @property
    def is_clash(self) -> bool:
        """The name or number is taken, or the invoice is paid, perhaps by ourselves before an answer was lost."""
        return self.code in LOOKED_FOR or "already exist" in self.message.lower()


class Unreachable(GatewayError):
    """No connection: nothing was sent."""

    def __init__(self) -> None:
        super().__init__("Zoho cannot be reached at the moment.", retryable=True)


class Unanswered(GatewayError):
    """The request went out and no usable answer came back: Zoho may have done it all the same."""

    def __init__(self, what: str, code: str = "") -> None:
        super().__init__(f"Zoho did not answer clearly ({what}).", retryable=True, unknown=True, code=code)


class Throttled(GatewayError):
    """Zoho asks for a pause. Nothing was done."""

    def __init__(self, words: str, pause_s: float, code: str = "") -> None:
        super().__init__(words, retryable=True, code=code)
        self.pause_s = pause_s


class NotAuthorised(GatewayError):
    """401: the access token is dead, or the user lacks the right. A fresh token tells which."""

    def __init__(self, code: str) -> None:
        super().__init__(_WORDS["57"], retryable=False, code=code)


class ConsentLost(GatewayError):
    """The refresh token is gone: revoked at Zoho, or pushed out by twenty newer ones."""

    def __init__(self) -> None:
        super().__init__("Zoho no longer accepts this connection. Connect again.", retryable=False, code="invalid_code")


class Misconfigured(GatewayError):
    """Zoho does not know this installation as it is configured."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Zoho does not accept this installation's client ({code}). Whoever runs the portal must check"
            " ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and the redirect address in Zoho's API console.",
            retryable=False, code=code,
        )  # fmt: skip


def error_for(status: int, code: str, message: str, resets_in_s: float | None) -> GatewayError:
    """The error that an answer other than success means. The code counts as well as the status."""
    if code == SWITCHED_OFF:  # the whole organisation answers so, and may answer otherwise tomorrow
        return Throttled(SWITCHED_OFF_WORDS, _LOOK_AGAIN_S, code)
    if code in THROTTLES or status == 429:
        return _throttled(code, resets_in_s)
    if status == 401:
        return NotAuthorised(code)
    if status >= 500 or (status < 400 and not code):
        return Unanswered(f"HTTP {status}", code)
    return Refused(code or str(status), message)


def _throttled(code: str, resets_in_s: float | None) -> Throttled:
    if code == DAY_LIMIT:
        pause = resets_in_s if resets_in_s is not None else _NO_RESET_TOLD_S
        return Throttled(_DAY_IS_OVER, pause, code)
    if code == TOO_MANY_AT_ONCE:
        return Throttled("Zoho is working on too many requests at once.", 5, code)
    return Throttled("Zoho asks for a minute's pause.", 60, code)

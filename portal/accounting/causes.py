"""Why records are not in the books, sorted by what a person has to do about it. Pure."""

from dataclasses import dataclass

from portal.gateways.zoho.errors import GONE, OVERPAID


@dataclass(frozen=True)
class Cause:
    """title: what is so; fix: what to do, for all records of this cause; rank: the gravest first."""

    key: str
    title: str
    fix: str
    rank: int


_BY_STATE = {
    "conflict": Cause("conflict", "Changed on both sides", "Say which value counts.", 0),
    "waiting": Cause("waiting", "Waits for something else", "They follow by themselves when that is in the books.", 90),
}
_DIFFERS = Cause(
    "differs", "Comes to another amount in Zoho",
    "Compare both sides. Correct the rate or setting that differs, accept the difference, or void it.", 1,
)  # fmt: skip
_ONE_OR_TWO = Cause(
    "one or two", "Zoho may have it already", "Say under what is to be decided if both are one; it waits until then.",
    0,
)  # fmt: skip
_ELSEWHERE = Cause(
    "elsewhere", "Its money lies elsewhere in Zoho", "Compare the payment on both sides and correct it there.", 1
)
_TAKEN = ("1001", "3062")
_NUMBER_TAKEN = Cause(
    "number", "Zoho has another invoice with this number",
    "If it is the same invoice, compare both sides and say so there. If it is not, send ours under another number: the"
    " customer's copy keeps its own. Another prefix under Settings, Numbers, keeps both from counting alike.", 3,
)  # fmt: skip
_TOO_MUCH = Cause(
    "too much", "Zoho finds less open on the invoice than was paid here", "Press Decide beside it: each answer brings"
    " both sides to the same amounts.", 1,
)  # fmt: skip
_CUSTOMER_GONE = Cause(
    "customer gone", "Deleted or merged in Zoho", "Press Decide beside it, and say what becomes of what is new. What is"
    " this customer's waits until then.", 0,
)  # fmt: skip
_DELETED = Cause(
    "deleted there", "Deleted in Zoho", "Press Decide beside it: it is made there again, or ended here too.", 1
)  # fmt: skip
_NOTE_ELSEWHERE = Cause(
    "note elsewhere", "Its credit is elsewhere in Zoho", "Press Decide beside it: a person says where"
    " its credit counts.", 1,
)  # fmt: skip
_BY_CODES = {
    ("57", "6041"): Cause(
        "rights", "The Zoho user may not do this",
        "Give the user who connected the right in Zoho, or connect again as another user. Then try all again.", 2,
    ),
    _TAKEN: Cause(
        "taken", "Zoho has another record with this name or number", "Rename one of the two, then try again.", 3
    ),
    ("5", "1002", "2006"): Cause(
        "gone", "Missing or inactive in Zoho",
        "Make it active there, or restore it. Then try again.", 4,
    ),
    ("2", "4", "15", "1025", "1038"): Cause(
        "value", "Zoho does not accept a value", "Open the record, correct what is named, and save it.", 5
    ),
    ("24016",): Cause(
        "open", "Zoho finds less open on the invoice than was paid here",
        "Compare both sides. Try again, and you are asked what becomes of it.", 1,
    ),
    ("3009", "3010", "4001", "12008"): Cause(
        "settled", "Zoho has payments or credits on it", "Open it on both sides and correct the one that is wrong.", 6
    ),
    ("locked",): Cause(
        "locked", "The books are closed for this date",
        "Ask the bookkeeper to unlock that period in Zoho, then try again. A payment or a credit note that is not there"
        " yet can be dated today in Zoho instead; here it keeps its date.", 2,
    ),
    ("totals",): Cause(
        "note differs", "Comes to another amount or tax in Zoho",
        "Correct it in Zoho, then try again; or accept the difference under What happened. It stays off its invoice"
        " there until then.", 1,
    ),
    ("portal",): Cause("portal", "A fault of the portal", "Tell whoever runs it. Nothing is lost.", 7),
}  # fmt: skip
_OTHER = Cause("refused", "Zoho refused it", "Read what Zoho says, correct the record, then try again.", 8)
_OF_CODE = {code: cause for codes, cause in _BY_CODES.items() for code in codes}


def cause_of(module: str, state: str, code: str) -> Cause:
    """code: Zoho's, "portal", or "" where there was no answer."""
    if state == "mismatch":
        return _DIFFERS if module == "invoice" else _ELSEWHERE
    if module == "invoice" and state == "failed" and code in _TAKEN:
        return _NUMBER_TAKEN
    if state == "conflict" and code in GONE and module in ("invoice", "payment", "credit_note"):
        return _DELETED
    if state == "conflict" and code in GONE:
        return _CUSTOMER_GONE
    if (module, state) == ("credit_note", "conflict"):
        return _NOTE_ELSEWHERE
    if (state, code) == ("conflict", OVERPAID):
        return _TOO_MUCH
    if (module, state) == ("payment", "conflict"):
        return _ONE_OR_TWO
    if state in _BY_STATE:
        return _BY_STATE[state]
    if not code:
        return Cause("silent", "Zoho gave no clear answer", "Look there for the record, then try again.", 2)
    return _OF_CODE.get(code, _OTHER)


_LABELS = {
    "tax": ("Tax", "Tax group"), "customer": ("Customer",), "item": ("Service", "Part"), "invoice": ("Invoice",),
    "payment": ("Payment",), "credit_note": ("Credit note",), "tax_rate": ("Tax", "Tax group"),
}  # fmt: skip


DATED = ("payment", "credit_note")  # an issued invoice keeps its date: it is the customer's paper


def may_be_dated_today(module: str, state: str, code: str, *, is_there: bool, is_today: bool) -> bool:
    """What is in a closed period already, stays there; what has today's date already gains nothing by it."""
    return module in DATED and state == "failed" and code == "locked" and not is_there and not is_today


def may_go_beside(module: str, state: str, code: str, *, is_there: bool) -> bool:
    """Zoho has given an invoice's number to another one."""
    return module == "invoice" and state == "failed" and code in _TAKEN and not is_there


def labels_of(module: str, name: str) -> list[str]:
    """Under which of these names others may wait for a record (mirror.source.Source.label)."""
    return [f"{label} {name}" for label in _LABELS[module]]

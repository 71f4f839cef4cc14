"""What each cause of drift is called, and what can be done about it."""

from collections.abc import Sequence

from portal.accounting.reconciliation import comparing

PUSH, TIE, RENUMBER, TAKE, LEAVE, ASK_AGAIN = "push", "tie", "renumber", "take", "leave", "ask again"
_BUTTONS = {
    PUSH: "Send ours again", TIE: "It is the same", RENUMBER: "Send ours under another number",
    TAKE: "Take theirs", LEAVE: "Leave it so",
    ASK_AGAIN: "Do not leave it so",
}  # fmt: skip

# cause → (heading, what to do)
WORDS = {
    comparing.MISSING_THERE: ("Not in Zoho", "It never arrived there. Send it again."),
    comparing.DELETED_THERE: (
        "Deleted in Zoho",
        "It was there and is gone. Send it again, or leave it if that was meant.",
    ),
    comparing.ASKED: (
        "You are asked about it",
        "It may be the same on both sides. Answer under what is to be decided; nothing is sent before.",
    ),
    comparing.MISSING_HERE: (
        "Only in Zoho",
        "Made there. Kept both ways, it comes here at the next look, or you are asked; else void it there, and make it"
        " here. Made on both sides, it would be there twice.",
    ),
    comparing.NOT_TIED: (
        "In both, but not known to be the same",
        "Zoho has a record with the same number. If it is the same, say so; nothing is sent.{other}",
    ),
    comparing.TWICE_THERE: (
        "Twice in Zoho",
        "A second record there has the same number. Void or delete the wrong one there.",
    ),
    comparing.OTHER_STATUS: ("Another status in Zoho", "One side is void or still a draft. Decide which is right."),
    comparing.KEPT_APART: (
        "Left as they are on both sides",
        "Somebody decided so. Sums differ by them for as long as the two sides do.",
    ),
    comparing.OTHER_NUMBER: ("Another number in Zoho", "It was renumbered. {correct}"),
    comparing.OTHER_DATE: ("Another date in Zoho", "Its date was changed. {correct}"),
    comparing.OTHER_TOTAL: ("Another total in Zoho", "{what} changed. {correct}"),
    comparing.OTHER_BALANCE: (
        "Another open amount in Zoho",
        "A payment or credit is on one side only. Look which one is missing.",
    ),
    comparing.OTHER_VALUES: (
        "Not the same in Zoho",
        "It was not the same when both were matched, or was changed there since. Say whose counts, or leave it so.",
    ),
    comparing.ONLY_THERE: (
        "In Zoho only",
        "That is no difference: Zoho may have its own. Take them over under First import, if they are yours, too.",
    ),
}
_FIXES = {
    comparing.MISSING_THERE: (PUSH,), comparing.DELETED_THERE: (PUSH,), comparing.NOT_TIED: (TIE,),
    comparing.OTHER_NUMBER: (PUSH,), comparing.OTHER_DATE: (PUSH,), comparing.OTHER_TOTAL: (PUSH,),
    comparing.OTHER_VALUES: (PUSH, TAKE, LEAVE),
}  # fmt: skip


_CHANGED = (comparing.OTHER_NUMBER, comparing.OTHER_DATE, comparing.OTHER_TOTAL)
_OTHER_NUMBER = " If it is not, ours can go beside it under a number of its own: the customer's copy stays as it is."
_AGAIN = "Send ours again, or correct it there."
_INVOICE_OF_THEIRS = (
    "Made there. Invoices that are made in Zoho do not come here: make it here, too, and void the one there; or keep it"
    " there alone."
)
_LEFT_ALONE = {
    "payment": "It was recorded in Zoho and is never written over from here: correct it there, or reverse ours.",
    "invoice": "It was made in Zoho and is never written over from here: correct it there, or void it.",
    "credit_note": "A credit note is never written over: correct it there.",
}


def fixes_of(cause: str, their_status: str = "", module: str = "", *, is_theirs: bool = False) -> tuple[str, ...]:
    """What can be done by a button; nothing where people must look. A draft there can be sent again; what is void there
    is a person's decision. A credit note that is there is never written over, nor is a payment that was recorded there,
    or an invoice that was made there (is_theirs)."""
    if cause in _CHANGED and (module == "credit_note" or is_theirs):
        return ()
    if cause == comparing.OTHER_STATUS and their_status != comparing.VOID:
        return (PUSH,)
    if cause == comparing.NOT_TIED and module == "invoice":
        return TIE, RENUMBER
    is_left_void = module == "invoice" and their_status == comparing.VOID
    if cause == comparing.KEPT_APART and (is_left_void or module in ("customer", "item", "credit_note")):
        return (ASK_AGAIN,)
    return _FIXES.get(cause, ())


def advice_of(cause: str, module: str, fixes: Sequence[str]) -> str:
    """What to do about such a record, in words."""
    if (cause, module) == (comparing.MISSING_HERE, "invoice"):
        return _INVOICE_OF_THEIRS
    correct = _AGAIN if fixes else _LEFT_ALONE.get(module, _AGAIN)
    other = _OTHER_NUMBER if RENUMBER in fixes else ""
    what = "Its amount was" if module == "payment" else "Its lines or taxes were"
    return WORDS[cause][1].format(what=what, correct=correct, other=other)


def button_of(fix: str) -> str:
    return _BUTTONS[fix]

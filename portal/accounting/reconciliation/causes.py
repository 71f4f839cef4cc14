"""What each cause of drift is called, and what can be done about it."""

from portal.accounting.reconciliation import comparing

PUSH, TIE, LOOK = "push", "tie", "look"
_BUTTONS = {PUSH: "Send ours again", TIE: "It is the same"}

# cause → (heading, what to do)
WORDS = {
    comparing.MISSING_THERE: ("Not in Zoho", "It never arrived there. Send it again."),
    comparing.DELETED_THERE: (
        "Deleted in Zoho",
        "It was there and is gone. Send it again, or leave it if that was meant.",
    ),
    comparing.MISSING_HERE: (
        "Only in Zoho",
        "Somebody made it there, or it is lost here. Look at it, then void it there or make it here.",
    ),
    comparing.NOT_TIED: (
        "In both, but not known to be the same",
        "Zoho has a record with the same number. If it is the same, say so; nothing is sent.",
    ),
    comparing.TWICE_THERE: (
        "Twice in Zoho",
        "A second record there has the same number. Void or delete the wrong one there.",
    ),
    comparing.OTHER_STATUS: ("Another status in Zoho", "One side is void or still a draft. Decide which is right."),
    comparing.OTHER_NUMBER: ("Another number in Zoho", "It was renumbered. Send ours again, or rename it there."),
    comparing.OTHER_DATE: ("Another date in Zoho", "Its date was changed. Send ours again, or correct it there."),
    comparing.OTHER_TOTAL: (
        "Another total in Zoho",
        "Its lines or taxes were changed. Send ours again, or correct it there.",
    ),
    comparing.OTHER_BALANCE: (
        "Another open amount in Zoho",
        "A payment or credit is on one side only. Look which one is missing.",
    ),
}
_FIXES = {
    comparing.MISSING_THERE: PUSH, comparing.DELETED_THERE: PUSH, comparing.NOT_TIED: TIE,
    comparing.OTHER_NUMBER: PUSH, comparing.OTHER_DATE: PUSH, comparing.OTHER_TOTAL: PUSH,
}  # fmt: skip


def fix_of(cause: str, their_status: str = "", module: str = "") -> str:
    """push, tie or look. A draft there can be sent again; what is void there is a person's decision. A credit note
    that is there is never written over."""
    if module == "credit_note" and cause in (comparing.OTHER_NUMBER, comparing.OTHER_DATE, comparing.OTHER_TOTAL):
        return LOOK
    if cause == comparing.OTHER_STATUS and their_status != comparing.VOID:
        return PUSH
    return _FIXES.get(cause, LOOK)


def button_of(fix: str) -> str:
    return _BUTTONS.get(fix, "")

"""What a credit note comes to over there, and the tax of it, beside what it is here; and a difference between the two
that a person lives with."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from portal.accounting.agreement import comparison
from portal.accounting.agreement.comparison import Pair
from portal.accounting.mirror.push import UPDATE, Push
from portal.accounting.mirror.source import ComesTo
from portal.accounting.mirror.uses import GivenBack, There
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire

_ZERO = Decimal(0)
_CORRECT_IT = "Correct the credit note there, then try again; or accept the difference."
_DIFFERS, _ACCEPTED = "differs", "accepted"  # of what is kept of a note: Zoho's total and taxes, as they were met


def compare(record: MirrorRecord, push: Push, ours: ComesTo, answer: Mapping[str, Any]) -> str:
    """What is for people, in words. A difference of the total that Zoho's rounding explains gets a line of its own,
    once; of the tax within the same total, which no line mends, such a difference stays, as does one that a person has
    accepted for as long as Zoho's side is what it was then."""
    if push.act is not None or push.source.is_void:
        return ""
    theirs = wire.amount(answer.get("total"))
    left = ours.total - (theirs or _ZERO)
    met = _as_text(ours, answer)
    snapshot = {key: value for key, value in (record.snapshot or {}).items() if key not in ("rounding", _DIFFERS)}
    was_rounded = push.verb == UPDATE and "rounding" in (record.snapshot or {})
    is_accepted = snapshot.get(_ACCEPTED) == met
    can_be_rounded = not (was_rounded or is_accepted) and theirs is not None and abs(left) <= ours.roundings
    record.snapshot = snapshot | {"rounding": str(left)} if left and can_be_rounded else snapshot
    if is_accepted or (left and can_be_rounded):
        return ""
    said = "no total" if theirs is None else theirs.quantize(ours.total)
    words = f"Zoho comes to {said}; here it is {ours.total}." if left else _tax_that_differs(ours, answer)
    if not words:
        return ""
    # Whoever corrects it there changes what we know: read it again.
    record.snapshot = snapshot | {"there": None} | ({_DIFFERS: met} if theirs is not None else {})
    return f"{words} {_CORRECT_IT}"


def may_be_accepted(record: MirrorRecord) -> bool:
    """Is there a difference now, of which is known what Zoho comes to?"""
    return record.module == "credit_note" and record.state == "failed" and _DIFFERS in (record.snapshot or {})


def accept(record: MirrorRecord) -> None:
    """What was met there is no difference any more. Does not commit."""
    snapshot = dict(record.snapshot or {})
    snapshot[_ACCEPTED] = snapshot.pop(_DIFFERS)
    record.snapshot = snapshot


def within_their_total(
    record: MirrorRecord, more: Mapping[str, Decimal], there: There, given_back: Sequence[GivenBack]
) -> dict[str, Decimal]:
    """What of `more` (Zoho's invoice → how much) it can take: a note whose smaller total was accepted has not so much
    there as here."""
    accepted = (record.snapshot or {}).get(_ACCEPTED)
    if accepted is None:
        return dict(more)
    gone = sum((each.amount for each in given_back if each.reference in there.refunds), _ZERO)
    left = Decimal(accepted["total"]) - sum(there.applied.values(), _ZERO) - gone
    found = {}
    for at, amount in more.items():
        found[at] = min(amount, max(left, _ZERO))
        left -= found[at]
    return {at: amount for at, amount in found.items() if amount}


def _as_text(ours: ComesTo, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Zoho's total and taxes, as JSON keeps them."""
    theirs = comparison.as_text(comparison.their_figures(answer, like=ours.figures))
    return {"total": theirs["total"], "taxes": theirs["taxes"]}


def _tax_that_differs(ours: ComesTo, answer: Mapping[str, Any]) -> str:
    """The first that differs by more than rounding explains."""
    if ours.may_bear_others:
        return ""
    pairs = comparison.differences(ours.figures, comparison.their_figures(answer, like=ours.figures))
    taxes = [pair for pair in pairs if pair.kind == "tax"]
    return next(
        (_words(pair) for pair in taxes if abs(_amount(pair.ours) - _amount(pair.theirs)) > ours.of_each_tax), ""
    )


def _amount(printed: str) -> Decimal:
    return Decimal(printed or 0)


def _words(pair: Pair) -> str:
    if not pair.theirs:
        return f"Zoho takes back no {pair.name}; here it is {pair.ours}."
    if not pair.ours:
        return f"Zoho takes back {pair.name} of {pair.theirs}, which is not on this credit note here."
    return f"{pair.name} is {pair.theirs} in Zoho; here it is {pair.ours}."

"""What a credit note comes to over there, and the tax of it, beside what it is here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.accounting.agreement import comparison
from portal.accounting.agreement.comparison import Pair
from portal.accounting.mirror.push import UPDATE, Push
from portal.accounting.mirror.source import ComesTo
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire

_ZERO = Decimal(0)
_CORRECT_IT = "Correct the credit note there, then try again."


def compare(record: MirrorRecord, push: Push, ours: ComesTo, answer: Mapping[str, Any]) -> str:
    """What is for people, in words. A difference of the total that Zoho's rounding explains gets a line of its own,
    once; of the tax within the same total, which no line mends, such a difference stays."""
    if push.act is not None or push.source.is_void:
        return ""
    theirs = wire.amount(answer.get("total"))
    left = ours.total - (theirs or _ZERO)
    snapshot = {key: value for key, value in (record.snapshot or {}).items() if key != "rounding"}
    was_rounded = push.verb == UPDATE and "rounding" in (record.snapshot or {})
    can_be_rounded = not was_rounded and theirs is not None and abs(left) <= ours.roundings
    record.snapshot = snapshot | {"rounding": str(left)} if left and can_be_rounded else snapshot
    if left and can_be_rounded:
        return ""
    said = "no total" if theirs is None else theirs.quantize(ours.total)
    words = f"Zoho comes to {said}; here it is {ours.total}." if left else _tax_that_differs(ours, answer)
    if not words:
        return ""
    record.snapshot = snapshot | {"there": None}  # whoever corrects it there changes what we know: read it again
    return f"{words} {_CORRECT_IT}"


def _tax_that_differs(ours: ComesTo, answer: Mapping[str, Any]) -> str:
    """The first that differs by more than rounding explains."""
    if ours.figures is None:
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

"""What an organisation lacks of a payment or credit note, told from what it is known to have. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# new: it is not there at all, and pays this (or nothing yet); put, off: more or less of it pays an invoice than there;
# back, undo: money given back, and one that did not arrive; moved, returned: it counts in another organisation by now,
# and no longer; the rest are of an invoice. look: nobody knows.
NEW, PUT, OFF, BACK, UNDO, LOOK = "new", "put", "off", "back", "undo", "look"
MOVED, RETURNED = "moved", "returned"
INVOICE, VOID, WRITTEN_OFF, OWED = "invoice", "void", "written_off", "owed"
WHAT = (NEW, PUT, OFF, BACK, UNDO, MOVED, RETURNED, LOOK, INVOICE, VOID, WRITTEN_OFF, OWED)


@dataclass(frozen=True)
class Step:
    """One thing to enter, or one that was told before. Amounts in minor units; put: what it adds on the invoice."""

    what: str
    amount: int
    invoice_id: int | None = None
    put: int = 0
    reference: str = ""


@dataclass(frozen=True)
class Back:
    """Money of it that was given back; counts is False where it did not arrive."""

    reference: str
    amount: int
    counts: bool = True


@dataclass(frozen=True)
class Has:
    """What is there: whether it is there itself, our invoice → how much, the references of what was given back, and
    how much of it pays nothing there."""

    itself: bool = False
    applied: Mapping[int, int] = field(default_factory=dict)
    back: frozenset[str] = frozenset()
    free: int = 0


def lacking(
    wanted: Mapping[int, int], backs: Sequence[Back], unused: int, has: Has, told: Sequence[Step]
) -> list[Step]:  # fmt: skip
    """What is to be entered beside what was `told` before, entered or not.

    wanted  our invoice → how much of it pays that; unused: what is to pay nothing there, and was not given back. What
    pays nothing there beyond that counts in another organisation by now.
    """
    is_known = has.itself or any(step.what == NEW for step in told)
    if not is_known and not unused and not any(wanted.values()):
        return []  # it came and went while nobody there heard of it
    changed = _changed(wanted, has, told)
    steps = [_given_back(each, changed) for each in backs if each.counts != _is_back(each, has, told)]
    less = [Step(OFF, -amount, invoice_id, amount) for invoice_id, amount in sorted(changed.items()) if amount < 0]
    free = has.free + sum(_free_after(step) for step in [*told, *steps, *less])
    back_here = _returned(told, sum(amount for amount in changed.values() if amount > 0) + unused - free)
    free += sum(step.amount for step in back_here)
    more: list[Step] = []
    for invoice_id, amount in sorted(changed.items()):
        put = max(0, amount if has.itself else min(amount, free))  # it is there already, and pays nothing yet
        free -= put
        parts = (Step(PUT, put, invoice_id, put), Step(NEW, amount - put, invoice_id, amount - put))
        more += [step for step in parts if step.amount > 0]
    if free < unused and not has.itself:
        steps.append(Step(NEW, unused - free))
    elif free > unused:
        steps.append(Step(MOVED, free - unused))
    return [*less, *back_here, *more, *steps]


def _returned(told: Iterable[Step], missing: int) -> list[Step]:
    """Of what was said to count elsewhere, as much as is missing here."""
    away = sum({MOVED: 1, RETURNED: -1}.get(step.what, 0) * step.amount for step in told)
    return [Step(RETURNED, min(away, missing))] if min(away, missing) > 0 else []


def _free_after(step: Step) -> int:
    """By how much a step changes what was entered there and pays no invoice there."""
    if step.what == NEW:
        return step.amount if step.invoice_id is None else 0
    if step.what in (PUT, OFF):
        return -step.put
    if step.what in (MOVED, RETURNED):
        return step.amount if step.what == RETURNED else -step.amount
    return {BACK: -1, UNDO: 1}.get(step.what, 0) * (step.amount - abs(step.put))


def _changed(wanted: Mapping[int, int], has: Has, told: Iterable[Step]) -> dict[int, int]:
    """our invoice → how much more of it is to pay that than is there, or is to be entered already"""
    known = dict(has.applied)
    for step in told:
        if step.invoice_id is not None:
            known[step.invoice_id] = known.get(step.invoice_id, 0) + step.put
    return {each: wanted.get(each, 0) - known.get(each, 0) for each in {*wanted, *known}}


def _is_back(each: Back, has: Has, told: Iterable[Step]) -> bool:
    known = int(each.reference in has.back)
    for step in told:
        if step.reference == each.reference:
            known += {BACK: 1, UNDO: -1}.get(step.what, 0)
    return known > 0


def _given_back(each: Back, changed: dict[int, int]) -> Step:
    """With the invoice that it was taken off, so that this is not told a second time; takes it out of `changed`."""
    what, sign = (BACK, -1) if each.counts else (UNDO, 1)
    touched = sorted(changed.items(), key=lambda one: (-sign * one[1], one[0]))
    invoice_id, amount = touched[0] if touched else (None, 0)
    if invoice_id is None or amount * sign <= 0:
        return Step(what, each.amount, reference=each.reference)
    put = sign * min(each.amount, abs(amount))
    changed[invoice_id] = amount - put
    return Step(what, each.amount, invoice_id, put, each.reference)

"""How much of each line a credit note of a given sum takes back."""

from collections.abc import Sequence

from portal.invoices.credit_notes.rules import CannotCredit
from portal.shared.formats import money
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, Impossible, Policy, credit

_MOST_TRIES = 12


def parts_worth(
    worth: Money, invoice: Breakdown, policy: Policy, left: Sequence[Money], taken: Sequence[Money]
) -> dict[int, Money]:
    """Parts of the lines, each in proportion, whose note comes to exactly `worth` with its taxes.

    left, taken  of each line: what no note has taken back yet, and what was
    Raises CannotCredit where less is left, or where rounding leaves that very sum out.
    """
    whole = _worth(invoice, policy, left, taken)
    if worth == whole:
        return dict(enumerate(left))
    if not Money.zero(worth.currency) < worth < whole:
        raise CannotCredit(f"Only {money(whole)} of this invoice is left to credit.", field="then")
    parts = [Money(each.minor * worth.minor // whole.minor, each.currency) for each in left]
    for at in sorted(range(len(left)), key=lambda at: -abs(left[at].minor)):
        for _ in range(_MOST_TRIES):
            missing = (worth - _worth(invoice, policy, parts, taken)).minor
            if not missing:
                return dict(enumerate(parts))
            step = missing * left[at].minor // abs(whole.minor) or (1 if missing > 0 else -1)
            low, high = sorted((0, left[at].minor))
            moved = Money(max(low, min(high, parts[at].minor + step)), worth.currency)
            if moved == parts[at]:
                break
            parts[at] = moved
    raise CannotCredit(
        f"With its taxes no credit note of this invoice comes to exactly {money(worth)}. Choose another amount, or "
        "make the credit note on the invoice's own page.", field="then",
    )  # fmt: skip


def _worth(invoice: Breakdown, policy: Policy, parts: Sequence[Money], taken: Sequence[Money]) -> Money:
    """What such a note takes off what is to pay."""
    try:
        note = credit(invoice, policy, parts, taken if any(taken) else None)
    except Impossible as problem:
        raise CannotCredit("That is more than is left of a line.", field="then") from problem
    return note.total + note.withholding

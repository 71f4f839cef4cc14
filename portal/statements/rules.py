"""How old a debt is, on plain values."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from portal.shared.money import Money

# Days late, up to and with; None for everything beyond.
_AGES: tuple[tuple[str, int | None], ...] = (
    ("Not due yet", 0), ("1 to 30 days late", 30), ("31 to 60 days late", 60), ("61 to 90 days late", 90),
    ("More than 90 days late", None),
)  # fmt: skip


class Age(NamedTuple):
    """How much is owed for so long."""

    words: str
    amount: Money


def days_late(due_on: date | None, today: date) -> int:
    return max((today - due_on).days, 0) if due_on is not None else 0


def by_age(debts: Iterable[tuple[int, Money]], currency: str) -> Sequence[Age]:
    """Each debt as days late and amount. The ages that hold something, youngest first; together all that is owed."""
    sums = [Money.zero(currency) for _ in _AGES]
    for late, amount in debts:
        at = next(index for index, (_words, most) in enumerate(_AGES) if most is None or late <= most)
        sums[at] = sums[at] + amount
    return [Age(words, amount) for (words, _most), amount in zip(_AGES, sums, strict=True) if amount]

"""A credit note's lines, rounded together with those that bear the same taxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from portal.shared.money import Money
from portal.taxes.arithmetic.document import CHARGED, Breakdown, LineParts, Policy
from portal.taxes.arithmetic.rounding import rounded, share_out


@dataclass(frozen=True)
class Part:
    """So much of each of some lines, exactly, in minor units."""

    lines: Sequence[LineParts]
    shares: Sequence[Fraction]

    def discounts(self) -> list[Fraction]:
        return self._of(line.discount_share for line in self.lines)

    def nets(self) -> list[Fraction]:
        return self._of(line.net for line in self.lines)

    def bases(self, at: int) -> list[Fraction]:
        return self._of(line.bases[at] for line in self.lines)

    def taxes(self, at: int) -> list[Fraction]:
        return self._of(line.taxes[at] for line in self.lines)

    def _of(self, amounts: Iterable[Money]) -> list[Fraction]:
        return [amount.minor * share for amount, share in zip(amounts, self.shares, strict=True)]


@dataclass(frozen=True)
class Group:
    """What is credited of the lines and charges that bear the same taxes, in whole minor units.

    Bases of rows and the net are made of the same whole numbers, so they add up; and a note that leaves these lines
    alone moves no cent of theirs.
    taxes  of each row of taxes; only where prices include it, and it is rounded with the net
    """

    members: tuple[int, ...]
    discount: int
    net: int
    taxes: tuple[int, ...]
    bases: tuple[int, ...]

    def less(self, before: "Group") -> "Group":
        return replace(
            self, discount=self.discount - before.discount, net=self.net - before.net,
            taxes=tuple(one - other for one, other in zip(self.taxes, before.taxes, strict=True)),
            bases=tuple(one - other for one, other in zip(self.bases, before.bases, strict=True)),
        )  # fmt: skip


def group_of(
    invoice: Breakdown, policy: Policy, shares: Sequence[Fraction], taken: Sequence[Money], those: tuple[int, ...]
) -> Group:  # fmt: skip
    """Prices that include tax are shared out between the net and the taxes, so that nothing of them is lost."""
    part = Part([invoice.lines[at] for at in those], [shares[at] for at in those])
    discount = rounded(sum(part.discounts()), policy.rounding_mode)
    net, taxes = sum(taken[at].minor for at in those) - discount, [0] * len(invoice.taxes)
    if policy.price_includes_tax:
        charged = [at for at, row in enumerate(invoice.taxes) if row.kind in CHARGED]
        names = ["", *(f"{invoice.taxes[at].key} {invoice.taxes[at].rate}" for at in charged)]
        net, *amounts = share_out(net, [sum(part.nets()), *(sum(part.taxes(at)) for at in charged)], names)
        for at, amount in zip(charged, amounts, strict=True):
            taxes[at] = amount
    bases = (
        net if _is_the_net(part, at) else rounded(sum(part.bases(at)), policy.rounding_mode)
        for at in range(len(invoice.taxes))
    )
    return Group(those, discount, net, tuple(taxes), tuple(bases))


def lines_of(
    invoice: Breakdown, policy: Policy, wanted: Sequence[Money], now: Sequence[Fraction], note: Breakdown,
    groups: Sequence[Group],
) -> tuple[LineParts, ...]:  # fmt: skip
    """What a note takes of each line and charge, so that these come to its rows. Who is left alone has nothing in it.

    now     the share of each that the note takes
    groups  as far as the note takes them
    """
    rows = range(len(invoice.taxes))
    inside = [policy.price_includes_tax and row.kind in CHARGED for row in invoice.taxes]
    touched = [at for at, share in enumerate(now) if share]
    whole = Part([invoice.lines[at] for at in touched], [now[at] for at in touched])
    beside = {row: _shared(note.taxes[row].amount.minor, whole.taxes(row), touched) for row in rows if not inside[row]}
    found = [_nothing(money, len(invoice.taxes)) for money in wanted]
    for group in groups:
        those = [at for at in group.members if now[at]]
        part = Part([invoice.lines[at] for at in those], [now[at] for at in those])
        within = {row: _shared(group.taxes[row], part.taxes(row), those) for row in rows if inside[row]}
        discounts = _shared(group.discount, part.discounts(), those)
        stands_on = {
            row: _shared(group.bases[row], part.bases(row), those) for row in rows if not _is_the_net(part, row)
        }  # fmt: skip
        for at in those:
            net = wanted[at].minor - discounts[at] - sum(shares[at] for shares in within.values())
            found[at] = LineParts(
                wanted[at], Money(discounts[at], policy.currency), Money(net, policy.currency),
                tuple(Money(stands_on[row][at] if row in stands_on else net, policy.currency) for row in rows),
                tuple(Money((within if inside[row] else beside)[row][at], policy.currency) for row in rows),
            )  # fmt: skip
    return tuple(found)


def _is_the_net(part: Part, at: int) -> bool:
    """A tax that stands on the price, and on no other tax."""
    return all(line.bases[at] == line.net for line in part.lines)


def _shared(amount: int, exact: Sequence[Fraction], those: Sequence[int]) -> dict[int, int]:
    return dict(zip(those, share_out(amount, exact, those), strict=True))


def _nothing(total: Money, rows: int) -> LineParts:
    zero = Money.zero(total.currency)
    return LineParts(total, zero, total, (zero,) * rows, (zero,) * rows)

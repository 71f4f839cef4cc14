"""What the taxes on one line make of its price: each tax is a share of the net price and so much for each unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from portal.taxes.arithmetic.document import CHARGED, Impossible, LineTax


@dataclass(frozen=True)
class Factor:
    """tax = of_net × net price + per_unit × quantity, exactly. on: the taxes it is reckoned on, if compound."""

    tax: LineTax
    of_net: Fraction
    per_unit: Fraction
    on: tuple[LineTax, ...] = ()


@dataclass(frozen=True)
class Factors:
    """The charged taxes of one line, those first that others stand on."""

    each: tuple[Factor, ...]
    of_net: Fraction
    per_unit: Fraction


@lru_cache(maxsize=4096)
def factors_of(taxes: tuple[LineTax, ...]) -> Factors:
    """The factors of the charged ones among `taxes`. Raises Impossible, its path relative to the line."""
    found: dict[LineTax, Factor] = {}
    for tax in taxes:
        if tax.kind in CHARGED and not tax.compound:
            per_cent = tax.kind == "percent"
            rate = Fraction(tax.rate)
            found[tax] = Factor(tax, rate / 100 if per_cent else Fraction(0), Fraction(0) if per_cent else rate)
    waiting = [tax for tax in taxes if tax.kind in CHARGED and tax.compound]
    primary = tuple(found)
    while waiting:
        ready = [tax for tax in waiting if all(one in found for one in _stands_on(tax, taxes, primary))]
        if not ready:
            at = taxes.index(waiting[0])
            raise Impossible(f"taxes[{at}].base_includes", "the taxes stand on each other in a circle")
        for tax in ready:
            on = _stands_on(tax, taxes, primary)
            rate = Fraction(tax.rate) / 100
            found[tax] = Factor(
                tax,
                rate * (1 + sum(found[one].of_net for one in on)),
                rate * sum(found[one].per_unit for one in on),
                on,
            )
            waiting.remove(tax)
    each = tuple(found.values())
    zero = Fraction(0)
    return Factors(each, sum((one.of_net for one in each), zero), sum((one.per_unit for one in each), zero))


def _stands_on(tax: LineTax, taxes: tuple[LineTax, ...], primary: tuple[LineTax, ...]) -> tuple[LineTax, ...]:
    return included(tax, taxes) if tax.base_includes else primary


def included(tax: LineTax, taxes: Sequence[LineTax]) -> tuple[LineTax, ...]:
    """The charged taxes on the line that `tax` names in base_includes. Raises Impossible where one is missing."""
    for number, key in enumerate(tax.base_includes):
        if not any(one.key == key and one.kind in CHARGED and one != tax for one in taxes):
            raise Impossible(
                f"taxes[{list(taxes).index(tax)}].base_includes[{number}]", f"no other tax {key!r} is on this line"
            )
    return tuple(one for one in taxes if one.key in tax.base_includes and one.kind in CHARGED and one != tax)

"""Taxes that belong together: the halves of a group, and what takes a tax's place across a border.

In India GST18 is CGST9 and SGST9 within the state and IGST18 between states: no half stands alone, and a line bears
the one or the other by its place, whichever of them was named. In Mexico IVA 8% takes the place of IVA 16%.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from portal.taxes.models import Tax
from portal.taxes.regions.standing import standing_of


def at_home(tax: Tax, taxes: Mapping[int, Tax], country: str) -> Tax:
    """What stands for `tax` where nothing takes its place: for IGST18 and for CGST9 that is GST18."""
    asked = standing_of(country)
    if not asked.get("replaced_in") or tax.kind not in ("percent", "group"):
        return tax
    replaced = [each for each in taxes.values() if each.between_states_id == tax.id]
    if asked.get("in_halves") and tax.kind == "percent":
        replaced += [group for group in taxes.values() if any(member.tax_id == tax.id for member in group.members)]
    return min(replaced, key=_nearest, default=tax)


def is_whole(tax: Tax, country: str) -> bool:
    """Whether it is more than one half of a tax."""
    return tax.kind != "percent" or not standing_of(country).get("in_halves")


def stands_alone(tax: Tax, taxes: Mapping[int, Tax], country: str) -> bool:
    """Whether items may name it: not a half, nor what takes another one's place, nor what is withheld."""
    return not tax.is_withheld and at_home(tax, taxes, country) is tax


def moving_with(tax: Tax, taxes: Mapping[int, Tax], country: str) -> list[tuple[Tax, Decimal]]:
    """The others that a new rate of `tax` changes, each with how many times its rate: SGST9 once, IGST18 twice."""
    if not standing_of(country).get("in_halves"):
        return []
    group = at_home(tax, taxes, country)
    halves = halves_of([member.tax for member in group.members], country)
    whole = taxes.get(group.between_states_id or 0)
    if not halves:
        return []
    shares = {half.id: (half, Decimal(1)) for half in halves}
    if whole is not None and whole.kind == "percent":
        shares[whole.id] = (whole, Decimal(2))
    if tax.id not in shares:
        return []
    own = shares.pop(tax.id)[1]
    return [(each, share / own) for each, share in shares.values()]


def halves_of(members: Iterable[Tax], country: str) -> list[Tax]:
    """The two of a group that make up one tax, CGST9 and SGST9; a cess beside them is no half. None: it has no such."""
    asked = standing_of(country)
    others = [word.casefold() for word in asked.get("no_halves", ())]
    halves = [
        tax for tax in members
        if tax.kind == "percent" and not any(word in tax.name.casefold() for word in others)
    ]  # fmt: skip
    return halves if asked.get("in_halves") and len(halves) == 2 else []


def are_equal(one: Tax, other: Tax) -> bool:
    """On every day."""
    days = {rate.valid_from for rate in (*one.rates, *other.rates)}
    return all(one.rate_on(day) == other.rate_on(day) for day in days)


def borne_with(tax: Tax, taxes: Mapping[int, Tax], country: str) -> tuple[set[int], set[int]]:
    """The ids of what lines bear whose amount a new rate of `tax` moves, and of what items name to come to bear those.

    Items name GST18: CGST9 and SGST9 are its members, and IGST18 takes its place between states.
    """
    moved = {tax.id, *(other.id for other, _share in moving_with(tax, taxes, country))}
    borne = moved | {
        group.id for group in taxes.values() if any(member.tax_id in moved for member in group.members)
    }  # fmt: skip
    return borne, borne | {each.id for each in taxes.values() if each.between_states_id in borne}


def _nearest(tax: Tax) -> tuple[bool, int, int]:
    """In use, with the fewest others beside it, the oldest."""
    return not tax.is_active, len(tax.members), tax.id

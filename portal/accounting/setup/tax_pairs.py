"""Which of Zoho's taxes is which of ours: by name and rate, by their members, by a rate that only one has."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from portal.accounting.setup.tax_reading import EXEMPTION, GROUP, TAX, TheirTax
from portal.taxes.models import Tax


def pair(ours: Sequence[tuple[int, str, Decimal]], theirs: Sequence[TheirTax]) -> dict[int, TheirTax]:
    """our id → theirs: the same name and rate; else the only simple one of that rate on both sides."""
    simple = [their for their in theirs if their.kind == TAX]
    found: dict[int, TheirTax] = {}
    for tax_id, name, rate in ours:
        same = [each for each in simple if each.name.casefold() == name.casefold() and each.rate == rate]
        if same:
            found[tax_id] = same[0]
    left = [each for each in simple if each not in found.values()]
    for tax_id, _name, rate in ours:
        alike_here = [id_ for id_, _, own_rate in ours if own_rate == rate and id_ not in found]
        alike_there = [each for each in left if each.rate == rate]
        if tax_id not in found and len(alike_here) == len(alike_there) == 1:
            found[tax_id] = alike_there[0]
    return found


def same_name(
    ours: Sequence[Tax], theirs: Sequence[TheirTax], pairs: Mapping[int, TheirTax]
) -> dict[int, TheirTax]:  # fmt: skip
    """Called alike, at another rate."""
    left = {their.name.casefold(): their for their in theirs if their.kind == TAX and their not in pairs.values()}
    return {tax.id: left[tax.name.casefold()] for tax in ours if tax.name.casefold() in left}


def pair_groups(
    ours: Sequence[Tax], theirs: Sequence[TheirTax], pairs: Mapping[int, TheirTax]
) -> dict[int, TheirTax]:  # fmt: skip
    """The same members; where several groups have them, the one of the same name."""
    found: dict[int, TheirTax] = {}
    for tax in ours:
        members = {pairs[each.tax_id].id if each.tax_id in pairs else "" for each in tax.members}
        alike = [each for each in theirs if each.kind == GROUP and set(each.members) == members]
        alike = [each for each in alike if each.name.casefold() == tax.name.casefold()] or alike
        if len(alike) == 1 and alike[0] not in found.values():
            found[tax.id] = alike[0]
    return found


def pair_exemptions(ours: Sequence[Tax], theirs: Sequence[TheirTax]) -> dict[int, TheirTax]:
    by_name = {each.name.casefold(): each for each in theirs if each.kind == EXEMPTION}
    return {tax.id: by_name[tax.name.casefold()] for tax in ours if tax.name.casefold() in by_name}

"""The organisations to choose from, as the page tells of them."""

from flask import g

from portal.accounting import rules
from portal.gateways.zoho.calls import PRODUCTS
from portal.organisations.places import countries

_WISHED = {"new": "invoice", "invoice": "invoice", "books": "books"}  # card → product


def options(offered: rules.Choice, wish: str, sizes: dict[str, str]) -> list[dict[str, object]]:
    """Those of the product that was wished for come first. sizes: organisation → what is in it."""
    in_order = sorted(offered.candidates, key=lambda each: each.product != wish)
    return [
        {
            "value": each.id, "label": each.name, "disabled": bool(each.obstacle),
            "note": each.obstacle or _about(each, wish, sizes),
            "chip": PRODUCTS[each.product].name,
        }
        for each in in_order
    ]  # fmt: skip


def unlike(each: rules.Candidate, wish: str) -> list[str]:
    """What in it is not as the person or the firm wants it: nothing of this kind is chosen beforehand."""
    told = list(filter(None, [other_product(each, wish)]))
    if rules.has_other_taxes(each, g.organisation.country):
        told.append(
            f"Its taxes are another country’s: your firm charges those of {countries()[g.organisation.country]}. "
            "Choose it only if your books are kept there all the same."
        )
    return told


def other_product(each: rules.Candidate, wish: str) -> str:
    """Empty where it is of the product of the card that was chosen, or none was."""
    wished = _WISHED.get(wish, each.product)
    if wished == each.product:
        return ""
    return f"You chose {PRODUCTS[wished].name}; this is a {PRODUCTS[each.product].name} organisation."


def _about(each: rules.Candidate, wish: str, sizes: dict[str, str]) -> str:
    facts = " · ".join(filter(None, [each.country, each.currency, each.plan.capitalize(), sizes.get(each.id)]))
    return " ".join([f"{facts}.", *strange]) if (strange := unlike(each, wish)) else facts

"""Which tax a line gets, and why: from the firm, the customer, the item and the job. A pure decision; reads nothing.

The order is Zoho FSM's: a customer who pays no tax wins over everything, an item that bears none comes next, and only
then the region decides. Who gets neither a tax nor a reason is refused: that is not the same as 0 %.

Work on a building is taxed where the building stands, whoever pays for it (EU: directive 2006/112, article 47), and
parts where they are handed over: with a job at home, a customer from abroad pays the tax of home, and with a job abroad
a customer at home does not (EU and UK; elsewhere in the EU it hangs on who installs them, so a person says it). In the
Gulf the customer's standing alone says so, as in Zoho's matrix (TAX.md §1.1).
"""

from dataclasses import replace

from portal.taxes.determination.by_region import is_across, rule_of
from portal.taxes.determination.values import (
    BY_ADDRESS,
    CHARGED,
    EUROPEAN_UNION,
    GULF,
    NOT_REGISTERED,
    USUAL,
    Buyer,
    Determined,
    Firm,
    Item,
    Job,
    Undetermined,
)  # fmt: skip

__all__ = [
    "BY_ADDRESS", "CHARGED", "EUROPEAN_UNION", "GULF", "NOT_REGISTERED", "USUAL", "Buyer", "Determined", "Firm",
    "Item", "Job", "Undetermined", "can_reverse", "determine", "is_across",
]  # fmt: skip


def determine(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """Raises Undetermined."""
    if not firm.is_registered:
        return Determined(None, NOT_REGISTERED, reason=NOT_REGISTERED)
    if not buyer.is_taxable:
        return _untaxed(buyer.exemption, "customer exempt", "Say why this customer pays no tax.")
    if not item.is_taxable and item.is_outside and item.exemption.strip():
        return Determined(None, item.exemption, reason=item.exemption)  # the reason is all there is to say
    if not item.is_taxable:
        return _untaxed(item.exemption, "not taxable", "Say why this item bears no tax.")
    if item.kind == "reverse_charge" and not can_reverse(firm, buyer):
        return _charged(firm, buyer, item, job)
    return rule_of(firm.country)(firm, buyer, item, job)


def can_reverse(firm: Firm, buyer: Buyer) -> bool:
    """Whether the customer can account for the tax: a private person never does. In the UK they must have said so."""
    return buyer.has_tax_number and (firm.country != "GB" or buyer.accounts_for_tax)


def _charged(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """An item with a reverse charge, for a customer who cannot account for the tax."""
    if item.charged is None:
        raise Undetermined(
            "This customer cannot account for the tax. Choose a tax that is charged, or enter their number."
        )
    found = rule_of(firm.country)(firm, buyer, item.charged, job)
    return replace(found, why="no reverse charge for this customer") if found.is_usual else found


def _untaxed(exemption: str, words: str, otherwise: str) -> Determined:
    if not exemption.strip():
        raise Undetermined(otherwise)
    return Determined(None, f"{words}: {exemption}", reason=exemption)

"""An invoice's lines, and what it has beside them, in Zoho's words. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.shared.money import Money

ROUNDING = "Rounding"


@dataclass(frozen=True)
class LineRecord:
    name: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    total: Money
    item_remote_id: str
    tax_remote_id: str
    discount: Decimal | str = Decimal(0)  # an amount, or text such as "10%"
    exemption_remote_id: str = ""  # why it bears no tax


@dataclass(frozen=True)
class Extras:
    """What an invoice has beside its lines. Amounts are as reckoned here: the books need not round a percentage."""

    discount: Decimal = Decimal(0)
    is_discount_before_tax: bool = True
    shipping: Decimal = Decimal(0)
    shipping_tax_remote_id: str = ""
    adjustment: Decimal = Decimal(0)
    adjustment_reason: str = ""
    prices_include_tax: bool = False
    place_of_supply: str = ""  # where the edition has one


def known_ids(line: LineRecord) -> dict[str, Any]:
    """What of a line is a record there."""
    ids = {"item_id": line.item_remote_id, "tax_exemption_id": line.exemption_remote_id}
    return {name: remote_id for name, remote_id in ids.items() if remote_id}


def extras_payload(extras: Extras) -> dict[str, Any]:
    """Only what there is: Zoho fills in the rest."""
    payload: dict[str, Any] = {"place_of_supply": extras.place_of_supply} if extras.place_of_supply else {}
    if extras.discount:
        payload |= {
            "discount_type": "entity_level", "discount": extras.discount,
            "is_discount_before_tax": extras.is_discount_before_tax,
        }  # fmt: skip
    if extras.shipping:
        payload |= {"shipping_charge": extras.shipping, "shipping_charge_tax_id": extras.shipping_tax_remote_id}
    if extras.adjustment:
        payload |= {
            "adjustment": extras.adjustment, "adjustment_description": extras.adjustment_reason or "Adjustment"
        }  # fmt: skip
    return payload

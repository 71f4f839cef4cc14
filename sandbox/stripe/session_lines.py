"""The lines of a Checkout Session: read from price_data, checked, added up."""

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.desk import new_id, now
from sandbox.stripe.errors import StripeProblem, missing_object, missing_parameter, not_modelled
from sandbox.stripe.store import Document


def read_lines(params: dict[str, Any]) -> list[Document]:
    """The session's line items, all in one currency. Raises StripeProblem."""
    given = params.get("line_items") or []
    if not given:
        raise missing_parameter("line_items")
    lines = [_line(item, f"line_items[{position}]") for position, item in enumerate(given)]
    if len({line["currency"] for line in lines}) > 1:
        raise StripeProblem("All line items must use the same currency.", param="line_items")
    return lines


def _line(item: dict[str, Any], name: str) -> Document:
    if item.get("tax_rates") or (item.get("adjustable_quantity") or {}).get("enabled") == "true":
        raise not_modelled("tax_rates and adjustable_quantity", name)
    if item.get("price"):
        raise missing_object("price", item["price"], param=f"{name}[price]", status=400)
    if "price_data" not in item:
        raise missing_parameter(f"{name}[price_data]")
    price, quantity = _price(item["price_data"], f"{name}[price_data]"), _quantity(item, name)
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": item["price_data"]["product_data"]["name"],
        "metadata": item.get("metadata") or {},
        "price": price,
        "quantity": quantity,
    }


def _quantity(item: dict[str, Any], name: str) -> int:
    if "quantity" not in item:
        raise missing_parameter(f"{name}[quantity]")
    if int(item["quantity"]) < 1:
        message = "This value must be greater than or equal to 1."
        raise StripeProblem(message, code="parameter_invalid_integer", param=f"{name}[quantity]")
    return int(item["quantity"])


def _price(given: dict[str, Any], name: str) -> Document:
    if "product_data" not in given:
        raise missing_parameter(f"{name}[product_data]")
    if "unit_amount" not in given:
        raise missing_parameter(f"{name}[unit_amount]")
    if int(given["unit_amount"]) < 0:
        message = "This value must be greater than or equal to 0."
        raise StripeProblem(message, code="parameter_invalid_integer", param=f"{name}[unit_amount]")
    if given.get("recurring"):
        raise not_modelled("recurring prices", f"{name}[recurring]")
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now(),
        "currency": money.check_currency(given["currency"], f"{name}[currency]"),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod"),
        "recurring": None,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": int(given["unit_amount"]),
        "unit_amount_decimal": given["unit_amount"],
    }

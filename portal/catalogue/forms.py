"""The form of a service or part."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from portal.catalogue.actions import ItemFacts
from portal.catalogue.models import Item
from portal.shared.forms import Form
from portal.shared.text import as_typed

KINDS = {"service": "Service", "part": "Part"}
HIGHEST_PRICE = Decimal(10_000_000)


def read_item(raw: Mapping[str, str], *, tax_ids: Collection[int], price_decimals: int) -> tuple[Form, ItemFacts]:
    """The form with its errors, and the facts (to be used only when the form is ok).

    tax_ids         the taxes of this organisation; any other number is refused
    price_decimals  a unit price has as many decimals as the currency, as the books round it so
    """
    form = Form(raw)
    tax_id = form.record("tax_id", "a tax")
    if tax_id is not None and tax_id not in tax_ids:
        form.errors["tax_id"] = "Choose a tax from the list."
    facts = ItemFacts(
        code=form.text("code", "a code", longest=40),
        kind=form.choice("kind", "service or part", KINDS, default="service"),
        name=form.text("name", "a name", longest=100),
        unit_price=form.decimal("unit_price", "a price", least=Decimal(0), most=HIGHEST_PRICE, places=price_decimals),
        unit=form.text("unit", "a unit", longest=20, required=False),
        description=form.text("description", "a description", longest=2000, required=False, lines=True),
        tax_id=tax_id,
        is_active=form.values.get("is_active", "") == "yes",
    )
    return form, facts


def filled_with(item: Item, price_decimals: int) -> Form:
    return Form(
        code=item.code, kind=item.kind, name=item.name, unit_price=as_typed(item.unit_price, price_decimals),
        unit=item.unit, description=item.description, tax_id=str(item.tax_id or ""),
        is_active="yes" if item.is_active else "",
    )  # fmt: skip

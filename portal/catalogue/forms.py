"""The form of a service or part."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from portal.catalogue.actions import ItemFacts, ItemStanding
from portal.catalogue.models import Item
from portal.shared.forms import Form
from portal.shared.money import decimals_of
from portal.shared.text import as_typed
from portal.taxes.regions.standing import standing_of

KINDS = {"service": "Service", "part": "Part"}
HIGHEST_PRICE = Decimal(10_000_000)


def read_item(
    raw: Mapping[str, str], *, tax_ids: Collection[int], currency: str, needs_tax: bool = True
) -> tuple[Form, ItemFacts]:
    """The form with its errors, and the facts (to be used only when the form is ok).

    tax_ids         the taxes of this organisation; any other number is refused
    needs_tax       unless the address of the work decides; an item that bears none needs none
    currency        a unit price has as many decimals as it, as the books round it so
    """
    form = Form(raw)
    tax_id = form.record("tax_id", "a tax", required=needs_tax and not form.values.get("exemption_id"))
    if tax_id is not None and tax_id not in tax_ids:
        form.errors["tax_id"] = "Choose a tax from the list."
    facts = ItemFacts(
        code=form.text("code", "a code", longest=40),
        kind=form.choice("kind", "service or part", KINDS, default="service"),
        name=form.text("name", "a name", longest=100),
        unit_price=form.decimal(
            "unit_price",
            "a price",
            least=Decimal(0),
            most=HIGHEST_PRICE,
            places=decimals_of(currency),
            currency=currency,
        ),
        unit=form.text("unit", "a unit", longest=20, required=False),
        description=form.text("description", "a description", longest=2000, required=False, lines=True),
        tax_id=tax_id,
        is_active=form.values.get("is_active", "") == "yes",
    )
    return form, facts


def read_standing(form: Form, country: str, *, exemption_ids: Collection[int]) -> ItemStanding:
    """The same form's part about tax, of a firm in `country`."""
    asked = standing_of(country)
    exemption_id = form.record("exemption_id", "a reason", required=False)
    if exemption_id is not None and exemption_id not in exemption_ids:
        form.errors["exemption_id"] = "Choose a reason from the list."
    code = form.text("hsn_sac", "the code", longest=10, required=False) if asked.get("codes") else ""
    if code and not (code.isascii() and code.isdecimal() and 4 <= len(code) <= 8):
        form.errors["hsn_sac"] = "Enter the code with 4 to 8 digits, like 998719, or leave it empty."
    on_building = form.values.get("on_building") == "yes" if asked.get("buildings") else True
    return ItemStanding(exemption_id, on_building, code)


def filled_with(item: Item, price_decimals: int) -> Form:
    return Form(
        code=item.code, kind=item.kind, name=item.name, unit_price=as_typed(item.unit_price, price_decimals),
        unit=item.unit, description=item.description, tax_id=str(item.tax_id or ""),
        is_active="yes" if item.is_active else "", exemption_id=str(item.exemption_id or ""), hsn_sac=item.hsn_sac,
        on_building="yes" if item.on_building else "",
    )  # fmt: skip

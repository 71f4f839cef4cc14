"""Law 16: two implementations that know nothing of each other come to the same cent, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.taxes.arithmetic import Breakdown, Charge, Discount, Line, LineTax, Policy, reckon
from tests.portal.taxes import documents as some
from tests.portal.taxes.documents import CURRENCIES, Document
from tests.sandbox.zoho.running_zoho import Client, running

TAXES = [("VAT", "20", False), ("Reduced", "5.5", False), ("CGST", "9", False), ("SGST", "9", False),
         ("QST", "9.975", False), ("Old QST", "9.5", True)]  # fmt: skip
GROUPS = {"GST18": ("CGST", "SGST"), "Quebec": ("Reduced", "QST"), "Old Quebec": ("Reduced", "Old QST")}
SINGLE = {  # keys in the order in which the stand-in gives its ids
    name: LineTax(str(number), name, Decimal(rate), compound=compound)
    for number, (name, rate, compound) in enumerate(TAXES)
}
CHOICES = {"": (), **{name: (tax,) for name, tax in SINGLE.items() if not tax.compound},
           **{name: tuple(SINGLE[one] for one in members) for name, members in GROUPS.items()}}  # fmt: skip
ORDINARY = [name for name in CHOICES if name != "Old Quebec"]


@pytest.fixture(scope="module")
def books() -> Iterator[dict[str, tuple[Client, str, dict[str, str]]]]:
    """By currency: a way to call, a customer, and the ids of the taxes."""
    for base in running():
        yield {currency: _open_books(base, currency) for currency in CURRENCIES}


def _open_books(base: str, currency: str) -> tuple[Client, str, dict[str, str]]:
    plain = Client(base, user=f"{currency.lower()}@firm.example")
    made = plain.control("POST", "/orgs", {"user": plain.user, "dc": "eu", "name": currency, "currency_code": currency})
    client = replace(plain, organization_id=str(made["organization_id"])).sign_in()
    unlimited = {"org": client.organization_id, "per_minute": None, "per_day": None, "concurrency": None}
    client.control("POST", "/limits", unlimited)
    ids = {"": ""}
    for name, rate, compound in TAXES:
        body = {"tax_name": name, "tax_percentage": rate, "tax_type": "compound_tax" if compound else "tax"}
        ids[name] = client.ok("POST", "/settings/taxes", body)["tax"]["tax_id"]
    for name, members in GROUPS.items():
        body = {"tax_group_name": name, "taxes": ",".join(ids[one] for one in members)}
        ids[name] = client.ok("POST", "/settings/taxgroups", body)["tax_group"]["tax_group_id"]
    return client, client.contact(), ids


@st.composite
def expressible(draw: Any) -> tuple[Document, list[str], str]:
    """What Zoho can say: one tax or group a line, discounts by line or on the whole, one shipping charge."""
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    places = CURRENCIES[currency]
    inclusive = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(list(CHOICES)), min_size=1, max_size=12))
    by_line = draw(st.booleans())
    lines = tuple(
        Line(draw(st.decimals("0.01", "99", places=2)), draw(st.decimals("0", "9999", places=places)), CHOICES[name],
             key=f"{number:02}")
        for number, name in enumerate(names)
    )  # fmt: skip
    lines = tuple(draw(some.less(line, Policy(currency))) for line in lines) if by_line else lines
    whole = reckon(lines, Policy(currency)).gross_subtotal.decimal
    discount = None if by_line else draw(st.none() | some.percent_discounts() | some.amount_discounts(whole, places))
    shipping = draw(st.sampled_from(ORDINARY))
    charge = Charge(draw(st.decimals("0", "99", places=places)), CHOICES[shipping])
    step = draw(st.none() | st.sampled_from(["1"] if places == 0 else ["0.05", "0.25", "1"]))
    rounding = draw(st.sampled_from(["document", "line"]))
    policy = Policy(currency, inclusive, rounding, round_total_to=step and Decimal(step))
    adjustment = draw(st.decimals("-5", "5", places=places))
    return Document(lines, policy, discount, (charge,), adjustment), names, shipping


def _ask(books: dict[str, tuple[Client, str, dict[str, str]]], given_one: tuple[Document, list[str], str]) -> Any:
    document, names, shipping = given_one
    client, customer, ids = books[document.policy.currency]
    wanted = {
        "tax_rounding": "item_level" if document.policy.rounding == "line" else "entity_level",
        "rounding_type": "round_to_increment" if document.policy.round_total_to else "no_rounding",
        "rounding_increment": str(document.policy.round_total_to or 0),
    }
    client.control("POST", f"/orgs/{client.organization_id}/settings", wanted)
    lines = [
        {"name": "Work", "rate": str(line.unit_price), "quantity": str(line.quantity), "tax_id": ids[name],
         "discount": _off(line.discount_percent, line.discount_amount)}
        for line, name in zip(document.lines, names, strict=True)
    ]  # fmt: skip
    body: dict[str, Any] = {
        "customer_id": customer, "line_items": lines, "is_inclusive_tax": document.policy.price_includes_tax,
        "shipping_charge": str(document.charges[0].amount), "shipping_charge_tax_id": ids[shipping],
        "adjustment": str(document.adjustment), "discount_type": "item_level",
    }  # fmt: skip
    if document.discount:
        body |= {"discount_type": "entity_level", "discount": _whole_off(document.discount),
                 "is_discount_before_tax": document.discount.applied == "before_tax"}  # fmt: skip
    return client.ok("POST", "/invoices", body)["invoice"]


def _off(percent: Decimal | None, amount: Decimal | None) -> str:
    """As Zoho is told of a discount."""
    return str(amount or 0) if percent is None else f"{percent}%"


def _whole_off(discount: Discount) -> str:
    return _off(discount.value, None) if discount.kind == "percent" else _off(None, discount.value)


def _ours(found: Breakdown) -> dict[str, Any]:
    taxes: dict[str, Decimal] = {row.name: row.amount.decimal for row in found.taxes}
    return {"total": found.total.decimal, "tax_total": found.tax_total.decimal,
            "roundoff_value": found.rounding_adjustment.decimal, "taxes": taxes,
            "lines": [money.decimal for money in found.line_totals]}  # fmt: skip


def _theirs(invoice: Any) -> dict[str, Any]:
    amounts = {name: Decimal(str(invoice[name])) for name in ("total", "tax_total", "roundoff_value")}
    taxes = {row["tax_name"]: Decimal(str(row["tax_amount"])) for row in invoice["taxes"]}
    total = "item_total_inclusive_of_tax" if invoice["is_inclusive_tax"] else "item_total"
    return {**amounts, "taxes": taxes, "lines": [Decimal(str(one[total])) for one in invoice["line_items"]]}


@settings(max_examples=60, deadline=None)
@given(given_one=expressible())
def test_both_come_to_the_same_cent(
    books: dict[str, tuple[Client, str, dict[str, str]]], given_one: tuple[Document, list[str], str]
) -> None:
    ours, theirs = _ours(given_one[0].reckon()), _theirs(_ask(books, given_one))
    assert theirs == ours


def test_a_difference_of_one_cent_is_seen(books: dict[str, tuple[Client, str, dict[str, str]]]) -> None:
    document = Document((Line(Decimal(1), Decimal("123.45"), CHOICES["VAT"]),), Policy("GBP"), None,
                        (Charge(Decimal(0)),))  # fmt: skip
    theirs = _theirs(_ask(books, (document, ["VAT"], "")))
    assert theirs == _ours(document.reckon())
    dearer = reckon(document.lines, document.policy, adjustment=Decimal("0.01"))
    assert theirs != _ours(dearer)

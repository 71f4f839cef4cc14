"""Two breakdowns agree to the cent, or the first thing that differs is named."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting.agreement import comparison
from portal.accounting.agreement.comparison import Figures, cause, differences, our_figures, their_figures

CENT = Decimal("0.01")
amounts = st.decimals(min_value=-999, max_value=99999, places=2)
names = st.text("abcdefgh", min_size=1, max_size=8)


def named(most: int) -> st.SearchStrategy[tuple[tuple[str, Decimal], ...]]:
    return st.lists(st.tuples(names, amounts), min_size=1, max_size=most, unique_by=lambda row: row[0]).map(tuple)


figures = st.builds(
    Figures, number=names, lines=named(6), taxes=named(3), discount=amounts, shipping=amounts, adjustment=amounts,
    rounding=amounts, total=amounts,
)  # fmt: skip


def answer_of(one: Figures) -> dict[str, Any]:
    """The same document as Zoho tells it: numbers without the zeros at their ends."""
    return {
        "invoice_number": one.number, "discount_type": "entity_level", "discount_total": one.discount.normalize(),
        "line_items": [{"name": name, "item_total": amount.normalize(), "item_order": order}
                       for order, (name, amount) in enumerate(one.lines)],
        "taxes": [{"tax_name": f"{name} (20%)", "tax_amount": amount.normalize()} for name, amount in one.taxes],
        "shipping_charge": one.shipping.normalize(), "adjustment": one.adjustment.normalize(),
        "roundoff_value": one.rounding.normalize(), "total": one.total.normalize(),
    }  # fmt: skip


@given(figures)
def test_equal_documents_agree_and_survive_being_kept(one: Figures) -> None:
    there = their_figures(answer_of(one), like=one)
    assert differences(one, there) == [] and cause(one, there) == ""
    assert comparison.from_text(comparison.as_text(one)) == one


@given(figures, st.data())
def test_any_cent_is_found_and_named(one: Figures, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["line", "tax", "discount", "shipping", "adjustment", "total"]))
    by = data.draw(st.sampled_from([CENT, -CENT]))
    if kind in ("line", "tax"):
        rows = list(one.lines if kind == "line" else one.taxes)
        at = data.draw(st.integers(0, len(rows) - 1))
        name = rows[at][0]
        rows[at] = (name, rows[at][1] + by)
        other = replace(one, **{"lines" if kind == "line" else "taxes": tuple(rows)})
    else:
        name, other = kind, replace(one, **{kind: getattr(one, kind) + by})
    (found,) = differences(one, their_figures(answer_of(other), like=one))
    assert found.kind == kind and name.casefold() in cause(one, other).casefold()


@given(figures)
def test_what_zoho_rounds_itself_is_the_adjustment_that_we_send(one: Figures) -> None:
    sent = replace(one, adjustment=one.adjustment + one.rounding, rounding=Decimal("0.00"))
    assert differences(one, sent) == []


FIRST = Figures("INV-1", (("Boiler", Decimal("10.00")),), (("VAT", Decimal("2.00")),), *[Decimal("0.00")] * 4,
                Decimal("12.00"))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": "7"}, "Zoho numbered the invoice 7"),
        ({"lines": ()}, "Zoho has no line “Boiler”"),
        ({"lines": (*FIRST.lines, ("Fee", Decimal(1)))}, "Zoho has one line more: “Fee”"),
        ({"taxes": ()}, "Zoho takes no VAT, here it is 2.00"),
        ({"taxes": (*FIRST.taxes, ("Levy", Decimal("0.50")))}, "Zoho takes Levy of 0.50"),
        ({"taxes": (("Output tax", Decimal("2.01")),), "total": Decimal("12.01")},
         "VAT is 2.00 here and 2.01 in Zoho. Compare the tax's rate and how taxes are rounded in Zoho's settings."
         " The total is 12.00 here and 12.01 in Zoho."),
        ({"rounding": Decimal("-0.50"), "total": Decimal("11.50")}, "Zoho rounds the total by -0.50"),
        ({"taxes": (("Output tax", Decimal("2.00")),)}, ""),
        ({"taxes": (*FIRST.taxes, ("Exempt", Decimal(0)))}, ""),
    ],
)  # fmt: skip
def test_the_first_cause_is_said_in_plain_words(changes: dict[str, Any], said: str) -> None:
    words = cause(FIRST, replace(FIRST, **changes))
    assert words.startswith(said) and bool(words) is bool(said)


@pytest.mark.parametrize(
    ("changes", "may_be_sent"),
    [
        ({"taxes": (("VAT", Decimal("2.01")),), "total": Decimal("12.01")}, "-0.01"),
        ({"taxes": (("VAT", Decimal("2.02")),), "total": Decimal("12.02")}, "0"),
        ({"lines": (("Boiler", Decimal("10.01")),), "total": Decimal("12.01")}, "0"),
        ({}, "0"),
    ],
)  # fmt: skip
def test_only_what_rounding_explains_may_be_sent(changes: dict[str, Any], may_be_sent: str) -> None:
    assert comparison.rounding_difference(FIRST, replace(FIRST, **changes)) == Decimal(may_be_sent)


def test_with_tax_inside_a_line_is_compared_as_printed() -> None:
    taxes = [{"name": "VAT", "kind": "percent", "amount": "2.00"},
             {"name": "Withheld", "kind": "withholding", "amount": "-1.00"}]  # fmt: skip
    breakdown = {"taxes": taxes, "total": "12.00"}
    ours = our_figures("INV-1", [("Boiler", Decimal("12.00"))], Decimal("0.00"), breakdown)
    line = {"name": "Boiler", "quantity": Decimal(3), "rate": Decimal("4.1"), "discount_amount": Decimal("0.3"),
            "item_total": Decimal(10)}  # fmt: skip
    answer = {"invoice_number": "INV-1", "is_inclusive_tax": True, "line_items": [line], "total": 12,
              "taxes": [{"tax_name": "VAT", "tax_amount": 2}]}  # fmt: skip
    assert cause(ours, their_figures(answer, like=ours)) == ""

"""Zoho's worked examples, and the laws that hold whatever the rounding."""

from decimal import Decimal as D

import pytest

from sandbox.zoho.arithmetic import Line, Tax, Terms, compute

TEN, GST, PST = Tax("1", "Ten", D(10)), Tax("2", "CGST", D("2.5")), Tax("3", "SGST", D("2.5"))


def lines(*rates: str, tax: tuple[Tax, ...] = (TEN,)) -> list[Line]:
    return [Line(D(1), D(rate), taxes=tax) for rate in rates]


@pytest.mark.parametrize(("item_level", "tax"), [(False, "24.69"), (True, "24.70")])
def test_tax_on_the_whole_or_per_line(item_level: bool, tax: str) -> None:
    # 246.91 at 10 %: the example of Zoho's own page
    assert compute(lines("123.45", "123.46"), Terms(item_level=item_level)).tax_total == D(tax)


def test_the_line_amount_is_rounded_before_tax() -> None:
    found = compute(lines("54.54545"), Terms())
    assert (found.sub_total, found.tax_total, found.total) == (D("54.55"), D("5.46"), D("60.01"))


def test_inclusive_prices_give_their_tax_on_the_whole() -> None:
    found = compute(lines("20", "10", "5", tax=(Tax("4", "Four", D(4)),)), Terms(inclusive=True))
    assert (found.tax_total, found.total, found.sub_total) == (D("1.35"), D("35.00"), D("33.65"))


def test_members_of_a_group_are_rounded_one_by_one() -> None:
    assert [amount for _, amount in compute(lines("464", tax=(GST, PST)), Terms()).taxes] == [D("11.60"), D("11.60")]
    halves = (Tax("5", "C", D(9)), Tax("6", "S", D(9)))
    assert compute(lines("635.25", tax=halves), Terms()).tax_total == D("114.34")


def test_a_compound_tax_is_taken_on_amount_and_primary_tax() -> None:
    found = compute(lines("100", tax=(Tax("7", "P", D(5)), Tax("8", "C", D(10), compound=True))), Terms())
    assert [amount for _, amount in found.taxes] == [D("5.00"), D("10.50")]


def test_discounts_before_and_after_tax() -> None:
    before = compute(lines("100"), Terms(discount="10%"))
    after = compute(lines("100"), Terms(discount="10%", discount_before_tax=False))
    by_line = compute([Line(D(2), D(50), discount=D(10), taxes=(TEN,))], Terms())
    assert (before.total, after.total, by_line.total) == (D("99.00"), D("99.00"), D("99.00"))
    assert (before.tax_total, after.tax_total) == (D("9.00"), D("10.00"))


def test_shipping_is_taxed_and_the_adjustment_is_not() -> None:
    found = compute(lines("10"), Terms(shipping=D(5), shipping_taxes=(TEN,), adjustment=D("-0.05")))
    assert (found.tax_total, found.shipping_tax, found.total) == (D("1.50"), D("0.50"), D("16.45"))


@pytest.mark.parametrize(("increment", "total"), [("1", "21"), ("0.5", "20.5"), ("0.25", "20.75"), ("0", "20.63")])
def test_the_total_is_rounded_to_the_increment(increment: str, total: str) -> None:
    assert compute(lines("20.63", tax=()), Terms(increment=D(increment))).total == D(total)


@pytest.mark.parametrize("precision", [0, 2, 3])
def test_a_shared_discount_loses_nothing(precision: int) -> None:
    found = compute(lines("3.333", "3.333", "3.334"), Terms(precision=precision, discount=D(1)))
    cut = sum(one.net - one.taxable for one in found.lines)
    assert cut == found.discount == D(1)

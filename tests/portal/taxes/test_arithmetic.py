"""The laws of the arithmetic, for what it covers: exclusive prices, rounding once per tax on the document."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.shared.money import Money, decimals_of
from portal.taxes.arithmetic import ROUNDING, Discount, Line, LineTax, NotCovered, Policy, reckon

TAXES = [LineTax("1", "VAT 20%", Decimal(20)), LineTax("2", "VAT 5%", Decimal(5)),
         LineTax("3", "QST", Decimal("9.975")), LineTax("4", "Zero", Decimal(0), "zero"),
         LineTax("5", "Exempt", Decimal(0), "exempt")]  # fmt: skip
LINES = st.lists(
    st.builds(
        Line,
        quantity=st.decimals("0.001", "9999", places=3),
        unit_price=st.decimals("0", "99999", places=2),
        taxes=st.lists(st.sampled_from(TAXES), max_size=5, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=40,
).map(tuple)
POLICIES = st.builds(
    Policy, currency=st.sampled_from(["GBP", "JPY", "KWD"]), rounding_mode=st.sampled_from(sorted(ROUNDING))
)


def test_the_example_of_the_mock_up() -> None:
    vat = (TAXES[0],)
    lines = (Line(Decimal(1), Decimal(118), vat), Line(Decimal("0.5"), Decimal(64), vat),
             Line(Decimal(1), Decimal("46.50"), vat))  # fmt: skip
    breakdown = reckon(lines, Policy("GBP"))
    assert [str(money.decimal) for money in breakdown.line_totals] == ["118.00", "32.00", "46.50"]
    assert (breakdown.subtotal, breakdown.tax_total) == (Money(19650, "GBP"), Money(3930, "GBP"))
    assert breakdown.total == Money(23580, "GBP")


@pytest.mark.parametrize(
    ("prices", "rate", "tax"),
    [(("123.45", "123.46"), "10", "24.69"), (("0.05", "0.05"), "10", "0.01"), (("54.55",), "10", "5.46"),
     (("635.25",), "9", "57.17")],
)  # fmt: skip
def test_tax_is_rounded_once_on_the_document_as_zoho_does(prices: tuple[str, ...], rate: str, tax: str) -> None:
    bears = (LineTax("k", "T", Decimal(rate)),)
    breakdown = reckon(tuple(Line(Decimal(1), Decimal(price), bears) for price in prices), Policy("AUD"))
    assert str(breakdown.tax_total.decimal) == tax


@given(LINES, POLICIES)
def test_the_printed_parts_add_up(lines: tuple[Line, ...], policy: Policy) -> None:
    result = reckon(lines, policy)
    zero = Money.zero(policy.currency)
    assert Money.total(result.line_totals, policy.currency) == result.subtotal
    assert Money.total((row.amount for row in result.taxes), policy.currency) == result.tax_total
    parts = result.subtotal - result.discount + result.tax_total + result.adjustment + result.rounding_adjustment
    assert parts == result.total and result.withholding == zero


@given(LINES, POLICIES, st.randoms())
def test_the_order_of_lines_changes_no_sum(lines: tuple[Line, ...], policy: Policy, random: object) -> None:
    mixed = list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = reckon(lines, policy), reckon(tuple(mixed), policy)
    assert one.total == other.total
    assert {row.key: row.amount for row in one.taxes} == {row.key: row.amount for row in other.taxes}


@given(LINES, POLICIES)
def test_a_tax_row_is_within_half_a_unit_of_exact(lines: tuple[Line, ...], policy: Policy) -> None:
    unit = Decimal(1).scaleb(-decimals_of(policy.currency))
    bound = unit if policy.rounding_mode in ("up", "down") else unit / 2
    for row in reckon(lines, policy).taxes:
        exact = row.base.decimal * row.rate / 100 if row.kind == "percent" else Decimal(0)
        assert abs(row.amount.decimal - exact) <= bound


@given(LINES, POLICIES)
def test_a_row_depends_only_on_the_lines_that_bear_it(lines: tuple[Line, ...], policy: Policy) -> None:
    for row in reckon(lines, policy).taxes:
        bearing = tuple(line for line in lines if any(tax.key == row.key for tax in line.taxes))
        alone = {other.key: other.amount for other in reckon(bearing, policy).taxes}
        assert alone[row.key] == row.amount


@given(st.decimals("0.01", "9999", places=2), st.integers(1, 50))
def test_splitting_a_line_changes_no_tax(price: Decimal, parts: int) -> None:
    bears = (TAXES[0],)
    whole = reckon((Line(Decimal(parts), price, bears),), Policy("GBP"))
    split = reckon(tuple(Line(Decimal(1), price, bears) for _ in range(parts)), Policy("GBP"))
    assert whole.total == split.total


def test_what_is_not_covered_is_refused_by_name() -> None:
    line = (Line(Decimal(1), Decimal(1)),)
    with pytest.raises(NotCovered, match="include tax"):
        reckon(line, Policy("GBP", price_includes_tax=True))
    with pytest.raises(NotCovered, match="discount on the document"):
        reckon(line, Policy("GBP"), discount=Discount("percent", Decimal(10)))

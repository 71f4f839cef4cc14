"""Money is whole minor units of one currency, and nothing else ever."""

from decimal import ROUND_HALF_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.organisations.places import currencies
from portal.shared.money import CurrencyMismatch, Money, NotWholeMinorUnits, decimals_of, is_in_use

CURRENCIES = st.sampled_from(["GBP", "USD", "JPY", "KWD", "BHD", "EUR", "UGX"])
MINORS = st.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("0", "GBP", 0), ("0.01", "GBP", 1), ("-0.01", "GBP", -1), ("1234", "JPY", 1234), ("1.234", "KWD", 1234),
     ("99999999999.99", "USD", 9_999_999_999_999)],
)  # fmt: skip
def test_exact_amounts_become_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.of(text, currency).minor == minor


@pytest.mark.parametrize(("text", "currency"), [("0.001", "GBP"), ("0.5", "JPY"), ("1.2345", "KWD")])
def test_an_amount_finer_than_its_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotWholeMinorUnits):
        Money.of(text, currency)


@pytest.mark.parametrize(
    ("text", "minor"), [("1.005", 101), ("2.675", 268), ("1.115", 112), ("-1.005", -101), ("0.005", 1), ("0.0049", 0)]
)
def test_half_a_minor_unit_is_rounded_away_from_zero(text: str, minor: int) -> None:
    assert Money.rounded(Decimal(text), "GBP").minor == minor


def test_other_modes_round_as_they_say() -> None:
    assert Money.rounded(Decimal("1.005"), "NZD", ROUND_HALF_DOWN).minor == 100


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError):
        Money.of(0.1, "GBP")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(1.0, "GBP")  # type: ignore[arg-type]


def test_two_currencies_do_not_add() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "GBP") + Money(1, "USD")


@given(MINORS, CURRENCIES)
def test_major_units_and_back_is_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.decimal, currency) == money
    assert -int(money.decimal.as_tuple().exponent) == decimals_of(currency)


@given(MINORS, MINORS, CURRENCIES)
def test_sums_are_sums_of_minor_units(a: int, b: int, currency: str) -> None:
    assert (Money(a, currency) + Money(b, currency)).minor == a + b
    assert Money(a, currency) - Money(b, currency) == -(Money(b, currency) - Money(a, currency))


def test_every_currency_that_a_firm_can_choose_is_in_use_and_a_made_up_one_is_not() -> None:
    assert [code for code in currencies() if not is_in_use(code)] == []
    assert not any(map(is_in_use, ("ABC", "XXX", "XAU", "DEM", "gbp", "")))

"""Coins: cash is rounded to the smallest one, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.shared.money import Money
from portal.taxes.cash import SMALLEST_COIN, cash_rounded


@pytest.mark.parametrize(
    ("minor", "currency", "country", "rounded"),
    [
        (1992, "CHF", "CH", 1990), (1993, "CHF", "CH", 1995), (1002, "AUD", "AU", 1000), (1003, "CAD", "CA", 1005),
        (1005, "NZD", "NZ", 1010), (1004, "NZD", "NZ", 1000), (1050, "SEK", "SE", 1100), (1225, "DKK", "DK", 1250),
        (1250, "HUF", "HU", 1500), (1003, "EUR", "NL", 1005), (1003, "EUR", "DE", 1003), (1003, "GBP", "GB", 1003),
        (101, "JPY", "JP", 101), (-1993, "CHF", "CH", -1995), (2, "MYR", "MY", 0),
    ],
)  # fmt: skip
def test_cash_is_rounded_to_the_smallest_coin(minor: int, currency: str, country: str, rounded: int) -> None:
    assert cash_rounded(Money(minor, currency), country) == Money(rounded, currency)


@given(st.integers(-(10**9), 10**9), st.sampled_from(sorted(SMALLEST_COIN)))
def test_rounding_cash_again_changes_nothing_and_moves_half_a_coin_at_most(minor: int, currency: str) -> None:
    once = cash_rounded(Money(minor, currency), "")
    assert cash_rounded(once, "") == once
    assert 2 * abs(once.minor - minor) <= Money.of(SMALLEST_COIN[currency], currency).minor

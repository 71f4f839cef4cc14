"""Our minor units and Stripe's smallest units, in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.gateways.stripe_gateway import CannotCharge, from_stripe, to_stripe
from portal.shared.money import Money


@pytest.mark.parametrize(
    ("minor", "currency", "units"),
    [
        (1, "GBP", 1), (23580, "GBP", 23580), (99999999, "USD", 99999999), (500, "JPY", 500),
        (500, "ISK", 50000), (500, "UGX", 50000), (12340, "KWD", 12340), (100, "MGA", 1),
    ],
)  # fmt: skip
def test_amounts_go_to_stripe_and_back(minor: int, currency: str, units: int) -> None:
    assert to_stripe(Money(minor, currency)) == units
    assert from_stripe(units, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(("minor", "currency"), [(12345, "KWD"), (1, "TND"), (150, "MGA")])
def test_what_stripe_cannot_count_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(CannotCharge):
        to_stripe(Money(minor, currency))


@given(st.integers(1, 10**8), st.sampled_from(["GBP", "USD", "EUR", "JPY", "ISK", "UGX", "CLP", "INR"]))
def test_no_amount_is_lost_on_the_way(minor: int, currency: str) -> None:
    assert from_stripe(to_stripe(Money(minor, currency)), currency.lower()) == Money(minor, currency)

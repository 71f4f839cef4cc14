"""Our minor units and Stripe's smallest units, in both directions."""

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting.rules import counts_alike
from portal.gateways.stripe_gateway import CannotCharge, from_stripe, to_stripe
from portal.gateways.stripe_gateway.amounts import stripe_decimals
from portal.organisations.places import currencies
from portal.payments.chargeable import check_chargeable, least_charge, other_ways, unfit_for_cards
from portal.payments.rules import CannotPay
from portal.shared.money import Money, decimals_of
from sandbox.stripe import money as stripes_page
from sandbox.zoho.books import currencies as books_page

# ISO 4217's currencies in everyday use, by decimals, as the standard's own list has them.
ISO = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: "AED AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR INR KES MGA MXN MYR NOK NZD PLN QAR RON SAR SEK SGD "
    "THB TRY TWD USD ZAR",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
CURRENCIES = {currency: places for places, names in ISO.items() for currency in names.split()}
# Where Stripe counts otherwise than ISO: (ISO, Stripe).
STRIPES_OWN = {"ISK": (0, 2), "UGX": (0, 2), "MGA": (2, 0), "IQD": (3, 2), "LYD": (3, 2)}


@pytest.mark.parametrize(
    ("minor", "currency", "units"),
    [
        (1, "GBP", 1), (23580, "GBP", 23580), (99999999, "USD", 99999999), (500, "JPY", 500),
        (500, "ISK", 50000), (500, "UGX", 50000), (12340, "KWD", 12340), (100, "MGA", 1),
    ],
)  # fmt: skip
@pytest.mark.failure_mode(10)
def test_amounts_go_to_stripe_and_back(minor: int, currency: str, units: int) -> None:
    assert to_stripe(Money(minor, currency)) == units
    assert from_stripe(units, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(("minor", "currency"), [(12345, "KWD"), (1, "TND"), (150, "MGA")])
def test_what_stripe_cannot_count_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(CannotCharge):
        to_stripe(Money(minor, currency))


@given(st.integers(1, 10**8), st.sampled_from(["GBP", "USD", "EUR", "JPY", "ISK", "UGX", "CLP", "INR"]))
@pytest.mark.failure_mode(11)
def test_no_amount_is_lost_on_the_way(minor: int, currency: str) -> None:
    assert from_stripe(to_stripe(Money(minor, currency)), currency.lower()) == Money(minor, currency)


def test_our_decimals_are_those_of_iso() -> None:
    assert {currency: decimals_of(currency) for currency in CURRENCIES} == CURRENCIES


def test_stripe_counts_as_iso_does_but_for_five_currencies() -> None:
    differing = {
        currency: (decimals_of(currency), stripe_decimals(currency))
        for currency in CURRENCIES
        if decimals_of(currency) != stripe_decimals(currency)
    }
    assert differing == STRIPES_OWN


@pytest.mark.parametrize("currency", ["IQD", "LYD"])
def test_a_currency_that_stripe_counts_in_no_known_way_is_not_charged(currency: str) -> None:
    with pytest.raises(CannotCharge, match="another way"):
        to_stripe(Money(1000, currency))


# Of the currencies that a firm can choose, those whose decimals CLDR has otherwise: as used in shops, not by ISO.
CLDRS_OWN = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}
# And those that Stripe's page does not name: Stripe itself says no, but for IQD and LYD, which are never asked for.
STRIPE_HAS_NOT = {
    "BTN", "CUP", "ERN", "GHS", "IQD", "IRR", "KPW", "LYD", "MRU", "SDG",
    "SSP", "STN", "SYP", "TMT", "VES", "XCG", "ZWG",
}  # fmt: skip


def test_the_three_tables_agree_for_every_currency_a_firm_can_choose_or_the_difference_is_named() -> None:
    choosable = set(currencies())
    assert len(choosable) > 150 and set(CURRENCIES) <= choosable
    assert {each for each in choosable if decimals_of(each) != get_currency_precision(each)} == CLDRS_OWN
    assert {each: decimals_of(each) for each in CLDRS_OWN} == dict.fromkeys(CLDRS_OWN, 2) | {"IQD": 3}
    stripes = {each: (decimals_of(each), stripe_decimals(each)) for each in choosable}
    assert {each: both for each, both in stripes.items() if both[0] != both[1]} == STRIPES_OWN
    for each in choosable:  # Zoho has no table of its own: each organisation's record says its decimals
        assert [places for places in range(4) if counts_alike(each, places)] == [decimals_of(each)]


def test_stripes_stand_in_was_written_from_the_same_page_and_counts_as_we_do() -> None:
    choosable = set(currencies())
    assert {each for each in choosable if each.lower() not in stripes_page.CURRENCIES} == STRIPE_HAS_NOT
    assert {each for each in choosable if stripes_page.exponent(each.lower()) != stripe_decimals(each)} == set()


@pytest.mark.parametrize("currency", sorted(books_page.KNOWN))
def test_the_books_stand_in_keeps_a_new_currency_with_our_decimals(currency: str) -> None:
    assert counts_alike(currency, books_page.currency_of(currency, base=True)["price_precision"])


def test_books_with_other_decimals_are_not_linked() -> None:
    assert counts_alike("GBP", 2) and counts_alike("KWD", 3) and counts_alike("JPY", None)
    assert not counts_alike("GBP", 3) and not counts_alike("JPY", 2)


@pytest.mark.parametrize(("currency", "minor"), [("GBP", 30), ("USD", 50), ("JPY", 50), ("AED", 200), ("HUF", 17500)])
def test_the_least_charge_can_itself_be_charged(currency: str, minor: int) -> None:
    assert least_charge(currency) == Money(minor, currency)
    assert to_stripe(least_charge(currency)) > 0


@given(st.integers(1, 10**9), st.sampled_from(sorted(CURRENCIES)))
@pytest.mark.failure_mode(10)
def test_what_is_offered_for_a_card_can_be_charged_and_else_both_sides_learn_why(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    if unfit_for_cards(amount):
        assert other_ways(amount)
        with pytest.raises(CannotPay, match="ask the firm"):
            check_chargeable(amount)
    else:
        assert other_ways(amount) == "" and amount >= least_charge(currency)
        assert from_stripe(to_stripe(amount), currency.lower()) == amount and to_stripe(amount) <= 99_999_999

"""Our records as Zoho's payloads."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.accounting import mapping
from portal.gateways.zoho import wire
from portal.shared.money import Money

RITA = mapping.PersonRecord("7", "Rita", "Okafor", "rita@maple.example", "0113", is_primary=True)
MAPLE = mapping.CustomerRecord("C-00001", "business", "Maple Dental", "", "", 14, None, None, [RITA])
LINE = mapping.LineRecord(
    "Labour", "", Decimal("2.500"), "h", Decimal("64.000000"), Money(16000, "GBP"), "900", "800"
)  # fmt: skip


def line(**changes: object) -> dict[str, object]:
    invoice = mapping.InvoiceRecord(
        "INV-00001", "WO-1", date(2026, 11, 23), date(2026, 12, 7), 14, "700", [replace(LINE, **changes)]  # type: ignore[arg-type]
    )  # fmt: skip
    return dict(mapping.invoice_payload(invoice)["line_items"][0])


def test_money_leaves_as_it_is_printed() -> None:
    sent = wire.encode(line())
    assert '"rate":64.00,' in sent and '"quantity":2.5,' in sent


def test_a_price_finer_than_the_currency_goes_as_one_piece_of_the_lines_total() -> None:
    fine = line(unit_price=Decimal("0.123450"), quantity=Decimal("30"), total=Money(370, "GBP"), description="Cable")
    assert (fine["rate"], fine["quantity"]) == (Decimal("3.70"), 1)
    assert fine["description"] == "30 h × 0.12345\nCable" and "unit" not in fine


@pytest.mark.parametrize(
    ("currency", "price", "sent"), [("JPY", "1200", "1200"), ("KWD", "1.25", "1.250"), ("GBP", "0", "0.00")]
)
def test_rates_have_the_currencys_decimals(currency: str, price: str, sent: str) -> None:
    total = Money.rounded(Decimal(price), currency)
    assert wire.encode(line(unit_price=Decimal(price), total=total)["rate"]) == sent


def test_an_untaxed_line_keeps_the_items_own_tax_away() -> None:
    assert line(tax_remote_id="")["tax_id"] == ""


def test_a_line_that_is_in_no_catalogue_goes_by_its_name() -> None:
    assert "item_id" not in line(item_remote_id="")


def test_the_customers_own_e_mail_goes_on_a_person() -> None:
    alone = replace(MAPLE, people=[], email="office@maple.example", phone="0113")
    (person,) = mapping.contact_payload(alone, alone.name, {})["contact_persons"]
    assert (person["first_name"], person["email"], person["is_primary_contact"]) == (
        "Maple Dental",
        "office@maple.example",
        True,
    )


def test_an_individual_has_a_first_and_a_last_name() -> None:
    jane = replace(MAPLE, kind="individual", name="Jane van Dyke", people=[], email="jane@example.com")
    payload = mapping.contact_payload(jane, jane.name, {})
    assert (payload["contact_persons"][0]["first_name"], payload["contact_persons"][0]["last_name"]) == (
        "Jane van",
        "Dyke",
    )
    assert "company_name" not in payload


def test_exactly_one_person_is_the_primary_one() -> None:
    two = replace(MAPLE, people=[RITA, replace(RITA, key="8", first_name="Tom")])
    persons = mapping.contact_payload(two, two.name, {})["contact_persons"]
    assert [each["is_primary_contact"] for each in persons] == [True, False]


def test_an_update_names_the_persons_zoho_knows() -> None:
    answered = [{"contact_person_id": "55", "first_name": "Rita", "last_name": "Okafor", "email": "rita@maple.example"}]
    ids = mapping.person_ids(MAPLE, answered)
    assert mapping.contact_payload(MAPLE, MAPLE.name, ids)["contact_persons"][0]["contact_person_id"] == "55"


@pytest.mark.parametrize(
    ("method", "mode"),
    [("card", "creditcard"), ("cash", "cash"), ("cheque", "check"), ("bank_transfer", "banktransfer"),
    ("barter", "others")],
)  # fmt: skip
def test_ways_of_paying_in_zohos_words(method: str, mode: str) -> None:
    payment = mapping.PaymentRecord(
        "R-1", "", "pi_1", method, date(2026, 11, 23), Money(1010, "GBP"), "700", [("600", Money(1010, "GBP"))]
    )  # fmt: skip
    payload = mapping.payment_payload(payment)
    assert payload["payment_mode"] == mode
    assert '"amount":10.10,' in wire.encode(payload)


def test_countries_are_written_out() -> None:
    home = mapping.AddressRecord("12 Maple Street", "Leeds", "", "LS1 4AB", "GB")
    assert (
        mapping.contact_payload(replace(MAPLE, billing=home), "Maple", {})["billing_address"]["country"]
        == "United Kingdom"
    )

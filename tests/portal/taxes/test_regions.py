"""What a firm begins with, country by country, and whether a tax number can be one."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices.documents.rules import law_of
from portal.organisations.places import countries
from portal.shared.money import decimals_of
from portal.shared.running import job_session
from portal.taxes.identifiers import OWN, problem_with, validate
from portal.taxes.models import Tax
from portal.taxes.regions import packs
from portal.taxes.regions.standing import exemptions_of, standing_of
from portal.taxes.regions.starting import start_taxes
from tests.builders import Firm, make_firm
from tests.conftest import World

EU = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905
OTHERS = set("US CA GB IN AE SA BH KW OM QA KE ZA AU MX SG NZ JP CH MY NO IS *".split())  # noqa: SIM905
KINDS = ("percent", "zero", "exempt", "out_of_scope", "reverse_charge", "withholding")
KNOWN_KEYS = {"tax_number_label", "source", "taxes", "groups", "check", "places", "inclusive", "rounding"}


def test_every_edition_has_its_pack() -> None:
    assert set(packs()) == EU | OTHERS


@pytest.mark.parametrize("country", sorted(packs()))
def test_a_pack_is_whole(country: str) -> None:
    pack = packs()[country]
    assert country == "*" or country in countries()
    assert pack["tax_number_label"] and pack["source"] and set(pack) <= KNOWN_KEYS
    names = [each["name"] for each in [*pack["taxes"], *pack.get("groups", ())]]
    assert len(names) == len({name.lower() for name in names})
    assert sum(bool(each.get("default")) for each in [*pack["taxes"], *pack.get("groups", ())]) == 1
    for tax in pack["taxes"]:
        kind, rates = tax.get("kind", "percent"), tax.get("rates") or [{"rate": tax["rate"], "from": "2000-01-01"}]
        assert kind in KINDS and (tax.get("why") or kind == "percent")
        assert all(isinstance(each["rate"], str) and 0 <= Decimal(each["rate"]) <= 100 for each in rates)
        assert (kind in ("percent", "reverse_charge", "withholding")) == all(
            Decimal(each["rate"]) > 0 for each in rates
        )
        assert [each["from"] for each in rates] == sorted(each["from"] for each in rates)
    kinds = {tax["name"]: tax.get("kind", "percent") for tax in pack["taxes"]}
    for group in pack.get("groups", ()):
        assert {kinds[name] for name in group["members"]} in ({"percent"}, {"withholding"}) and len(
            group["members"]
        ) > 1
    rule = pack.get("check", "")
    assert not rule or rule in OWN or callable(validate(rule))


# TAX.md §1, edition by edition: title of a tax invoice, rule of tax numbers, a standing in Zoho's words, decimals.
EDITIONS = {
    "US": ("invoice", "us.ein", "", 2), "CA": ("invoice", "ca.bn", "", 2),
    "GB": ("vat_invoice", "gb.vat", "eu_vat_registered", 2), "DE": ("invoice", "eu.vat", "business", 2),
    "IN": ("tax_invoice", "in_.gstin", "business_gst", 2), "AE": ("tax_invoice", "trn", "dz_vat_registered", 2),
    "SA": ("tax_invoice", "trn_sa", "non_gcc", 2), "BH": ("tax_invoice", "trn", "gcc_vat_registered", 3),
    "KW": ("invoice", "", "non_gcc", 3), "OM": ("tax_invoice", "vat_om", "vat_not_registered", 3),
    "QA": ("invoice", "", "gcc_vat_not_registered", 2), "KE": ("tax_invoice", "ke.pin", "vat_registered", 2),
    "ZA": ("tax_invoice", "vat_za", "overseas", 2), "AU": ("tax_invoice", "au.abn", "overseas", 2),
    "MX": ("invoice", "mx.rfc", "border_region_mexico", 2), "SG": ("tax_invoice", "gst_sg", "overseas", 2),
    "*": ("invoice", "", "overseas", 2), "NZ": ("tax_invoice", "nz.ird", "overseas", 2),
    "JP": ("qualified_invoice", "trn_jp", "overseas", 0), "CH": ("invoice", "ch.vat", "overseas", 2),
    "MY": ("invoice", "sst_my", "overseas", 2),
}  # fmt: skip
CURRENCIES = {
    "US": "USD", "CA": "CAD", "GB": "GBP", "DE": "EUR", "IN": "INR", "AE": "AED", "SA": "SAR", "BH": "BHD", "KW": "KWD",
    "OM": "OMR", "QA": "QAR", "KE": "KES", "ZA": "ZAR", "AU": "AUD", "MX": "MXN", "SG": "SGD", "*": "USD", "NZ": "NZD",
    "JP": "JPY", "CH": "CHF", "MY": "MYR",
}  # fmt: skip


@pytest.mark.parametrize(("country", "edition"), EDITIONS.items(), ids=EDITIONS)
def test_an_edition_has_title_identifier_standings_reasons_and_decimals(
    country: str, edition: tuple[str, str, str, int]
) -> None:
    title, check, standing, decimals = edition
    assert law_of(country)["tax_title"] == title and packs()[country].get("check", "") == check
    assert not standing or standing in standing_of(country)["treatments"]  # where taxes are local, by address
    assert bool(standing) != bool(standing_of(country).get("by_address"))
    assert all(exemptions_of(country)[applies_to] for applies_to in ("customer", "item"))
    assert decimals_of(CURRENCIES[country]) == decimals
    assert (
        packs()[country].get("rounding", ["document"])[0] == "document"
    )  # what a firm begins with is lawful everywhere


# TAX.md §1.2, and eu-vat-rates-data of 2026-09-29 for the reduced rates of the European Union.
IN_FORCE = {
    "CA": "5 13 15 14 9.975 7 6", "GB": "20 5", "AT": "20 13 10", "BE": "21 12 6", "DE": "19 7", "FR": "20 10 5.5 2.1",
    "IT": "22 10 5 4", "ES": "21 10 4", "PL": "23 8 5", "IE": "23 13.5 9", "NL": "21 9", "DK": "25",
    "FI": "25.5 13.5 10", "NO": "25 15 12", "CH": "8.1 2.6 3.8", "IS": "24 11", "AE": "5", "OM": "5", "SA": "15",
    "BH": "10", "AU": "10", "NZ": "15", "ZA": "15", "KE": "16", "MX": "16 8", "SG": "9", "MY": "8 6 10 5", "JP": "10 8",
}  # fmt: skip


@pytest.mark.parametrize("country", IN_FORCE)
def test_a_pack_holds_the_rates_in_force(country: str) -> None:
    percents = [tax for tax in packs()[country]["taxes"] if tax.get("kind", "percent") == "percent"]
    rates = {Decimal(tax["rates"][-1]["rate"] if "rates" in tax else tax["rate"]) for tax in percents}
    assert rates == {Decimal(each) for each in IN_FORCE[country].split()}


UNCHANGED = {"AT", "BE", "BG", "DK", "SE"}  # their standard rates are older than 2000


def test_every_standard_rate_has_its_first_day_unless_it_is_older_than_2000() -> None:
    usual = {country: tax for country, pack in packs().items() for tax in pack["taxes"] if tax.get("default")}
    undated = {c for c, tax in usual.items() if "rates" not in tax and tax.get("kind", "percent") == "percent"}
    assert undated == UNCHANGED
    india = {tax["name"]: tax for tax in packs()["IN"]["taxes"] if tax.get("kind", "percent") == "percent"}
    assert {tax["rates"][0]["from"] for tax in india.values()} == {"2017-07-01", "2025-09-22"}


@pytest.mark.parametrize(
    ("country", "name", "rates"),
    [
        ("DE", "VAT 19%", {"2006-12-31": None, "2007-01-01": 19, "2020-07-01": 16, "2020-12-31": 16, "2021-01-01": 19}),
        ("DE", "Reverse charge", {"2020-12-31": 16, "2021-01-01": 19}),
        ("GB", "VAT 20%", {"2011-01-03": None, "2011-01-04": 20}),
        ("AE", "VAT 5%", {"2017-12-31": None, "2018-01-01": 5}),
        ("SA", "VAT 15%", {"2017-12-31": None, "2020-06-30": 5, "2020-07-01": 15}),
        ("BH", "VAT 10%", {"2018-12-31": None, "2021-12-31": 5, "2022-01-01": 10}),
        ("OM", "VAT 5%", {"2021-04-15": None, "2021-04-16": 5}),
        ("ZA", "VAT 15%", {"2018-03-31": 14, "2018-04-01": 15}),
        ("EE", "VAT 24%", {"2025-06-30": 22, "2025-07-01": 24}),
        ("IN", "GST18", {"2017-06-30": None, "2017-07-01": 18}),
        ("IN", "GST40", {"2025-09-21": None, "2025-09-22": 40}),
    ],
)  # fmt: skip
def test_a_day_finds_the_rate_of_its_law_or_none_at_all(
    session: Session, firm: Firm, country: str, name: str, rates: dict[str, int | None]
) -> None:
    """None: whoever bills for such a day is asked, as nothing is known of it."""
    for tax in session.scalars(select(Tax)):
        tax.name = f"old {tax.id}"
    session.flush()
    start_taxes(session, firm.organisation_id, country)
    tax = session.scalars(select(Tax).where(Tax.name == name)).one()
    days = {day: date.fromisoformat(day) for day in rates}
    assert {said: None if tax.begins_after(day) else tax.rate_on(day) for said, day in days.items()} == rates
    session.rollback()


def test_a_mexican_firm_knows_what_companies_withhold(world: World) -> None:
    mexican = make_firm(name="Clima Norte", country="MX", currency="MXN", time_zone="America/Monterrey")
    with job_session(mexican.organisation_id) as session:
        withheld = [tax for tax in session.scalars(select(Tax)) if tax.is_withheld]
        rates = {tax.name: tax.rate_on(date(2026, 3, 2)) for tax in withheld if tax.kind == "withholding"}
        groups = {tax.name: [each.tax.name for each in tax.members] for tax in withheld if tax.members}
    assert sorted(rates.values()) == [Decimal("1.25"), 4, 10, Decimal("10.6667")]
    assert groups["ISR 10% + IVA retenido"] == ["ISR retenido 10%", "IVA retenido 10.6667%"]


def test_no_rate_is_a_number_that_could_become_a_float() -> None:
    assert "float" not in {type(value).__name__ for value in _leaves(json.loads(json.dumps(packs())))}


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


@pytest.mark.parametrize("country", sorted(packs()))
def test_a_firm_of_each_country_begins_with_its_usual_tax(session: Session, firm: Firm, country: str) -> None:
    for tax in session.scalars(select(Tax)):
        tax.name, tax.is_default = f"old {tax.id}", False
    session.flush()
    start_taxes(session, firm.organisation_id, country)
    usual = session.scalars(select(Tax).where(Tax.is_default)).all()
    assert len(usual) == 1
    session.rollback()


def test_a_firm_in_india_begins_with_both_halves_of_its_usual_tax(world: World) -> None:
    indian = make_firm(name="Pune Cooling", country="IN", currency="INR", time_zone="Asia/Kolkata")
    with job_session(indian.organisation_id) as session:
        usual = session.scalars(select(Tax).where(Tax.is_default)).one()
        assert (usual.name, [member.tax.name for member in usual.members]) == ("GST18", ["CGST9", "SGST9"])


@pytest.mark.parametrize(("day", "rate"), [(date(2025, 3, 31), 15), (date(2025, 4, 1), 14)])
def test_nova_scotia_changed_its_rate(session: Session, firm: Firm, day: date, rate: int) -> None:
    for tax in session.scalars(select(Tax)):
        tax.name = f"old {tax.id}"
    session.flush()
    start_taxes(session, firm.organisation_id, "CA")
    hst = session.scalars(select(Tax).where(Tax.name == "HST NS")).one()
    assert hst.rate_on(day) == rate
    session.rollback()


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DE", "DE136695976"), ("DE", "136695976"), ("GB", "GB 980 7806 84"), ("IN", "27AAPFU0939F1ZV"),
        ("AE", "100 1234 5678 9003"), ("SA", "300000000000003"), ("AU", "83 914 571 673"), ("US", "12-3456789"),
        ("FR", ""), ("BR", "12345"), ("JP", "T7000012050002"),
        ("ZA", "4123456789"), ("SG", "M2-0012345-6"), ("MY", "W10-1808-32000001"), ("OM", "OM1234567890"),
    ],
)  # fmt: skip
def test_a_right_number_passes(country: str, number: str) -> None:
    assert problem_with(country, number) == ""


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DE", "DE136695977"), ("GB", "GB 980 7806 85"), ("IN", "27AAPFU0939F1ZA"), ("AE", "1001234567890"),
        ("SA", "100000000000003"), ("JP", "7000012050002"), ("AU", "83 914 571 674"), ("DE", "\x00"), ("IN", "😀" * 15),
        ("JP", "T7000012050003"), ("JP", "T1111111111111"),
        ("ZA", "5123456789"), ("SG", "M2-12"), ("MY", "12345"), ("OM", "1234567890"), ("US", "00-0000000"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_told_with_what_to_do(country: str, number: str) -> None:
    assert "or leave it empty" in problem_with(country, number)


@pytest.mark.usefixtures("world")
def test_india_knows_its_abolished_rates_and_offers_them_no_more() -> None:
    """12 and 28 % ended with 21 September 2025; 40 % began the day after. Source: GST Council's 56th meeting."""
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")
    last, after = date(2025, 9, 21), date(2025, 9, 22)
    with job_session(firm.organisation_id) as session:
        taxes = {tax.name: tax for tax in session.scalars(select(Tax))}
        rates = {name: [taxes[name].rate_on(day) for day in (last, after)] for name in ("GST28", "IGST12", "IGST40")}
        ended = {name for name, tax in taxes.items() if tax.has_ended(after)}
        offered = {name for name, tax in taxes.items() if tax.is_active}
        assert not any(tax.has_ended(last) for tax in taxes.values())
    assert rates["GST28"][0] == 28 and rates["IGST12"][0] == 12 and rates["IGST40"] == [0, 40]
    assert ended == {"CGST6", "SGST6", "GST12", "IGST12", "CGST14", "SGST14", "GST28", "IGST28"}
    assert not ended & offered and {"GST0.25", "GST3", "GST5", "GST18", "GST40"} <= offered


@pytest.mark.usefixtures("world")
def test_indias_rates_for_stones_and_jewellery_stayed_when_others_ended() -> None:
    """3 % and 0.25 %. Source: notification 9/2025-Central Tax (Rate), schedules IV and V."""
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")
    with job_session(firm.organisation_id) as session:
        taxes = {tax.name: tax for tax in session.scalars(select(Tax))}
        for name, half, rate in (("GST3", "CGST1.5", "3"), ("GST0.25", "CGST0.125", "0.25")):
            for day in (date(2017, 7, 1), date(2025, 9, 22)):
                assert taxes[name].rate_on(day) == taxes[f"I{name}"].rate_on(day) == Decimal(rate)
                assert taxes[half].rate_on(day) * 2 == Decimal(rate)
            assert taxes[name].between_states_id == taxes[f"I{name}"].id

"""Which tax a line gets: one row a case, region by region."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.taxes.determination import Buyer, Determined, Firm, Item, Job, Undetermined, determine

USUAL, BETWEEN, ZERO, OUT, REVERSE, ADDRESS, OWN = 1, 2, 3, 4, 5, 6, 7
KINDS = {"zero": ZERO, "out_of_scope": OUT, "reverse_charge": REVERSE}
ITEM = Item(tax=USUAL, tax_between_states=BETWEEN)
COUNTRIES = ("US", "IN", "GB", "DE", "AE", "AU")


def firm(country: str, place: str = "") -> Firm:
    return Firm(country, place=place, by_kind=KINDS)


@pytest.mark.parametrize(
    ("country", "buyer", "job", "tax", "why"),
    [
        ("IN", Buyer("IN", "business_gst"), Job("KA"), USUAL, "intra-state: KA"),
        ("IN", Buyer("IN", "consumer"), Job("MH"), BETWEEN, "inter-state: KA → MH"),
        ("IN", Buyer("IN", "sez"), Job("KA"), BETWEEN, "inter-state: supply to a special economic zone"),
        ("IN", Buyer("US", "overseas"), Job(), ZERO, "export: customer overseas"),
        ("AE", Buyer("AE", "vat_registered"), Job("DU"), USUAL, "item's usual tax"),
        ("AE", Buyer("AE", "vat_not_registered"), Job("DU"), USUAL, "item's usual tax"),
        ("AE", Buyer("SA", "gcc_vat_registered"), Job("SA"), ZERO, "GCC customer, supplied in SA"),
        ("AE", Buyer("OM", "gcc_vat_not_registered"), Job("OM"), ZERO, "GCC customer, supplied in OM"),
        ("AE", Buyer("SA", "gcc_vat_registered"), Job("DU"), USUAL, "item's usual tax"),
        ("AE", Buyer("SA", "gcc_vat_registered"), Job("AE"), USUAL, "item's usual tax"),
        ("AE", Buyer("GB", "non_gcc"), Job(), ZERO, "customer outside the GCC"),
        ("DE", Buyer("DE", has_tax_number=True), Job(), USUAL, "item's usual tax"),
        ("DE", Buyer("FR", has_tax_number=True), Job(), REVERSE, "reverse charge: VAT-registered in FR"),
        ("DE", Buyer("FR"), Job(), USUAL, "no VAT number in FR: our own rate"),
        ("DE", Buyer("CH", has_tax_number=True), Job(), OUT, "business outside the EU: CH"),
        ("DE", Buyer("GB", has_tax_number=True), Job(), OUT, "business outside the EU: GB"),
        ("GB", Buyer("GB", "uk", has_tax_number=True), Job(), USUAL, "item's usual tax"),
        (
            "GB", Buyer("GB", "uk", has_tax_number=True), Job(is_domestic_reverse_charge=True), REVERSE,
            "domestic reverse charge: construction",
        ),
        ("GB", Buyer("US", "overseas"), Job(), ZERO, "customer overseas"),
        ("US", Buyer("US", tax=OWN), Job(address_tax=ADDRESS), ADDRESS, "tax of the service address"),
        ("US", Buyer("US", tax=OWN), Job(), OWN, "customer's tax"),
        ("US", Buyer("US"), Job(), USUAL, "item's usual tax"),
        ("IN", Buyer("IN", "deemed_export"), Job("KA"), USUAL, "intra-state: KA"),
        ("MX", Buyer("MX", "border_region_mexico"), Job(), BETWEEN, "border region"),
        ("MX", Buyer("MX", "home_country_mexico"), Job(), USUAL, "item's usual tax"),
        ("AU", Buyer("AU"), Job(), USUAL, "item's usual tax"),
        ("AU", Buyer("JP", "overseas"), Job(), ZERO, "export: customer overseas"),
    ],
)  # fmt: skip
def test_the_region_decides(country: str, buyer: Buyer, job: Job, tax: int, why: str) -> None:
    assert determine(firm(country, "KA"), buyer, ITEM, job) == Determined(tax, why)


@pytest.mark.parametrize("country", COUNTRIES)
def test_an_exempt_customer_wins_over_everything(country: str) -> None:
    buyer = Buyer("FR", is_taxable=False, exemption="charity certificate 123", has_tax_number=True)
    item = replace(ITEM, is_taxable=False, exemption="medicine")
    assert determine(firm(country), buyer, item, Job(address_tax=ADDRESS)) == Determined(
        None, "customer exempt: charity certificate 123", reason="charity certificate 123"
    )


@pytest.mark.parametrize("country", COUNTRIES)
def test_an_item_that_bears_no_tax_gives_its_own_reason(country: str) -> None:
    item = replace(ITEM, is_taxable=False, exemption="medicine")
    found = determine(firm(country), Buyer(country), item, Job(address_tax=ADDRESS))
    assert found == Determined(None, "not taxable: medicine", reason="medicine")


def test_a_firm_that_is_not_registered_charges_nothing_and_says_so() -> None:
    found = determine(Firm("DE", is_registered=False), Buyer("FR", has_tax_number=True), ITEM, Job())
    assert found == Determined(None, "not registered for tax", reason="not registered for tax")


@pytest.mark.parametrize(
    ("seller", "buyer", "item", "job", "advice"),
    [
        (firm("AU"), Buyer("AU"), Item(), Job(), "Choose a tax for the line"),
        (firm("AU"), Buyer("AU", is_taxable=False), ITEM, Job(), "why this customer"),
        (firm("AU"), Buyer("AU"), Item(is_taxable=False), Job(), "why this item"),
        (firm("IN"), Buyer("IN"), ITEM, Job("KA"), "your own state"),
        (firm("IN", "KA"), Buyer("IN"), ITEM, Job(), "place of supply"),
        (firm("IN", "KA"), Buyer("IN"), Item(tax=USUAL), Job("MH"), "IGST"),
        (firm("AE"), Buyer("SA", "gcc_vat_registered"), ITEM, Job(), "place of supply"),
        (firm("GB"), Buyer("GB"), ITEM, Job(is_domestic_reverse_charge=True), "VAT number"),
        (Firm("DE"), Buyer("FR", has_tax_number=True), ITEM, Job(), "kind reverse charge"),
    ],
)  # fmt: skip
def test_neither_a_tax_nor_a_reason_is_refused(seller: Firm, buyer: Buyer, item: Item, job: Job, advice: str) -> None:
    with pytest.raises(Undetermined, match=advice):
        determine(seller, buyer, item, job)


CODES = st.sampled_from(["", "US", "CA", "IN", "GB", "DE", "FR", "AE", "SA", "AU", "ZA", "JP", "27", "29", "DU"])
TREATMENTS = st.sampled_from(
    ["", "business_gst", "consumer", "sez", "overseas", "vat_registered", "gcc_vat_registered", "non_gcc", "uk",
     "eu_vat_registered", "business"]
)  # fmt: skip
REASONS, IDS = st.sampled_from(["", " ", "charity"]), st.none() | st.integers(1, 9)
KIND = st.sampled_from(["", "percent", "group", "zero", "exempt", "out_of_scope", "reverse_charge"])
FIRMS = st.builds(
    Firm, CODES, st.booleans(), st.sampled_from(["", "27"]),
    st.sampled_from([{}, KINDS, {"zero": ZERO}, {"reverse_charge": REVERSE}]),
)  # fmt: skip
BUYERS = st.builds(Buyer, CODES, TREATMENTS, st.booleans(), st.booleans(), REASONS, IDS, st.booleans(), CODES)
BARE = (IDS, IDS, st.booleans(), REASONS, KIND, st.booleans(), st.booleans(), st.booleans())
ITEMS = st.builds(Item, *BARE, st.none() | st.builds(Item, *BARE))
JOBS = st.builds(Job, CODES, IDS, st.booleans(), CODES, st.booleans())


@given(FIRMS, BUYERS, ITEMS, JOBS)
def test_there_is_a_tax_or_a_reason_never_both_and_never_neither(
    seller: Firm, buyer: Buyer, item: Item, job: Job
) -> None:
    try:
        found = determine(seller, buyer, item, job)
    except Undetermined as advice:
        assert len(str(advice)) > 20
        return
    assert (found.tax is None) == bool(found.reason.strip())
    assert found.why.strip()
    if not buyer.is_taxable or not seller.is_registered:
        assert found.tax is None


AT_HOME, ABROAD = Job(country="DE"), Job(country="FR")
BUILDING, PART = replace(ITEM, on_building=True), replace(ITEM, is_goods=True)
FRENCH, GERMAN = Buyer("FR", has_tax_number=True), Buyer("DE", has_tax_number=True)


@pytest.mark.parametrize(
    ("buyer", "item", "job", "tax"),
    [
        (FRENCH, BUILDING, AT_HOME, USUAL), (FRENCH, BUILDING, ABROAD, REVERSE), (FRENCH, ITEM, AT_HOME, REVERSE),
        (GERMAN, BUILDING, ABROAD, REVERSE), (FRENCH, PART, AT_HOME, USUAL), (FRENCH, PART, ABROAD, ZERO),
        (FRENCH, BUILDING, Job(country="CH"), OUT), (GERMAN, ITEM, ABROAD, USUAL),
        (FRENCH, replace(BUILDING, kind="exempt"), ABROAD, USUAL),
    ],
)  # fmt: skip
def test_work_on_a_building_is_taxed_where_it_stands(buyer: Buyer, item: Item, job: Job, tax: int) -> None:
    assert determine(firm("DE"), buyer, item, job).tax == tax


def test_a_private_persons_building_abroad_is_not_guessed() -> None:
    with pytest.raises(Undetermined, match="VAT is due there"):
        determine(firm("DE"), Buyer("DE"), BUILDING, ABROAD)


REVERSED = replace(ITEM, tax=REVERSE, kind="reverse_charge", charged=ITEM)
NUMBERED = Buyer("GB", "uk", has_tax_number=True)


@pytest.mark.parametrize(
    ("country", "buyer", "tax", "why"),
    [
        ("GB", Buyer("GB", "uk"), USUAL, "no reverse charge for this customer"),
        ("GB", NUMBERED, USUAL, "no reverse charge for this customer"),  # an end user, as far as anybody has said
        ("GB", replace(NUMBERED, accounts_for_tax=True), REVERSE, "item's usual tax"),
        ("DE", Buyer("DE", "consumer"), USUAL, "no reverse charge for this customer"),
        ("DE", Buyer("FR"), USUAL, "no VAT number in FR: our own rate"),
        ("DE", GERMAN, REVERSE, "item's usual tax"),
        ("ZA", Buyer("ZA"), USUAL, "no reverse charge for this customer"),
    ],
)
def test_only_who_can_account_for_the_tax_gets_a_reverse_charge(country: str, buyer: Buyer, tax: int, why: str) -> None:
    assert determine(firm(country), buyer, REVERSED, Job()) == Determined(tax, why)


def test_a_reverse_charge_without_a_tax_to_charge_instead_is_refused() -> None:
    with pytest.raises(Undetermined, match="cannot account for the tax"):
        determine(firm("DE"), Buyer("DE"), replace(REVERSED, charged=None), Job())


@pytest.mark.parametrize("kind", ["zero", "exempt", "out_of_scope"])
def test_in_canada_an_items_own_standing_goes_before_the_province(kind: str) -> None:
    item = replace(ITEM, kind=kind)
    assert determine(firm("CA"), Buyer("CA", tax=OWN), item, Job(address_tax=ADDRESS)).tax == USUAL
    assert determine(firm("US"), Buyer("US"), item, Job(address_tax=ADDRESS)).tax == ADDRESS  # TAX.md: no tax on items


@pytest.mark.parametrize(
    ("treatment", "job", "tax"),
    [
        ("non_gcc", Job("DU", country="AE"), ZERO), ("non_gcc", Job("DU", country="AE", is_place_chosen=True), USUAL),
        ("non_gcc", Job("SA", is_place_chosen=True), ZERO), ("gcc_vat_registered", Job("SA", country="AE"), ZERO),
        ("gcc_vat_registered", Job("DU", country="SA"), USUAL),
    ],
)  # fmt: skip
def test_the_emirates_follow_the_matrix_and_a_chosen_place(treatment: str, job: Job, tax: int) -> None:
    assert determine(firm("AE"), Buyer("AE", treatment), replace(ITEM, on_building=True), job).tax == tax


GOODS = replace(ITEM, is_goods=True)


@pytest.mark.parametrize(
    ("country", "abroad", "why"),
    [("DE", "CH", "export to CH"), ("FR", "GB", "export to GB"), ("GB", "FR", "export to FR")],
)
def test_goods_of_a_job_abroad_bear_no_tax_of_home_though_the_customer_is_at_home(
    country: str, abroad: str, why: str
) -> None:
    buyer = Buyer(country, has_tax_number=True)
    assert determine(firm(country), buyer, GOODS, Job(country=abroad)) == Determined(ZERO, why)
    assert determine(firm(country), buyer, GOODS, Job(country=country)).tax == USUAL
    assert determine(firm(country), buyer, ITEM, Job(country=abroad)).tax == USUAL


def test_goods_for_a_job_elsewhere_in_the_eu_are_asked_about_as_installing_decides() -> None:
    with pytest.raises(Undetermined, match="Goods installed in FR bear the VAT of FR, goods only sent there yours"):
        determine(firm("DE"), Buyer("DE", has_tax_number=True), GOODS, Job(country="FR"))


def test_in_india_a_half_alone_and_two_own_states_are_refused() -> None:
    with pytest.raises(Undetermined, match="CGST and SGST"):
        determine(firm("IN", "KA"), Buyer("IN"), replace(ITEM, is_whole=False), Job("KA"))
    with pytest.raises(Undetermined, match="Correct one of them"):
        determine(replace(firm("IN", "KA"), number_place="MH"), Buyer("IN"), ITEM, Job("KA"))


def test_a_european_number_without_an_address_asks_for_the_address() -> None:
    with pytest.raises(Undetermined, match="enter their address"):
        determine(firm("DE"), replace(GERMAN, number_country="FR"), ITEM, Job())

"""Which tax a line gets: one row a case, region by region."""

from dataclasses import replace

import pytest

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

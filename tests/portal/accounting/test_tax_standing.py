"""A customer's tax number and standing go where the edition of Zoho has fields for them."""

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.tax_standing import standing
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.organisations.models import Organisation
from portal.shared import outbox
from portal.shared.running import job_session
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


# firm's country, customer's, treatment, tax number → fields there
@pytest.mark.parametrize(
    ("home", "country", "treatment", "number", "fields"),
    [
        ("GB", "GB", "", "GB999999973", {"vat_treatment": "uk", "vat_reg_no": "GB999999973"}),
        ("GB", "DE", "", "DE136695976", {"vat_treatment": "overseas", "vat_reg_no": "DE136695976"}),
        ("GB", "IE", "eu_vat_registered", "", {"vat_treatment": "eu_vat_registered"}),
        ("IN", "IN", "", "27AAPFU0939F1ZV", {"gst_treatment": "business_gst", "gst_no": "27AAPFU0939F1ZV"}),
        ("IN", "IN", "sez", "27AAPFU0939F1ZV", {"gst_treatment": "business_gst", "gst_no": "27AAPFU0939F1ZV"}),
        ("IN", "IN", "business_composition", "", {"gst_treatment": "business_none"}),
        ("IN", "IN", "consumer", "", {"gst_treatment": "consumer"}),
        ("AE", "SA", "", "300", {"tax_treatment": "gcc_vat_registered", "tax_reg_no": "300"}),
        ("AE", "FR", "", "FR1", {"tax_treatment": "non_gcc", "tax_reg_no": "FR1"}),
        ("AE", "", "dz_vat_registered", "100", {"tax_treatment": "dz_vat_registered", "tax_reg_no": "100"}),
        ("MX", "MX", "", "XAXX", {"tax_treatment": "home_country_mexico", "tax_reg_no": "XAXX"}),
        ("KE", "UG", "overseas", "", {"tax_treatment": "non_kenya"}),
        ("ZA", "ZA", "", "4", {"tax_treatment": "vat_registered", "tax_reg_no": "4"}),
        ("GB", "GB", "", "", {}),
        ("US", "US", "", "12-3456789", {}),
        ("DE", "AT", "business", "ATU1", {}),
    ],
)
def test_each_edition_hears_it_in_its_own_fields(
    home: str, country: str, treatment: str, number: str, fields: dict[str, str]
) -> None:
    assert standing(home, country, treatment, number) == fields


def test_a_number_that_is_entered_and_taken_away_is_so_there(linked: LinkedFirm) -> None:
    for number in ("GB999999973", ""):
        with job_session(linked.organisation_id) as session:
            session.get_one(Customer, linked.firm.customer_id).tax_number = number
            outbox.record(session, linked.organisation_id, "customer", linked.firm.customer_id)
        drain(linked.organisation_id)
        (there,) = linked.there("contacts")
        assert there.get("vat_reg_no", "") == number
    assert [record.state for record in linked.mirror("customer")] == ["in_step"]


@pytest.mark.parametrize(("country", "is_taxed"), [("US", False), ("IN", False), ("GB", True)])
def test_items_go_without_a_tax_where_the_place_decides_it(linked: LinkedFirm, country: str, is_taxed: bool) -> None:
    with job_session(linked.organisation_id) as session:
        session.query(Organisation).one().country = country
        assert all(item.tax_id for item in session.query(Item))
    drain(linked.organisation_id)
    items = linked.there("items")
    assert [bool(one.get("tax_id")) for one in items] == [is_taxed] * 3

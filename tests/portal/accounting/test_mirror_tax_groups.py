"""A group of taxes goes to the books as a group, after its members, once."""

from decimal import Decimal

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.sources import read
from portal.accounting.samples import samples_of
from portal.catalogue.models import Item
from portal.organisations.models import Organisation
from portal.shared import outbox
from portal.shared.running import job_session
from portal.taxes.actions import add_group, add_tax, change_words
from portal.taxes.authorities.actions import Said, change_authority, named
from portal.taxes.models import Authority, Tax
from tests.contract.zoho_contract import load
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def tax_by_halves(linked: LinkedFirm) -> int:
    """Every item bears GST18, of two halves of 9 %."""
    with job_session(linked.organisation_id) as session:
        halves = [add_tax(session, linked.organisation_id, name, Decimal(9)) for name in ("CGST9", "SGST9")]
        group = add_group(session, linked.organisation_id, "GST18", halves)
        for item_id in linked.firm.item_ids:
            session.get_one(Item, item_id).tax_id = group.id
        return group.id


def test_an_invoice_with_a_group_agrees_to_the_cent(linked: LinkedFirm) -> None:
    tax_by_halves(linked)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert Decimal(str(there["total"])) == invoice.total.decimal
    assert [row.name for row in invoice.taxes] == ["CGST9", "SGST9"]
    assert invoice.taxes[0].amount_minor == invoice.taxes[1].amount_minor
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_the_group_is_made_once_and_found_again_after_a_lost_answer(linked: LinkedFirm) -> None:
    group_id = tax_by_halves(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        record = next(each for each in linked.mirror() if (each.module, each.local_id) == ("tax", group_id))
        own = session.merge(record)
        own.remote_id, own.state, own.snapshot, own.version_pushed = None, "pending", None, 0
        outbox.record(session, linked.organisation_id, "tax", group_id)
    drain(linked.organisation_id)
    assert [one["tax_name"] for one in linked.there("taxes")].count("GST18") == 1
    assert len(linked.zoho.requests(linked.remote, "POST", "/settings/taxgroups")) == 1


@pytest.mark.parametrize(("country", "named_there"), [("US", "New York State"), ("GB", "")])
def test_an_american_tax_says_there_who_gets_it(linked: LinkedFirm, country: str, named_there: str) -> None:
    """Zoho's documents know the field for that edition only (zoho/API.md §6.6)."""
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).country = country
        levied_by = named(session, linked.organisation_id, "New York State")
        tax_id = add_tax(session, linked.organisation_id, "NY State", Decimal(4), authority_id=levied_by).id
        source = read(session, "tax", tax_id)
    drain(linked.organisation_id)
    (there,) = [one for one in linked.there("taxes") if one["tax_name"] == "NY State"]
    assert there["tax_authority_name"] == named_there
    assert source is not None
    sent = source.build(lambda *_: "", "NY State", {})
    assert sent.get("tax_authority_name", "") == named_there
    assert load().check_request("POST", "/books/v3/settings/taxes", {"organization_id": "1"}, sent) == []


def test_who_gets_a_tax_is_told_there_again_when_that_changes(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).country = "US"
        levied_by = named(session, linked.organisation_id, "New York State")
        tax_id = add_tax(session, linked.organisation_id, "NY State", Decimal(4), authority_id=levied_by).id
    drain(linked.organisation_id)

    def told() -> str:
        drain(linked.organisation_id)
        return next(str(one["tax_authority_name"]) for one in linked.there("taxes") if one["tax_name"] == "NY State")

    assert told() == "New York State"
    with job_session(linked.organisation_id) as session:
        county = named(session, linked.organisation_id, "Kings County")
        change_words(session, session.get_one(Tax, tax_id), why="", authority_id=county)
    assert told() == "Kings County"
    with job_session(linked.organisation_id) as session:
        change_authority(session, session.get_one(Authority, county), Said("County of Kings"))
    assert told() == "County of Kings"
    assert linked.mirror("tax")[-1].state == "in_step"


def test_a_group_that_came_last_leaves_the_rate_a_sample_on_the_page_of_the_mapping(linked: LinkedFirm) -> None:
    group = tax_by_halves(linked)
    drain(linked.organisation_id)
    linked.change("UPDATE mirror_records SET remote_id = NULL WHERE module = 'tax' AND local_id <> :id", id=group)
    with job_session(linked.organisation_id) as session:
        assert samples_of(session, linked.link().id, "tax")["rate"] == "9 %"

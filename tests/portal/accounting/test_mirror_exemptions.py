"""Why no tax is charged goes over by its id there, where both sides know the reason; and the place of supply."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.accounting.exemptions import tie_reason
from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.sources import read
from portal.accounting.tax_standing import place_there, untaxed_contact, untaxed_item
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.actions import issue_invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import outbox
from portal.shared.running import job_session
from portal.taxes.models import Tax
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing.actions import add_exemption
from tests.builders import make_invoice
from tests.contract.zoho_contract import load
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]

RESALE, LABOUR = "Bought for resale there", "Labour bears none there"


def known_reason(linked: LinkedFirm, name: str, applies_to: str, country: str = "US") -> tuple[int, str]:
    """Ours, and the id of the exemption there that says the same."""
    code = {"tax_exemption_code": name, "type": applies_to}
    linked.zoho.act(linked.remote, "POST /settings/taxexemptions", code)
    (there,) = [each for each in linked.there("taxexemptions") if each["tax_exemption_code"] == name]
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).country = country
        ours = add_exemption(session, linked.organisation_id, name, applies_to).id
        tie_reason(session, linked.organisation_id, linked.link().id, there["tax_exemption_id"], exemption_id=ours)
    return ours, str(there["tax_exemption_id"])


def reason_of(linked: LinkedFirm, exemption_id: int | None) -> None:
    with job_session(linked.organisation_id) as session:
        session.execute(update(Customer).values(exemption_id=exemption_id, certificate="A-1"))
        outbox.record(session, linked.organisation_id, "customer", linked.firm.customer_id)


def sent(linked: LinkedFirm, module: str, local_id: int) -> dict[str, Any]:
    with job_session(linked.organisation_id) as session:
        source = read(session, module, local_id)
    assert source is not None
    return source.build(lambda *_: "1", source.name, {})


def test_an_exempt_customer_is_exempt_there_and_taxed_again_when_that_is_over(linked: LinkedFirm) -> None:
    ours, theirs = known_reason(linked, RESALE, "customer")
    reason_of(linked, ours)
    drain(linked.organisation_id)
    (there,) = linked.there("contacts")
    assert (there["is_taxable"], there["tax_exemption_id"]) == (False, theirs)
    reason_of(linked, None)
    drain(linked.organisation_id)
    (there,) = linked.there("contacts")
    assert (there["is_taxable"], there["tax_exemption_id"]) == (True, "")


def test_a_line_names_its_reason_as_it_was_frozen_with_the_certificate_behind_it(linked: LinkedFirm) -> None:
    ours, theirs = known_reason(linked, RESALE, "customer")
    reason_of(linked, ours)
    with job_session(linked.organisation_id) as session:
        invoice = make_invoice(session, linked.firm)
        assert invoice.lines[0].tax_reason == f"{RESALE}, certificate A-1"
    reason_of(linked, None)  # the customer's standing of later moves nothing
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert {line["tax_exemption_id"] for line in there["line_items"]} == {theirs}
    assert Decimal(str(there["total"])) == invoice.total.decimal == Decimal("196.50")
    assert linked.mirror("invoice")[0].state == "in_step"


def test_an_item_that_bears_none_says_so_there(linked: LinkedFirm) -> None:
    ours, theirs = known_reason(linked, LABOUR, "item")
    with job_session(linked.organisation_id) as session:
        item = session.get_one(Item, linked.firm.item_ids[0])
        item.exemption_id = ours
    payload = sent(linked, "item", linked.firm.item_ids[0])
    assert (payload["is_taxable"], payload["tax_exemption_id"]) == (False, theirs)
    assert load().check_request("POST", "/books/v3/items", {"organization_id": "1"}, payload) == []


def test_an_exempt_tax_of_ours_is_their_exemption_on_the_line(linked: LinkedFirm) -> None:
    _, theirs = known_reason(linked, RESALE, "item")
    with job_session(linked.organisation_id) as session:
        exempt = session.scalars(select(Tax).where(Tax.kind == "exempt")).first()
        assert exempt is not None
        tie_reason(session, linked.organisation_id, linked.link().id, theirs, tax_id=exempt.id)
        session.execute(update(Item).values(tax_id=exempt.id))
        session.execute(update(Customer).values(tax_id=exempt.id))  # in the States the address decides, or the customer
        invoice = make_invoice(session, linked.firm)
    drain(linked.organisation_id)
    assert {line["tax_exemption_id"] for line in linked.there("invoices")[0]["line_items"]} == {theirs}
    assert invoice.tax.decimal == 0


def test_a_reason_that_only_we_know_stays_here(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).country = "US"
        ours = add_exemption(session, linked.organisation_id, RESALE, "customer").id
    reason_of(linked, ours)
    assert "is_taxable" not in sent(linked, "customer", linked.firm.customer_id or 0)


@pytest.mark.parametrize(
    ("home", "places", "there"),
    [("IN", ["27", "27"], "MH"), ("IN", ["05"], "UK"), ("IN", ["37"], "AD"), ("IN", ["27", "29"], ""), ("IN", [""], ""),
     ("AE", ["DU"], "DU"), ("SA", ["KW"], "KW"), ("DE", ["27"], ""), ("IN", [], "")],
)  # fmt: skip
def test_the_place_of_supply_in_the_words_of_the_edition(home: str, places: list[str], there: str) -> None:
    assert place_there(home, places, standing_of(home).get("aliases", {})) == there


def test_each_state_of_india_has_its_own_letters_there() -> None:
    aliases = standing_of("IN")["aliases"]
    numbers = set(aliases.values())
    assert len({place_there("IN", [number], aliases) for number in numbers}) == len(numbers)


@pytest.mark.parametrize(("country", "place", "there"), [("AE", "DU", "DU"), ("IN", "27", "MH"), ("GB", "DU", "")])
def test_an_invoice_says_where_it_is_supplied(linked: LinkedFirm, country: str, place: str, there: str) -> None:
    with job_session(linked.organisation_id) as session:
        invoice = get_invoice(session, make_invoice(session, linked.firm, sent=False).id, lock=True)
        for line in invoice.lines:
            line.place_of_supply = place
        organisation = session.get_one(Organisation, linked.organisation_id)
        issue_invoice(session, organisation, invoice)
        organisation.country = country
    drain(linked.organisation_id)
    assert linked.there("invoices")[0].get("place_of_supply", "") == there
    payload = sent(linked, "invoice", invoice.id)
    assert load().check_request("POST", "/books/v3/invoices", {"organization_id": "1"}, payload) == []


@pytest.mark.parametrize(("edition", "contact", "item"), [("US", True, True), ("CA", True, False), ("MX", False, True)])
def test_each_edition_has_its_own_fields(edition: str, contact: bool, item: bool) -> None:
    assert (bool(untaxed_contact(edition, "7")), bool(untaxed_item(edition, "7"))) == (contact, item)
    assert not untaxed_contact("US", "") and not untaxed_item("US", "")

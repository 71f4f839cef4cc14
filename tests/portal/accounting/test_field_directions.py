"""Each row of the mapping is obeyed by the mirror, both ways: through the real drain, against the stand-in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portal.accounting import field_rules, fields
from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow
from portal.accounting.setup import steps, taking
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.builders import Firm
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho
from tests.portal.accounting.test_both_ways import at, contact, customer, edit

__all__ = ["zoho"]


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    return connect(zoho, firm, product=request.param)


def keep(linked: LinkedFirm, module: str, **rows: dict[str, str]) -> None:
    """Some rows of the mapping in force become as told: keep(…, notes={"theirs": "notes", "direction": "pull"})."""
    with job_session(linked.organisation_id) as session:
        now = field_rules.rules_of(session, linked.link().id, module)
        wanted = [replace(rule, **rows.get(rule.ours, {})) for rule in now]
        facts = fields.Facts(module, linked.link().product, [fields.custom_field(each.theirs) for each in wanted
                                                             if each.theirs.startswith(fields.CUSTOM)])  # fmt: skip
        assert fields.problems(facts, wanted) == {}
        field_rules.keep(session, linked.link(), module, wanted, made_by="Ada Admin")


def custom_field(linked: LinkedFirm, entity: str, api_name: str) -> None:
    body = {"entity": entity, "label": api_name.removeprefix("cf_"), "api_name": api_name}
    linked.zoho.control("POST", f"/orgs/{linked.remote}/customfields", body)


def custom(record: dict[str, Any]) -> dict[str, str]:
    return {each["api_name"]: each["value"] for each in record["custom_fields"]}


def notes(linked: LinkedFirm) -> tuple[str, object]:
    return customer(linked).notes, contact(linked)["notes"]


def test_a_row_that_only_goes_there_takes_nothing_back_and_is_still_sent(linked: LinkedFirm) -> None:
    keep(linked, "customer", notes={"theirs": "notes", "direction": "push"})
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", notes="Theirs", website="there.example")
    look(linked)
    assert notes(linked) == ("", "Theirs") and questions(linked) == []
    edit(linked, notes="Ours")
    drain(linked.organisation_id)
    assert notes(linked) == ("Ours", "Ours") and questions(linked) == []
    linked.zoho.forget_requests()
    look(linked)
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} == {"GET"}


def test_a_row_that_only_comes_from_there_counts_as_it_is_there_whatever_is_written_here(linked: LinkedFirm) -> None:
    keep(linked, "customer", notes={"theirs": "notes", "direction": "pull"})
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", notes="Theirs")
    look(linked)
    assert notes(linked) == ("Theirs", "Theirs")
    let_time_pass(linked)
    edit(linked, notes="Ours", name="Maple Dental Group")
    drain(linked.organisation_id)
    assert notes(linked) == ("Theirs", "Theirs") and questions(linked) == []
    assert contact(linked)["contact_name"] == "Maple Dental Group"


def test_persons_that_only_go_there_are_kept_as_here_and_nobody_is_lost_there(linked: LinkedFirm) -> None:
    """Zoho replaces the whole list of persons."""
    keep(linked, "customer", email={"direction": "push"})
    both_ways(linked, "customer")
    (rita,) = contact(linked)["contact_persons"]  # type: ignore[misc]
    new = {"first_name": "Tom", "last_name": "Reed", "email": "tom@maple.example"}
    act(linked, f"PUT {at(linked)}", contact_persons=[dict(rita) | {"phone": "0113 496 9999"}, new])
    look(linked)
    assert sorted(each.first_name for each in customer(linked).contacts) == ["Rita", "Tom"]
    assert "0113 496 9999" not in {customer(linked).phone, *(each.phone for each in customer(linked).contacts)}
    edit(linked, name="Maple Dental Group")
    drain(linked.organisation_id)
    there = contact(linked)["contact_persons"]
    assert sorted(each["first_name"] for each in there) == ["Rita", "Tom"]  # type: ignore[attr-defined]


def test_what_comes_from_there_only_is_told_once_to_a_record_made_there(linked: LinkedFirm) -> None:
    """There is nothing yet that could count instead."""
    keep(linked, "customer", payment_terms_days={"direction": "pull"})
    edit(linked, payment_terms_days=21)
    both_ways(linked, "customer")
    assert (contact(linked)["payment_terms"], customer(linked).payment_terms_days) == (21, 21)


def test_in_a_module_that_goes_one_way_a_row_from_there_rests(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    keep(linked, "customer", payment_terms_days={"direction": "pull"})
    act(linked, f"PUT {at(linked)}", payment_terms=60)
    edit(linked, payment_terms_days=21, name="Maple Dental Group")
    drain(linked.organisation_id)
    there = contact(linked)
    assert (there["contact_name"], there["payment_terms"]) == ("Maple Dental Group", 60)
    assert customer(linked).payment_terms_days == 21


@pytest.mark.parametrize(("wins", "name"), [("ours", "Maple Here"), ("theirs", "Maple There")])
def test_who_wins_is_each_rows_own_also_where_its_place_is_fixed(linked: LinkedFirm, wins: str, name: str) -> None:
    keep(linked, "customer", name={"wins": wins}, billing={"wins": "theirs" if wins == "ours" else "ours"})
    both_ways(linked, "customer")
    there = {"address": "2 There", "city": "Leeds", "zip": "LS1 4AB", "country": "United Kingdom"}
    act(linked, f"PUT {at(linked)}", contact_name="Maple There", billing_address=there)
    edit(linked, name="Maple Here", street="1 Here")
    drain(linked.organisation_id)
    street = next(each.street for each in customer(linked).addresses if each.use == "billing")
    assert (customer(linked).name, contact(linked)["contact_name"]) == (name, name)
    assert street == ("2 There" if wins == "ours" else "1 Here") and questions(linked) == []


def test_prices_may_be_ours_alone_while_the_rest_of_an_item_goes_both_ways(linked: LinkedFirm) -> None:
    keep(linked, "item", unit_price={"direction": "push"}, description={"wins": "theirs"})
    sent_invoice(linked)
    both_ways(linked, "item")
    item = linked.there("items")[0]
    act(linked, f"PUT /items/{item['item_id']}", rate=1, description="As the bookkeeper says")
    look(linked)
    with job_session(linked.organisation_id) as session:
        ours = session.query(Item).filter(Item.code == item["sku"]).one()
        assert (ours.description, ours.unit_price != 1) == ("As the bookkeeper says", True)
    assert questions(linked) == []


def test_custom_fields_that_are_no_matter_of_ours_outlive_our_updates(linked: LinkedFirm) -> None:
    """Zoho replaces the whole list."""
    for name in ("cf_site", "cf_theirs"):
        custom_field(linked, "contacts", name)
    keep(linked, "customer", notes={"theirs": "cf:cf_site"})
    edit(linked, notes="Ring twice")
    drain(linked.organisation_id)
    both = [{"api_name": "cf_site", "value": "Ring twice"}, {"api_name": "cf_theirs", "value": "Key account"}]
    act(linked, f"PUT {at(linked)}", custom_fields=both)
    edit(linked, notes="Ring once")
    drain(linked.organisation_id)
    assert custom(contact(linked)) == {"cf_site": "Ring once", "cf_theirs": "Key account"}
    keep(linked, "customer", notes={"theirs": "website"})
    drain(linked.organisation_id)
    assert custom(contact(linked)) == {"cf_site": "", "cf_theirs": "Key account"}
    assert contact(linked)["website"] == "Ring once"


def test_a_custom_field_that_is_gone_there_holds_nothing_up_once_it_is_left(linked: LinkedFirm) -> None:
    custom_field(linked, "contacts", "cf_site")
    keep(linked, "customer", notes={"theirs": "cf:cf_site"})
    edit(linked, notes="Ring twice")
    drain(linked.organisation_id)
    act(linked, f"PUT {at(linked)}", custom_fields=[])
    keep(linked, "customer", notes={"theirs": "website"})
    drain(linked.organisation_id)
    assert contact(linked)["website"] == "Ring twice" and custom(contact(linked)) == {}
    assert {record.state for record in linked.mirror("customer")} == {"in_step"}


def matched(linked: LinkedFirm, **body: Any) -> None:
    """Zoho had our customer before: both are tied at the first import, and go both ways from then on."""
    act(linked, "POST /contacts", contact_name="Maple Dental Practice", **body)
    (there,) = linked.there("contacts")
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        steps.begin(session, link, is_new=False)
    linked.change(
        "INSERT INTO import_rows (organisation_id, link_id, module, remote_id, facts, found, basis, local_id, decision,"
        " problem) SELECT :of, :link, 'customer', :remote, '{}', 'matched', 'name', :ours, 'same', ''",
        of=linked.organisation_id, link=linked.link().id, remote=there["contact_id"], ours=linked.firm.customer_id,
    )  # fmt: skip
    with job_session(linked.organisation_id) as session:
        row = session.query(ImportRow).one()
    taking.take_one(linked.organisation_id, row.id, there)
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        for step in steps.NEEDED:
            steps.finish(session, link, step)
        steps.start(session, link)


def test_a_field_that_moves_is_never_emptied_because_its_new_place_is_empty(linked: LinkedFirm) -> None:
    edit(linked, notes="Ring twice")
    keep(linked, "customer", notes={"theirs": "notes"})
    matched(linked, notes="Ring twice")
    both_ways(linked, "customer")
    keep(linked, "customer", notes={"theirs": "website"})
    drain(linked.organisation_id)
    look(linked)
    assert customer(linked).notes == "Ring twice" and contact(linked)["website"] == "Ring twice"


def test_who_was_made_there_comes_over_as_the_mapping_reads_it(linked: LinkedFirm) -> None:
    custom_field(linked, "contacts", "cf_vat")
    custom_field(linked, "items", "cf_text")
    keep(linked, "customer", tax_number={"theirs": "cf:cf_vat"}, notes={"theirs": "website"})
    keep(linked, "item", description={"theirs": "cf:cf_text"})
    both_ways(linked, "customer", "item")
    act(linked, "POST /contacts", contact_name="Harbour Hotel", website="Back door", notes="Never mind",
        custom_fields=[{"api_name": "cf_vat", "value": "GB 123"}])  # fmt: skip
    act(linked, "POST /items", name="Thermostat", rate=40, sku="TH-1", description="Never mind",
        custom_fields=[{"api_name": "cf_text", "value": "With display"}])  # fmt: skip
    look(linked)
    with job_session(linked.organisation_id) as session:
        hotel = session.query(Customer).filter(Customer.name == "Harbour Hotel").one()
        item = session.query(Item).filter(Item.code == "TH-1").one()
    assert (hotel.tax_number, hotel.notes, item.description) == ("GB 123", "Back door", "With display")


@pytest.mark.parametrize(
    ("module", "entity", "row", "made"),
    [
        ("payment", "customerpayments", "number", lambda linked: _paid(linked)),
        ("credit_note", "creditnotes", "reason", lambda linked: credit(linked, sent_invoice(linked)).reason),
        ("invoice", "invoices", "title", lambda linked: sent_invoice(linked).title),
    ],
)
def test_documents_and_money_carry_what_the_mapping_says(
    linked: LinkedFirm, module: str, entity: str, row: str, made: Callable[[LinkedFirm], str]
) -> None:
    custom_field(linked, entity, "cf_ours")
    keep(linked, module, **{row: {"theirs": "cf:cf_ours"}})
    value = made(linked)
    drain(linked.organisation_id)
    (there,) = linked.there(entity)
    assert custom(there) == {"cf_ours": value} and value != ""
    if module == "credit_note":
        assert there["notes"] in ("", None)
    assert {record.state for record in linked.mirror(module)} == {"in_step"}


def _paid(linked: LinkedFirm) -> str:
    payment_id = pay(linked, sent_invoice(linked), method="cheque")
    with job_session(linked.organisation_id) as session:
        return session.get_one(Payment, payment_id).number


def test_money_that_is_there_stays_as_it_is_when_the_mapping_changes(linked: LinkedFirm) -> None:
    pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    before = linked.there("customerpayments")
    keep(linked, "payment", words={"theirs": ""})
    drain(linked.organisation_id)
    assert linked.there("customerpayments") == before
    pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    assert sorted(bool(each["description"]) for each in linked.there("customerpayments")) == [False, True]

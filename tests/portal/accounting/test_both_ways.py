"""Customers and items kept from both sides: what changes on one flows, what changes on both is asked about."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from portal.accounting import field_rules, fields
from portal.accounting.fields import Rule
from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow
from portal.accounting.pull import changes, decisions
from portal.accounting.setup import taking
from portal.catalogue.actions import ItemFacts, edit_item, retire_item
from portal.catalogue.models import Item
from portal.customers.actions import edit_customer, retire_customer
from portal.customers.models import Customer
from portal.customers.queries import get_customer
from portal.organisations import audit
from portal.organisations.audit import Actor
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, cursor, let_time_pass, look, questions
from tests.portal.accounting.stand_in import PRODUCTS, LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def customer(linked: LinkedFirm) -> Customer:
    with job_session(linked.organisation_id) as session:
        return get_customer(session, linked.firm.customer_id)


def edit(linked: LinkedFirm, **changed: str) -> None:
    """As Mo Manager does on the customer's page."""
    with job_session(linked.organisation_id) as session:
        found = get_customer(session, linked.firm.customer_id)
        token = audit.actor.set(Actor("person", name="Mo Manager"))
        edit_customer(session, found, replace(changes._facts_of(found), **changed))
        session.commit()
        audit.actor.reset(token)


def contact(linked: LinkedFirm) -> dict[str, object]:
    (found,) = linked.there("contacts")
    return found


def at(linked: LinkedFirm) -> str:
    return f"/contacts/{contact(linked)['contact_id']}"


def decide(linked: LinkedFirm, decision: str) -> None:
    with job_session(linked.organisation_id) as session:
        for question in questions(linked):
            assert decisions.decide(session, question.id, decision, by="Mo Manager", person_id=0)
    drain(linked.organisation_id)


def test_what_is_changed_there_appears_here_and_the_trail_says_from_where(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple Dental Ltd",
        billing_address={"address": "1 New Street", "city": "York", "country": "United Kingdom"})  # fmt: skip
    look(linked)
    found = customer(linked)
    address = next(each for each in found.addresses if each.use == "billing")
    assert (found.name, address.street, address.city) == ("Maple Dental Ltd", "1 New Street", "York")
    with job_session(linked.organisation_id) as session:
        latest = audit.timeline(session, "customer", found.id)[0]
    assert (latest.actor, latest.actor_name, latest.words) == ("job", "Zoho Books", "Details changed")
    assert [record.state for record in linked.mirror("customer")] == ["in_step"]


def test_what_zoho_does_not_know_of_stays_as_it_is(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    edit(linked, language="de", tax_number="GB 123", notes="Key at reception")
    drain(linked.organisation_id)
    let_time_pass(linked)
    act(linked, f"PUT {at(linked)}", contact_name="Maple Dental Ltd")
    look(linked)
    found = customer(linked)
    assert (found.name, found.language, found.tax_number) == ("Maple Dental Ltd", "de", "GB 123")
    assert found.notes == "Key at reception"


def test_what_came_from_there_is_not_sent_back(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple Dental Ltd")
    look(linked)
    linked.zoho.forget_requests()
    for _ in range(3):
        look(linked)
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} == {"GET"}
    assert len(linked.zoho.requests(linked.remote)) == 3  # one list call a look, and nothing else


def test_an_echo_of_our_own_write_is_read_once_and_then_silent(linked: LinkedFirm) -> None:
    """Once, as the list does not tell what somebody else may have changed within the second of our write."""
    both_ways(linked, "customer")
    edit(linked, name="Maple Dental Group")
    drain(linked.organisation_id)
    linked.change("UPDATE mirror_records SET pushed_at = pushed_at - interval '1 minute'")
    linked.zoho.forget_requests()
    for _ in range(3):
        look(linked)
    asked = [one["path"].rpartition("/")[2] for one in linked.zoho.requests(linked.remote)]
    assert asked == ["contacts", contact(linked)["contact_id"], "contacts", "contacts"]


def test_different_fields_changed_on_both_sides_merge(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", billing_address={"address": "12 Maple Street", "city": "York", "zip": "LS1 4AB",
                                                      "country": "United Kingdom"})  # fmt: skip
    edit(linked, name="Maple Dental Group")
    drain(linked.organisation_id)  # the edit goes over first: nothing was looked for since
    there, here = contact(linked), customer(linked)
    city = next(each.city for each in here.addresses if each.use == "billing")
    assert (here.name, city) == ("Maple Dental Group", "York")
    assert (there["contact_name"], there["billing_address"]["city"]) == ("Maple Dental Group", "York")
    assert questions(linked) == []


@pytest.mark.parametrize("linked", PRODUCTS, indirect=True)
def test_the_same_field_changed_on_both_sides_is_asked_with_both_values_who_and_when(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple There")
    edit(linked, name="Maple Here")
    drain(linked.organisation_id)
    (asked,) = questions(linked)
    assert (asked.field, asked.ours, asked.theirs, asked.ours_by) == ("name", "Maple Here", "Maple There", "Mo Manager")
    assert asked.ours_at is not None and asked.theirs_at is not None
    assert (customer(linked).name, contact(linked)["contact_name"]) == ("Maple Here", "Maple There")
    assert [record.state for record in linked.mirror("customer")] == ["conflict"]
    look(linked)
    assert len(questions(linked)) == 1 and contact(linked)["contact_name"] == "Maple There"


@pytest.mark.parametrize(
    ("linked", "decision", "name"), [("books", "ours", "Maple Here"), ("invoice", "theirs", "Maple There")],
    indirect=["linked"],
)  # fmt: skip
def test_a_decision_makes_both_sides_equal(linked: LinkedFirm, decision: str, name: str) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple There")
    edit(linked, name="Maple Here", phone="0113 496 1111")
    drain(linked.organisation_id)
    decide(linked, decision)
    there, here = contact(linked), customer(linked)
    assert (here.name, there["contact_name"], there["contact_persons"][0]["phone"]) == (name, name, "0113 496 1111")
    assert [record.state for record in linked.mirror("customer")] == ["in_step"]
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == []


def test_a_person_added_there_comes_over_and_stays_there(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, "POST /contacts/contactpersons", contact_id=contact(linked)["contact_id"], first_name="Sam",
        last_name="Reed", email="sam@maple.example")  # fmt: skip
    look(linked)
    assert [each.first_name for each in customer(linked).contacts] == ["Rita", "Sam"]
    edit(linked, name="Maple Dental Group")
    drain(linked.organisation_id)
    assert [each["first_name"] for each in contact(linked)["contact_persons"]] == ["Rita", "Sam"]


def test_a_customer_made_there_is_a_customer_here(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, "POST /contacts", contact_name="Oak & Sons", contact_persons=[{"email": "oak@example.com"}])
    act(linked, "POST /contacts", contact_name="A supplier", contact_type="vendor")
    look(linked)
    with job_session(linked.organisation_id) as session:
        names = [each.name for each in session.query(Customer).order_by(Customer.id)]
    assert names == ["Maple Dental Practice", "Oak & Sons"]
    assert len(linked.there("contacts")) == 3
    act(linked, f"PUT /contacts/{linked.there('contacts')[1]['contact_id']}", contact_name="Oak and Sons")
    let_time_pass(linked)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(Customer).filter(Customer.name == "Oak and Sons").count() == 1
    assert questions(linked) == []


def item(linked: LinkedFirm, change: Callable[[Session, Item], None] | None = None) -> Item:
    with job_session(linked.organisation_id) as session:
        found = session.get_one(Item, linked.firm.item_ids[0])
        if change is not None:
            change(session, found)
        return found


def reprice(session: Session, found: Item) -> None:
    facts = ItemFacts(found.code, found.kind, found.name, Decimal(125), found.unit, found.description, found.tax_id)
    edit_item(session, found, facts)


def test_items_flow_and_merge_too(linked: LinkedFirm) -> None:
    both_ways(linked, "item")
    there = next(each for each in linked.there("items") if each["sku"] == "SV-01")
    act(linked, f"PUT /items/{there['item_id']}", description="With flue check", rate=120)
    look(linked)
    assert (item(linked).description, item(linked).unit_price) == ("With flue check", Decimal("120"))
    act(linked, f"PUT /items/{there['item_id']}", name="Boiler service")
    item(linked, reprice)
    drain(linked.organisation_id)
    there = next(each for each in linked.there("items") if each["sku"] == "SV-01")
    assert (there["name"], there["rate"], item(linked).name) == ("Boiler service", 125, "Boiler service")
    assert questions(linked) == []


def test_what_is_emptied_here_is_emptied_there_and_does_not_come_back(linked: LinkedFirm) -> None:
    both_ways(linked, "item")
    with job_session(linked.organisation_id) as session:
        labour = session.query(Item).filter(Item.code == "SV-02").one()
        edit_item(session, labour, ItemFacts(labour.code, labour.kind, labour.name, labour.unit_price))
    drain(linked.organisation_id)
    there = next(each for each in linked.there("items") if each["sku"] == "SV-02")
    assert (there["unit"], there["tax_id"]) == ("", "")
    let_time_pass(linked)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.get_one(Item, labour.id).unit == ""


def test_an_item_retired_there_is_off_sale_here_and_comes_back(linked: LinkedFirm) -> None:
    both_ways(linked, "item")
    there = next(each for each in linked.there("items") if each["sku"] == "SV-01")
    for do, is_active in (("inactive", False), ("active", True)):
        act(linked, f"POST /items/{there['item_id']}/{do}")
        let_time_pass(linked)
        look(linked)
        assert item(linked).is_active is is_active


def set_active(linked: LinkedFirm, module: str, do: str) -> None:
    key = {"contacts": "contact_id", "items": "item_id"}[module]
    act(linked, f"POST /{module}/{linked.there(module)[0][key]}/{do}")
    let_time_pass(linked)
    look(linked)


@pytest.mark.parametrize("module", ["contacts", "items"])
def test_what_is_switched_off_and_on_again_on_either_side_is_so_on_the_other(linked: LinkedFirm, module: str) -> None:
    both_ways(linked, "customer", "item")
    kind = Customer if module == "contacts" else Item
    (record,) = [each for each in linked.mirror("customer" if module == "contacts" else "item")
                 if each.remote_id == next(iter(linked.there(module)[0].values()))]  # fmt: skip

    def is_on_here() -> bool:
        with job_session(linked.organisation_id) as session:
            return bool(session.get_one(kind, record.local_id).is_active)

    set_active(linked, module, "inactive")
    assert not is_on_here()
    linked.zoho.forget_requests()
    look(linked)
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} == {"GET"}
    set_active(linked, module, "active")
    assert is_on_here()
    with job_session(linked.organisation_id) as session:
        found = session.get_one(kind, record.local_id)
        retire_customer(session, found) if isinstance(found, Customer) else retire_item(session, found)
    drain(linked.organisation_id)
    assert linked.there(module)[0]["status"] == "inactive"
    look(linked)
    assert not is_on_here()
    set_active(linked, module, "active")
    assert is_on_here() and questions(linked) == []


def test_an_item_made_there_is_in_the_catalogue(linked: LinkedFirm) -> None:
    both_ways(linked, "item")
    act(linked, "POST /items", name="Thermostat", rate=39.5, sku="TH-1", product_type="goods")
    look(linked)
    with job_session(linked.organisation_id) as session:
        found = session.query(Item).filter(Item.code == "TH-1").one()
    assert (found.name, found.unit_price, found.kind) == ("Thermostat", Decimal("39.5"), "part")


def test_an_idle_look_takes_one_call_and_comes_less_often(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple Dental Ltd")
    look(linked)
    busy = cursor(linked, "customer")
    linked.zoho.forget_requests()
    look(linked)
    idle = cursor(linked, "customer")
    assert len(linked.zoho.requests(linked.remote)) == 1
    pauses = [each.next_look_at - each.looked_at for each in (busy, idle) if each.next_look_at and each.looked_at]
    assert pauses[1] > 1.8 * pauses[0]  # twice as long, but for how long each look took


def test_a_field_that_the_mapping_moved_comes_back_from_where_it_is(linked: LinkedFirm) -> None:
    linked.zoho.control("POST", f"/orgs/{linked.remote}/customfields",
                        {"entity": "contacts", "label": "VAT no", "api_name": "cf_vat"})  # fmt: skip
    with job_session(linked.organisation_id) as session:
        moved = {"tax_number": Rule("tax_number", "cf:cf_vat"), "notes": Rule("notes", "notes")}
        wanted = [moved.get(rule.ours, rule) for rule in fields.usual("customer")]
        field_rules.keep(session, linked.link(), "customer", wanted, made_by="Ada Admin")
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", notes="Ring twice", custom_fields=[{"api_name": "cf_vat", "value": "GB 123"}])
    look(linked)
    assert (customer(linked).tax_number, customer(linked).notes) == ("GB 123", "Ring twice")
    edit(linked, notes="Ring once")
    drain(linked.organisation_id)
    there = contact(linked)
    assert (there["notes"], [each["value"] for each in there["custom_fields"]]) == ("Ring once", ["GB 123"])
    assert questions(linked) == []


@pytest.mark.parametrize(("wins", "name"), [("ours", "0113 496 1111"), ("theirs", "0113 496 2222")])
def test_a_rule_decides_where_the_mapping_says_so(linked: LinkedFirm, wins: str, name: str) -> None:
    """For a field whose rule is not to ask."""
    with job_session(linked.organisation_id) as session:
        wanted = [replace(rule, theirs="notes" if rule.ours == "notes" else rule.theirs, wins=wins)
                  for rule in fields.usual("customer")]  # fmt: skip
        field_rules.keep(session, linked.link(), "customer", wanted, made_by="Ada Admin")
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", notes="0113 496 2222")
    edit(linked, notes="0113 496 1111")
    drain(linked.organisation_id)
    assert (customer(linked).notes, contact(linked)["notes"]) == (name, name)
    assert questions(linked) == []


def test_what_went_out_of_use_there_is_neither_offered_nor_taken_over_as_in_use(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, "POST /contacts", contact_name="Maple Dental", contact_persons=[{"email": customer(linked).email}])
    (twin,) = [each for each in linked.there("contacts") if each["contact_name"] == "Maple Dental"]
    look(linked)
    with job_session(linked.organisation_id) as session:
        (row,) = session.query(ImportRow).filter(ImportRow.remote_id == twin["contact_id"])
        assert (row.found, row.done_at) == ("unsure", None)
    act(linked, f"POST /contacts/{twin['contact_id']}/inactive")
    let_time_pass(linked)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(ImportRow).filter(ImportRow.remote_id == twin["contact_id"]).count() == 0
        row = ImportRow(organisation_id=linked.organisation_id, link_id=linked.link().id, module="customer",
                        remote_id=twin["contact_id"], found="new", basis="", decision="new", facts={})  # fmt: skip
        session.add(row)
        session.flush()
        row_id = row.id
    taking.take_one(linked.organisation_id, row_id, twin | {"status": "inactive"})
    with job_session(linked.organisation_id) as session:
        assert not session.query(Customer).filter(Customer.name == "Maple Dental").one().is_active
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} <= {"GET"}

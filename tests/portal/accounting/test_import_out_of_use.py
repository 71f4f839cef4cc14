"""The first import: what is out of use in Zoho is compared as well, and used there again where ours is."""

from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow
from portal.customers.actions import CustomerFacts, add_customer
from portal.shared.running import job_session
from tests.builders import make_invoice, post
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.test_first_import import admin, found, linked, ours, press, words_of

__all__ = ["admin", "linked", "zoho"]


def retire_there(linked: LinkedFirm, module: str, name_key: str, name: str) -> None:
    id_key = module.removesuffix("s") + "_id"
    (record,) = [one for one in linked.there(module) if one[name_key] == name]
    linked.zoho.act(linked.remote, f"POST /{module}/{record[id_key]}/inactive")


def test_what_is_out_of_use_there_and_in_use_here_is_one_and_used_there_again(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    person = {"first_name": "S", "last_name": "Co", "email": "s@s.example"}
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Sleeping Co", "contact_persons": [person]})
    retire_there(linked, "contacts", "contact_name", "Sleeping Co")
    retire_there(linked, "items", "name", "Labour")
    with job_session(linked.organisation_id) as session:
        facts = CustomerFacts(kind="business", name="Sleeping Co", email="s@s.example")
        add_customer(session, linked.organisation_id, facts, form_id=None)
    press(admin, linked, do="read")
    assert found(linked)["Sleeping Co"] == found(linked)["Labour"] == "matched"
    shown = words_of(admin)
    assert "Sleeping Co · s@s.example · out of use there" in shown and "In use: yes here, no in Zoho" in shown
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    with job_session(linked.organisation_id) as session:
        invoice = make_invoice(session, linked.firm)
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)
    statuses = {one["contact_name"]: one["status"] for one in linked.there("contacts")}
    statuses |= {one["name"]: one["status"] for one in linked.there("items")}
    assert statuses["Sleeping Co"] == statuses["Labour"] == "active"
    assert [name for name in statuses if name.startswith("Sleeping Co")] == ["Sleeping Co"]
    (sent,) = [one for one in linked.there("invoices") if one["invoice_number"] == invoice.number]
    (labour,) = [one for one in linked.there("items") if one["name"] == "Labour"]
    assert labour["item_id"] in {line.get("item_id") for line in sent["line_items"]}
    assert {one.state for one in linked.mirror()} == {"in_step"}


def test_what_is_out_of_use_there_and_like_nothing_here_stays_there(linked: LinkedFirm, admin: FlaskClient) -> None:
    retire_there(linked, "contacts", "contact_name", "Harbour Hotel")
    press(admin, linked, do="read")
    assert "Harbour Hotel" not in {row.facts.get("contact_name") for row in ours(linked, ImportRow)}

"""From an invoice sent here to its twin in the books, against the stand-in over HTTP."""

from decimal import Decimal

from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.accounting.queries import books_states, count_not_in_books, link_state
from portal.catalogue.models import Item
from portal.organisations.audit import timeline
from portal.shared import outbox
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice
from tests.portal.accounting.doings import credit, offer, pay, rename, sent_invoice, void
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, linked, zoho

__all__ = ["linked", "zoho"]


def test_a_paid_invoice_reaches_the_books_with_what_it_needs_once_each(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    (payment,) = linked.there("customerpayments")
    (contact,) = linked.there("contacts")
    assert (there["invoice_number"], there["status"], there["balance"]) == (invoice.number, "paid", 0)
    assert Decimal(str(there["total"])) == invoice.total.decimal == Decimal("235.80")
    assert (payment["amount"], payment["payment_mode"], payment["reference_number"][:3]) == (235.8, "creditcard", "pi_")
    assert (contact["contact_name"], contact["contact_number"]) == ("Maple Dental Practice", "C-00001")
    assert {one["sku"] for one in linked.there("items")} == {"SV-01", "SV-02", "PT-01"}
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_with_known_customer_and_items_a_paid_invoice_takes_three_calls(linked: LinkedFirm) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    assert [(one["method"], one["path"].partition("/v3")[2]) for one in linked.zoho.requests(linked.remote)] == [
        ("POST", "/invoices"), ("POST", "/invoices/status/sent"), ("POST", "/customerpayments")]  # fmt: skip


def test_invoices_of_one_round_are_marked_sent_in_one_call(linked: LinkedFirm) -> None:
    for _ in range(4):
        sent_invoice(linked)
    drain(linked.organisation_id)
    assert [one["status"] for one in linked.there("invoices")] == ["sent"] * 4
    assert len(linked.zoho.requests(linked.remote, "POST", "/invoices/status/sent")) == 1


def test_looking_again_at_what_is_in_step_makes_no_call(linked: LinkedFirm) -> None:
    pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    with job_session(linked.organisation_id) as session:
        outbox.reopen_all(session, linked.organisation_id)
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote) == []
    with job_session(linked.organisation_id) as session:
        assert session.execute(text("SELECT count(*) FROM outbox WHERE NOT is_settled")).scalar() == 0


def test_a_draft_stays_here(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        draft = make_invoice(session, linked.firm, sent=False)
        outbox.record(session, linked.organisation_id, "invoice", draft.id)
    drain(linked.organisation_id)
    assert linked.there("invoices") == []
    with job_session(linked.organisation_id) as session:
        assert session.execute(text("SELECT count(*) FROM outbox WHERE NOT is_settled")).scalar() == 0


def test_edits_collapse_to_one_push_of_the_last_state(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    for name in ("One", "Two", "Three"):
        rename(linked, name)
    drain(linked.organisation_id)
    assert len(linked.zoho.requests(linked.remote, "PUT")) == 1
    (contact,) = linked.there("contacts")
    assert contact["contact_name"] == "Three"
    assert [person["email"] for person in contact["contact_persons"]] == ["reception@maple.example"]


def test_a_name_that_somebody_else_has_there_gets_our_number_added(linked: LinkedFirm) -> None:
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Maple Dental Practice"})
    drain(linked.organisation_id)
    assert sorted(one["contact_name"] for one in linked.there("contacts")) == [
        "Maple Dental Practice", "Maple Dental Practice (C-00001)"]  # fmt: skip


def test_the_only_tax_of_a_rate_is_taken_over_under_its_own_name(linked: LinkedFirm) -> None:
    linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": "Standard Rate", "tax_percentage": 20})
    drain(linked.organisation_id)
    rates = sorted(one["tax_percentage"] for one in linked.there("taxes"))
    assert rates == [0, 5, 20]


def test_two_taxes_of_a_rate_there_are_no_ones_to_guess_between(linked: LinkedFirm) -> None:
    for name in ("Standard Rate", "Standard Rate (old)"):
        linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": name, "tax_percentage": 20})
    drain(linked.organisation_id)
    assert sorted(one["tax_percentage"] for one in linked.there("taxes")) == [0, 5, 20, 20, 20]


def test_a_tax_of_equal_name_and_rate_is_taken_over(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        name = session.execute(text("SELECT name FROM taxes ORDER BY id LIMIT 1")).scalar_one()
    linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": name.lower(), "tax_percentage": 20})
    drain(linked.organisation_id)
    assert [one["tax_name"] for one in linked.there("taxes")].count(name) == 0
    assert len(linked.there("taxes")) == 3


def test_a_voided_invoice_is_voided_there(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    void(linked, invoice.id)
    drain(linked.organisation_id)
    assert [one["status"] for one in linked.there("invoices")] == ["void"]


def test_an_invoice_voided_before_it_got_there_keeps_its_number_there(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    void(linked, invoice.id)
    drain(linked.organisation_id)
    assert [(one["invoice_number"], one["status"]) for one in linked.there("invoices")] == [(invoice.number, "void")]


def test_what_is_no_longer_used_is_inactive_there_and_active_again_later(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    for is_active, status in ((False, "inactive"), (True, "active")):
        offer(linked, is_active=is_active)
        linked.zoho.forget_requests()
        drain(linked.organisation_id)
        assert [one["status"] for one in (*linked.there("contacts"), linked.there("items")[0])] == [status, status]
        assert len(linked.zoho.requests(linked.remote)) == 2
        assert {record.state for record in linked.mirror()} == {"in_step"}


def test_an_invoice_of_an_item_that_is_inactive_there_keeps_the_lines_name(linked: LinkedFirm) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    invoice = sent_invoice(linked)
    with job_session(linked.organisation_id) as session:
        session.get_one(Item, linked.firm.item_ids[0]).is_active = False
    linked.change("UPDATE mirror_records SET remote_status = 'inactive' WHERE module = 'item'")
    linked.zoho.act(linked.remote, f"POST /items/{linked.mirror('item')[0].remote_id}/inactive")
    credit(linked, invoice)
    drain(linked.organisation_id)
    names = [[line["name"] for line in one["line_items"]] for one in linked.there("invoices")]
    assert names[0] == names[1] and linked.there("creditnotes")[0]["total"] == 235.8
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_the_invoices_timeline_names_each_step_with_a_way_to_zoho(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        told = {entry.words: entry.link for entry in timeline(session, "invoice", invoice.id)}
    (there,) = linked.there("invoices")
    expected = f"{linked.zoho.base}/eu/app/books/{linked.remote}/invoices/{there['invoice_id']}"
    assert told[f"Invoice {invoice.number} is in Zoho Books"] == expected
    assert "Customer Maple Dental Practice is in Zoho Books" in told
    (paid,) = linked.there("customerpayments")
    assert told["Payment R-00001 is in Zoho Books as payment 1"].endswith(paid["payment_id"])
    assert linked.zoho.http.get(expected, timeout=5).status_code == 200


def test_zoho_invoice_is_spoken_to_under_its_own_address(zoho: ZohoStandIn, firm: Firm) -> None:
    found = connect(zoho, firm, product="invoice")
    pay(found, sent_invoice(found))
    drain(found.organisation_id)
    assert [one["status"] for one in found.there("invoices")] == ["paid"]
    paths = {
        one["path"].partition("/api/")[2].split("/")[0] for one in zoho.requests(found.remote) if "/api/" in one["path"]
    }
    assert paths <= {"invoice", "books"} and "invoice" in paths


def test_books_states_and_counts_take_a_constant_number_of_statements(linked: LinkedFirm) -> None:
    invoices = [sent_invoice(linked) for _ in range(3)]
    pay(linked, invoices[0])
    drain(linked.organisation_id)
    pay(linked, invoices[1])
    with job_session(linked.organisation_id) as session:
        states = books_states(session, [each.id for each in invoices])
        assert list(states.values()) == ["in step", "waiting", "in step"]
        assert count_not_in_books(session) == 2  # the payment, and the invoice that it touched
        assert link_state(session).state == "waiting"


def test_without_a_link_nothing_is_claimed(zoho: ZohoStandIn, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm)
        assert books_states(session, [invoice.id]) == {invoice.id: "not linked"}
        assert not link_state(session) and count_not_in_books(session) is None
    drain(firm.organisation_id)

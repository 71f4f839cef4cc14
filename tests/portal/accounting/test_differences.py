"""An invoice that differs in Zoho: nobody pays it online until somebody has settled the difference."""

from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.actions.attempts import plan_attempt
from portal.payments.rules import CannotPay
from portal.shared.running import job_session
from tests.builders import pay_address, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import both_ways, let_time_pass, look
from tests.portal.accounting.doings import pay, sent_invoice, void
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def set_rate(linked: LinkedFirm, percent: str) -> None:
    vat = linked.mirror("tax")[0].remote_id
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{vat}", {"tax_percentage": percent})


def differing_invoice(linked: LinkedFirm, rate: str = "20.01") -> Invoice:
    """VAT is 20 % here, and `rate` there: 235.80 with 39.30 of tax, and 235.82 with 39.32."""
    drain(linked.organisation_id)
    set_rate(linked, rate)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.mirror("invoice")[0].state == "mismatch"
    return invoice


def is_held(linked: LinkedFirm, invoice: Invoice) -> bool:
    with job_session(linked.organisation_id) as session:
        return holds.is_held(session, invoice.id)


def test_a_difference_holds_the_invoice_and_agreement_lets_it_go(
    app: Flask, linked: LinkedFirm, admin: FlaskClient
) -> None:
    invoice = differing_invoice(linked)
    with job_session(linked.organisation_id) as session:
        told = [entry.words for entry in audit.timeline(session, "invoice", invoice.id)]
        assert sum("Zoho Books" in words for words in told) == 1 and "differs there: VAT" in told[0]
        with pytest.raises(CannotPay, match="The firm is checking this invoice"):
            plan_attempt(session, invoice.id)
        session.rollback()
        address = pay_address(session, session.get_one(Invoice, invoice.id))
    shown = browser(app).get(address).text
    assert "This invoice is being checked" in shown
    page = admin.get(f"/books/differences/{invoice.id}").text
    assert "235.80" in page and "235.82" in page and "39.32" in page and "Both sides differ" in page
    assert f"/books/differences/{invoice.id}" in admin.get("/books/inbox").text
    assert f"/books/differences/{invoice.id}" in admin.get(f"/invoices/{invoice.id}").text
    set_rate(linked, "20")
    record = linked.mirror("invoice")[0]
    post(admin, f"/books/inbox/{record.id}/retry", {}, page=f"/books/differences/{invoice.id}")
    drain(linked.organisation_id)
    assert linked.mirror("invoice")[0].state == "in_step" and not is_held(linked, invoice)
    assert "being checked" not in browser(app).get(address).text
    assert "Both sides agree to the cent" in admin.get(f"/books/differences/{invoice.id}").text


def test_an_accepted_difference_lets_the_payments_go_and_stays_accepted(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = differing_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    assert linked.there("customerpayments") == []
    address = f"/books/differences/{invoice.id}"
    assert "It holds up payment" in admin.get(address).text
    refused = post(admin, f"{address}/acceptance", {"reason": " "}, page=address)
    assert refused.status_code == 422 and "Enter why this difference may stand" in refused.text
    assert is_held(linked, invoice)
    assert post(admin, f"{address}/acceptance", {"reason": "Two pence"}, page=address).status_code == 303
    assert not is_held(linked, invoice)
    drain(linked.organisation_id)
    assert {each.state for each in linked.mirror()} == {"in_step"}
    assert [Decimal(str(one["amount"])) for one in linked.there("customerpayments")] == [Decimal("235.80")]
    assert "Two pence" in admin.get(address).text
    assert post(admin, f"{address}/acceptance", {"reason": "Again"}, page=address).status_code == 422
    linked.change("UPDATE mirror_records SET snapshot = NULL WHERE module = 'invoice'")  # it is sent once more
    linked.change("UPDATE outbox SET version = version + 1, is_settled = false WHERE subject = 'invoice'")
    drain(linked.organisation_id)
    assert linked.mirror("invoice")[0].state == "in_step" and not is_held(linked, invoice)


def test_a_cent_of_rounding_is_sent_and_then_both_agree(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = differing_invoice(linked, "20.005")  # 39.31 of 196.50
    address = f"/books/differences/{invoice.id}"
    assert "Send -0.01 as rounding" in admin.get(address).text
    assert post(admin, f"{address}/rounding", {}, page=address).status_code == 303
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert (Decimal(str(there["total"])), there["adjustment_description"]) == (invoice.total.decimal, "Rounding")
    assert linked.mirror("invoice")[0].state == "in_step" and not is_held(linked, invoice)
    assert "Settled with a rounding" in admin.get(address).text


def test_zoho_takes_no_more_than_it_finds_open(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = differing_invoice(linked, "19.99")  # two pence less than here
    pay(linked, invoice, 10000)
    pay(linked, invoice, 13580)
    address = f"/books/differences/{invoice.id}"
    post(admin, f"{address}/acceptance", {"reason": "Two pence"}, page=address)
    drain(linked.organisation_id)
    assert {each.state for each in linked.mirror()} == {"in_step"}
    assert [one["status"] for one in linked.there("invoices")] == ["paid"]
    spare = [Decimal(str(one["unused_amount"])) for one in linked.there("customerpayments")]
    assert sorted(spare) == [Decimal(0), Decimal("0.02")]


def test_two_pence_are_no_rounding(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = differing_invoice(linked)
    address = f"/books/differences/{invoice.id}"
    answer = post(admin, f"{address}/rounding", {}, page=address)
    assert answer.status_code == 422 and "more than rounding explains" in answer.text
    assert is_held(linked, invoice)


@pytest.mark.parametrize(
    "there", [{"discount": 5, "discount_type": "entity_level"}, {"shipping_charge": 12}, {"adjustment": -3}]
)
def test_what_was_put_beside_the_lines_there_is_taken_out_by_sending_it_anew(
    linked: LinkedFirm, admin: FlaskClient, there: dict[str, object]
) -> None:
    both_ways(linked, "invoice")
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    look(linked)
    let_time_pass(linked)
    (theirs,) = linked.there("invoices")
    linked.zoho.act(linked.remote, f"PUT /invoices/{theirs['invoice_id']}", there)
    look(linked)
    record = linked.mirror("invoice")[0]
    assert record.state == "mismatch" and is_held(linked, invoice)
    post(admin, f"/books/inbox/{record.id}/retry", {}, page=f"/books/differences/{invoice.id}")
    drain(linked.organisation_id)
    assert linked.mirror("invoice")[0].state == "in_step" and not is_held(linked, invoice)
    assert [each["total"] for each in linked.there("invoices")] == [235.8]


def test_a_void_invoice_is_void_there_too_whatever_differs(linked: LinkedFirm) -> None:
    invoice = differing_invoice(linked)
    void(linked, invoice.id)
    drain(linked.organisation_id)
    assert [one["status"] for one in linked.there("invoices")] == ["void"]
    assert linked.mirror("invoice")[0].state == "in_step" and not is_held(linked, invoice)


def test_unlinking_lets_every_invoice_go(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = differing_invoice(linked)
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    assert not is_held(linked, invoice)


def test_a_manager_sees_both_sides_and_decides_nothing(app: Flask, linked: LinkedFirm) -> None:
    invoice = differing_invoice(linked)
    manager = sign_in(browser(app), linked.firm, "manager")
    address = f"/books/differences/{invoice.id}"
    assert "An administrator can also accept" in manager.get(address).text
    assert post(manager, f"{address}/acceptance", {"reason": "So"}, page=address).status_code == 403
    assert is_held(linked, invoice)

"""Payments, advances, refunds and credit notes when the firm goes over to another organisation: each is in one only."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.invoices.models import Invoice
from portal.payments.actions.allocation import put_to
from portal.payments.models import Payment
from portal.shared import clock, outbox
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import credit, give_back, pay, put_credit, reverse, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_link_pages import start
from tests.portal.accounting.test_switching import another, switch

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def go_over(admin: FlaskClient, linked: LinkedFirm, *, days: int = 0) -> str:
    """To another organisation, from so many days before today on; its id."""
    second = another(linked)
    first_day = clock.today("Europe/London") - timedelta(days=days)
    switch(admin, linked, second, cut_over_on=first_day.isoformat())
    start(admin, linked.organisation_id)
    drain(linked.organisation_id)
    return second


def use(linked: LinkedFirm, payment_id: int, invoice: Invoice, minor: int) -> None:
    """The customer's credit pays one more invoice."""
    with job_session(linked.organisation_id) as session:
        put_to(session, session.get_one(Payment, payment_id), {invoice.id: Money(minor, "GBP")})
        outbox.record_all(session, linked.organisation_id, ("payment", payment_id), ("invoice", invoice.id))
    drain(linked.organisation_id)


def money_in(linked: LinkedFirm, remote: str) -> tuple[int, int]:
    """How many payments and credit notes are there."""
    return len(linked.zoho.records(remote, "customerpayments")), len(linked.zoho.records(remote, "creditnotes"))


def test_an_advance_that_went_over_stays_where_it_is(linked: LinkedFirm, admin: FlaskClient) -> None:
    """It pays nothing, so no invoice tells where it belongs: it would be income of both."""
    pay(linked, sent_invoice(linked), 5_000, applied=0)
    drain(linked.organisation_id)
    assert money_in(linked, linked.remote) == (1, 0)
    second = go_over(admin, linked, days=30)
    assert money_in(linked, second) == (0, 0)


@pytest.mark.parametrize(("days", "arrives"), [(1, 0), (0, 1)])
def test_an_advance_that_never_went_over_goes_by_its_day(
    linked: LinkedFirm, admin: FlaskClient, days: int, arrives: int
) -> None:
    post(admin, "/books/modules", {"module": "payment", "do": "pause", "is_sure": "1"}, page="/books")
    today = clock.today("Europe/London")
    pay(linked, sent_invoice(linked), 5_000, applied=0, on=today - timedelta(days=days))
    drain(linked.organisation_id)
    second = go_over(admin, linked)
    assert money_in(linked, second) == (arrives, 0)


def test_money_from_before_that_pays_an_invoice_of_the_other_goes_there_if_it_is_nowhere_yet(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    post(admin, "/books/modules", {"module": "payment", "do": "pause", "is_sure": "1"}, page="/books")
    payment_id = pay(
        linked, sent_invoice(linked), 5_000, applied=0, on=clock.today("Europe/London") - timedelta(days=9)
    )
    drain(linked.organisation_id)
    second = go_over(admin, linked)
    use(linked, payment_id, sent_invoice(linked), 5_000)
    (there,) = linked.zoho.records(second, "customerpayments")
    assert (there["amount"], there["unused_amount"]) == (50, 0)


def test_what_is_left_of_a_payment_and_pays_a_new_invoice_is_told_to_be_entered_by_hand(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    old = sent_invoice(linked)
    payment_id = pay(linked, old, old.total_minor + 4_000, applied=old.total_minor)
    drain(linked.organisation_id)
    second = go_over(admin, linked)
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    use(linked, payment_id, new, 4_000)
    assert money_in(linked, second) == (0, 0) and linked.zoho.requests(linked.remote, "POST") == []
    assert [one["balance"] for one in linked.zoho.records(second, "invoices")] == [new.total_minor / 100]
    told = f"Enter in Other books by hand what it pays: {new.number} 40.00 GBP."
    assert told in admin.get("/books/inbox").text and told in admin.get(f"/invoices/{new.id}").text
    (held,) = [one for one in linked.mirror("payment") if one.link_id == linked.link().id]
    post(admin, f"/books/records/{held.id}/taking-back", {}, page="/books/inbox")
    drain(linked.organisation_id)
    assert money_in(linked, second) == (0, 0) and told in admin.get("/books/inbox").text


def test_refunds_and_reversals_stay_with_their_payment(linked: LinkedFirm, admin: FlaskClient) -> None:
    advance, cheque = (
        pay(linked, sent_invoice(linked), 5_000, applied=0),
        pay(linked, sent_invoice(linked), 5_000, applied=0, method="cheque"),
    )
    drain(linked.organisation_id)
    second = go_over(admin, linked)
    linked.zoho.forget_requests()
    give_back(linked, advance, 2_000)
    reverse(linked, cheque)
    drain(linked.organisation_id)
    assert money_in(linked, second) == (0, 0)
    assert linked.zoho.requests(linked.remote, "POST") == [] == linked.zoho.requests(second, "POST")


def test_a_credit_note_stays_with_its_invoice_and_what_it_pays_elsewhere_is_told(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    note = credit(linked, sent_invoice(linked), keep=True)
    drain(linked.organisation_id)
    assert money_in(linked, linked.remote) == (0, 1)
    second = go_over(admin, linked)
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    put_credit(linked, note, new)
    drain(linked.organisation_id)
    assert money_in(linked, second) == (0, 0)
    assert f"Enter in Other books by hand what it pays: {new.number}" in admin.get("/books/inbox").text


def test_a_payment_whose_create_was_never_answered_is_asked_for_before_its_organisation_is_left(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.break_down("cut_after", path="/customerpayments")
    pay(linked, sent_invoice(linked), 5_000, applied=0)
    drain(linked.organisation_id)
    assert money_in(linked, linked.remote) == (1, 0)
    second = go_over(admin, linked)
    assert money_in(linked, linked.remote) == (1, 0) and money_in(linked, second) == (0, 0)


def test_while_nobody_knows_where_a_payment_is_it_goes_nowhere(linked: LinkedFirm, admin: FlaskClient) -> None:
    name = linked.link().remote_name
    sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.break_down("cut_after", path="/customerpayments")
    pay(linked, sent_invoice(linked), 5_000, applied=0)
    drain(linked.organisation_id)
    linked.zoho.break_down("error_500_before", method="GET", path="/customerpayments", times=9)
    second = go_over(admin, linked)
    assert money_in(linked, second) == (0, 0)
    assert f"{name} never said whether it has this payment" in admin.get("/books/inbox").text

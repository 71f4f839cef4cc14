"""Zoho refuses what lies in a closed period: the inbox says so, and dates there what may be dated, never an invoice."""

from datetime import date, timedelta

import pytest
from flask import Flask

from portal.accounting.actions import CannotDate, date_today
from portal.accounting.mirror.drain import drain
from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile, told

__all__ = ["linked", "zoho"]
LONG_AGO = timedelta(days=40)


def today() -> date:
    return clock.today("Europe/London")


def lock(linked: LinkedFirm, *, days_ago: int) -> None:
    until = (today() - timedelta(days=days_ago)).isoformat()
    linked.zoho.control("POST", f"/orgs/{linked.remote}/settings", {"locked_until": until})


def days(linked: LinkedFirm, module: str) -> list[str]:
    return [str(each["date"]) for each in linked.there(module)]


def test_a_payment_of_a_closed_month_is_dated_today_there_with_one_tap(app: Flask, linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    lock(linked, days_ago=30)
    then = today() - LONG_AGO
    payment_id = pay(linked, invoice, on=then)
    drain(linked.organisation_id)
    client = sign_in(browser(app), linked.firm, "manager")
    page = client.get("/books/inbox").text
    assert "The books are closed for this date" in page and "Date it today" in page
    (record,) = linked.mirror("payment")
    for _ in range(2):  # pressed twice
        assert post(client, f"/books/records/{record.id}/dating", {}, page="/books/inbox").status_code == 303
    drain(linked.organisation_id)
    assert days(linked, "customerpayments") == [today().isoformat()]
    assert "goes to the books dated" in client.get(f"/invoices/{invoice.id}").text
    with job_session(linked.organisation_id) as session:
        assert session.get_one(Payment, payment_id).received_on == then  # the receipt is as it was
    assert told(reconcile(linked)) == []


def test_what_is_dated_today_already_is_not_offered_that(app: Flask, linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    lock(linked, days_ago=0)
    pay(linked, invoice)
    drain(linked.organisation_id)
    page = sign_in(browser(app), linked.firm, "manager").get("/books/inbox").text
    assert "The books are closed for this date" in page and "Date it today" not in page
    (record,) = linked.mirror("payment")
    with pytest.raises(CannotDate), job_session(linked.organisation_id) as session:
        date_today(session, record.id)


def test_an_invoice_keeps_its_date_and_goes_over_when_the_period_is_unlocked(linked: LinkedFirm) -> None:
    lock(linked, days_ago=0)
    sent_invoice(linked)
    drain(linked.organisation_id)
    (record,) = linked.mirror("invoice")
    assert (record.state, record.last_error_code) == ("failed", "locked")
    assert "Ask the bookkeeper to unlock" in record.last_error
    with pytest.raises(CannotDate), job_session(linked.organisation_id) as session:
        date_today(session, record.id)


def test_a_credit_note_is_dated_today_there_and_its_paper_keeps_its_day(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    lock(linked, days_ago=30)
    then = today() - LONG_AGO
    with job_session(linked.organisation_id) as session:
        organisation, ours = (
            session.get_one(Organisation, linked.organisation_id),
            get_invoice(session, invoice.id, lock=True),
        )
        lines = dict(enumerate(creditable(session, ours)))
        note_id = raise_credit_note(session, organisation, ours, lines, "Faulty", keep=False, issued_on=then).id
    drain(linked.organisation_id)
    (record,) = linked.mirror("credit_note")
    with job_session(linked.organisation_id) as session:
        date_today(session, record.id)
    drain(linked.organisation_id)
    assert days(linked, "creditnotes") == [today().isoformat()]
    with job_session(linked.organisation_id) as session:
        assert session.get_one(CreditNote, note_id).issued_on == then
    assert {each.state for each in linked.mirror()} == {"in_step"}

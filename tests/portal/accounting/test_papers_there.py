"""The PDF of an invoice is attached in Zoho: where it is wanted, once, after everything else, and never with the last
calls of a day."""

import hashlib

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounting.mirror import papers
from portal.accounting.mirror.drain import drain
from portal.accounting.models import Link
from portal.invoices.documents.models import Document
from portal.invoices.documents.papers import keep_missing
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, linked, zoho

__all__ = ["linked", "zoho"]


def switch(linked: LinkedFirm, *, is_on: bool = True) -> None:
    with job_session(linked.organisation_id) as session:
        papers.switch(session, session.get_one(Link, linked.link().id), is_on=is_on)


def printed(linked: LinkedFirm) -> Invoice:
    """An invoice that was sent, with its paper kept."""
    invoice = sent_invoice(linked)
    with job_session(linked.organisation_id) as session:
        keep_missing(session, session.get_one(Organisation, linked.organisation_id))
    return invoice


def attached(linked: LinkedFirm, invoice: Invoice) -> list[str]:
    (there,) = [each for each in linked.there("invoices") if each["invoice_number"] == invoice.number]
    return [str(each["sha256"]) for each in there.get("documents", [])]


def paper_of(linked: LinkedFirm, invoice: Invoice) -> list[str]:
    with job_session(linked.organisation_id) as session:
        content = session.scalars(select(Document.content).where(Document.record_id == invoice.id)).one()
    return [hashlib.sha256(content).hexdigest()]


def test_it_is_off_until_an_administrator_wants_it_and_then_goes_once_and_last(app: Flask, linked: LinkedFirm) -> None:
    before = printed(linked)
    drain(linked.organisation_id)
    assert attached(linked, before) == []
    client = sign_in(browser(app), linked.firm, "administrator")
    shown = post(client, "/books/papers", {"do": "on"}, page="/books", follow_redirects=True)
    assert "Stop attaching it" in shown.text
    invoice = printed(linked)
    pay(linked, invoice)
    linked.zoho.forget_requests()
    for _ in range(2):
        drain(linked.organisation_id)
    assert (attached(linked, invoice), attached(linked, before)) == (paper_of(linked, invoice), [])
    writes = [one["path"] for one in linked.zoho.requests(linked.remote) if one["method"] == "POST"]
    assert writes[-1].endswith("/attachment") and any("/customerpayments" in path for path in writes)
    assert "Its PDF is attached in Zoho Books" in client.get(f"/invoices/{invoice.id}").text
    switch(linked, is_on=False)
    after = printed(linked)
    drain(linked.organisation_id)
    assert attached(linked, after) == []


def test_zoho_invoice_takes_it_as_well(zoho: ZohoStandIn, firm: Firm) -> None:
    linked = connect(zoho, firm, product="invoice")
    switch(linked)
    invoice = printed(linked)
    for _ in range(2):
        drain(linked.organisation_id)
    assert attached(linked, invoice) == paper_of(linked, invoice)


@pytest.mark.parametrize("kind", ["error_500_after", "error_500_before"])
def test_a_lost_answer_attaches_it_once(linked: LinkedFirm, kind: str) -> None:
    switch(linked)
    invoice = printed(linked)
    linked.zoho.break_down(kind, path="/attachment")
    drain(linked.organisation_id)
    drain(linked.organisation_id)  # too soon to ask again
    asked = len(linked.zoho.requests(linked.remote, path="/attachment"))
    linked.change("UPDATE mirror_records SET paper_look_at = clock_timestamp() WHERE paper_look_at IS NOT NULL")
    linked.make_due()
    drain(linked.organisation_id)
    assert asked == 1 and attached(linked, invoice) == paper_of(linked, invoice)


def test_a_refusal_is_told_and_not_repeated(linked: LinkedFirm) -> None:
    switch(linked)
    invoice = printed(linked)
    linked.zoho.break_down("status", path="/attachment", times=9, status=400)
    for _ in range(2):
        drain(linked.organisation_id)
        linked.make_due()
    assert len(linked.zoho.requests(linked.remote, path="/attachment")) == 1 and attached(linked, invoice) == []
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_the_last_calls_of_a_day_are_kept_for_sales(linked: LinkedFirm) -> None:
    switch(linked)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        keep_missing(session, session.get_one(Organisation, linked.organisation_id))
    for left, papers_there in ((20, []), (900, paper_of(linked, invoice))):
        linked.change(
            "UPDATE links SET quota_limit = 1000, quota_left = :left,"
            " quota_resets_at = clock_timestamp() + interval '1 hour'", left=left,
        )  # fmt: skip
        drain(linked.organisation_id)
        assert attached(linked, invoice) == papers_there

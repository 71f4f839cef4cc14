"""Zoho has an invoice of our number: tied only where it is the same paper, and never written over; else ours goes
beside it, and our numbers pass over theirs."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.invoices.models import Invoice
from portal.organisations.models import AuditEntry
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import both_ways, look
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile, told
from tests.portal.accounting.test_status_page import words

__all__ = ["linked", "zoho"]


@pytest.fixture
def manager(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "manager")


def made_there(linked: LinkedFirm, number: str, customer: str, **facts: Any) -> dict[str, Any]:
    """An invoice of the bookkeeper's, sent."""
    body = {"customer_id": customer, "invoice_number": number, "date": clock.today("Europe/London").isoformat(),
            "line_items": [{"name": "Roof", "rate": 90, "quantity": 1}], **facts}  # fmt: skip
    asked = {"do": "POST /invoices", "body": body, "query": {"ignore_auto_number_generation": "true"}}
    linked.zoho.control("POST", f"/orgs/{linked.remote}/act", asked)
    found = there(linked, number)
    linked.zoho.act(linked.remote, f"POST /invoices/{found['invoice_id']}/status/sent")
    return there(linked, number)


def there(linked: LinkedFirm, number: str) -> dict[str, Any]:
    return next(each for each in linked.there("invoices") if each["invoice_number"] == number)


def customer_there(linked: LinkedFirm) -> str:
    return str(linked.there("contacts")[0]["contact_id"])


def clash(linked: LinkedFirm, customer: str = "", **facts: Any) -> tuple[Invoice, dict[str, Any]]:
    """Ours, refused as the bookkeeper has given its number a moment before."""
    first = sent_invoice(linked)
    drain(linked.organisation_id)
    prefix, _, digits = str(first.number).rpartition("-")
    number = f"{prefix}-{int(digits) + 1:0{len(digits)}d}"
    theirs = made_there(linked, number, customer or customer_there(linked), **facts)
    ours = sent_invoice(linked)
    assert ours.number == number
    drain(linked.organisation_id)
    return ours, theirs


def fix(manager: FlaskClient, drift_id: int, do: str) -> str:
    answer = post(manager, f"/books/reconciliation/drifts/{drift_id}/fix", {"do": do}, page="/books/reconciliation",
                  follow_redirects=True)  # fmt: skip
    return words(answer.text)


def same_lines(linked: LinkedFirm) -> list[dict[str, Any]]:
    """As ours has them."""
    ours = linked.there("invoices")[0]
    return [{key: each[key] for key in ("name", "rate", "quantity", "tax_id", "unit", "description")}
            for each in ours["line_items"]]  # fmt: skip


def test_another_invoice_of_that_number_is_refused_and_stays_as_it_is(manager: FlaskClient, linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    other = linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Acme Ltd"})["contact"]
    ours, theirs = clash(linked, str(other["contact_id"]))
    (drift,) = reconcile(linked)
    said = fix(manager, drift.id, "tie")
    assert "another one: its customer is Acme Ltd, here" in said and "it comes to 90.00 GBP, here to 235.80" in said
    pay(linked, ours, method="cash")
    drain(linked.organisation_id)
    assert there(linked, str(ours.number)) == theirs
    assert linked.there("customerpayments") == []


def test_one_of_equal_customer_and_total_is_compared_to_the_cent_and_never_written_over(
    manager: FlaskClient, linked: LinkedFirm
) -> None:
    drain(linked.organisation_id)
    ours, theirs = clash(linked, line_items=[{"name": "All of it", "rate": 235.80, "quantity": 1}])
    (drift,) = reconcile(linked)
    assert "known to be the same now" in fix(manager, drift.id, "tie")
    drain(linked.organisation_id)
    (record,) = [each for each in linked.mirror("invoice") if each.local_id == ours.id]
    assert record.state == "mismatch" and "The line" in record.last_error
    linked.change("UPDATE mirror_records SET state = 'pending', next_try_at = now() WHERE id = :id", id=record.id)
    for _ in range(2):
        pay(linked, ours, method="cash", minor=100)
        drain(linked.organisation_id)
    assert there(linked, str(ours.number)) == theirs
    with job_session(linked.organisation_id) as session:
        trail = session.scalars(select(AuditEntry.words).where(AuditEntry.record == "link")).all()
    assert f"Invoice {ours.number} was said to be the same as {ours.number} in Zoho, by Mo Manager" in trail


def test_the_same_one_is_tied_and_takes_the_payment(manager: FlaskClient, linked: LinkedFirm) -> None:
    first = sent_invoice(linked)
    drain(linked.organisation_id)
    ours, theirs = clash(linked, line_items=same_lines(linked))
    (drift,) = reconcile(linked)
    fix(manager, drift.id, "tie")
    pay(linked, ours, method="cash")
    drain(linked.organisation_id)
    (record,) = [each for each in linked.mirror("invoice") if each.local_id == ours.id]
    assert (record.state, record.remote_id, record.last_error) == ("in_step", theirs["invoice_id"], "")
    now = there(linked, str(ours.number))
    assert (
        now["line_items"] == theirs["line_items"] and Decimal(str(now["balance"])) == 0 and first.number != ours.number
    )
    assert told(reconcile(linked)) == []


@pytest.mark.parametrize("way", ["inbox", "reconciliation"])
def test_ours_goes_beside_it_under_a_number_of_its_own(manager: FlaskClient, linked: LinkedFirm, way: str) -> None:
    drain(linked.organisation_id)
    ours, theirs = clash(linked)
    (record,) = [each for each in linked.mirror("invoice") if each.local_id == ours.id]
    shown = words(manager.get("/books/inbox").text)
    assert "Zoho has another invoice with this number" in shown and f"Send it as {ours.number}-P" in shown
    if way == "inbox":
        post(manager, f"/books/records/{record.id}/numbering", {}, page="/books/inbox")
        post(manager, f"/books/records/{record.id}/numbering", {}, page="/books/reconciliation")
    else:
        (drift,) = reconcile(linked)
        assert f"as {ours.number}-P" in fix(manager, drift.id, "renumber")
    pay(linked, ours, method="cash")
    drain(linked.organisation_id)
    assert there(linked, str(ours.number)) == theirs
    assert Decimal(str(there(linked, f"{ours.number}-P")["balance"])) == 0
    assert {each.state for each in linked.mirror("invoice")} == {"in_step"}
    assert [(each.cause, each.remote_id) for each in reconcile(linked)] == [("missing here", theirs["invoice_id"])]


@pytest.mark.parametrize("seen_by", ["reconciliation", "look", "clash"])
def test_our_numbers_pass_over_what_was_seen_there(linked: LinkedFirm, seen_by: str) -> None:
    both_ways(linked, *(["invoice"] if seen_by == "look" else []))
    first = sent_invoice(linked)
    drain(linked.organisation_id)
    number = int(str(first.number).rpartition("-")[2])
    for more in (1, 2, 3, 5000):
        made_there(linked, f"INV-{number + more:05d}", customer_there(linked))
    expected = 4
    if seen_by == "reconciliation":
        reconcile(linked)
    elif seen_by == "look":
        look(linked)
    else:
        sent_invoice(linked)
        drain(linked.organisation_id)
    assert sent_invoice(linked).number == f"INV-{number + expected:05d}"

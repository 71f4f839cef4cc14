"""Both sides are counted, summed and compared; what differs is named to the record, and mended by its button."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from portal.accounting.link import live_link
from portal.accounting.mirror.drain import drain
from portal.accounting.reconciliation import actions, comparing, queries, reading
from portal.accounting.reconciliation.models import DriftRow, MonthSums, ReadRow, Reconciliation
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import credit, pay, sent_invoice, void
from tests.portal.accounting.stand_in import PRODUCTS, LinkedFirm, linked, zoho
from tests.portal.accounting.test_status_page import words

__all__ = ["linked", "zoho"]


def reconcile(linked: LinkedFirm) -> list[DriftRow]:
    """Ask for a run, let the worker do it, in as many turns as a busy machine takes; what differs."""
    with job_session(linked.organisation_id) as session:
        link = live_link(session)
        assert link is not None
        actions.ask(session, link, "Mo Manager")
    drain(linked.organisation_id)
    for _ in range(5):
        if is_under_way(linked):
            drain(linked.organisation_id)
    return drifts(linked)


def is_under_way(linked: LinkedFirm) -> bool:
    with job_session(linked.organisation_id) as session:
        return (
            session.scalars(select(Reconciliation.id).where(Reconciliation.finished_at.is_(None))).first() is not None
        )


def drifts(linked: LinkedFirm) -> list[DriftRow]:
    with job_session(linked.organisation_id) as session:
        run = session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).one()
        assert run.stage == "done", run.words
        found = session.scalars(select(DriftRow).where(DriftRow.run_id == run.id).order_by(DriftRow.id)).all()
        differ = [one for one in found if one.cause != comparing.ONLY_THERE]
        assert run.drifts == len(differ)
        return differ


def told(found: list[DriftRow]) -> list[tuple[str, ...]]:
    return [(drift.cause, drift.module, drift.label, drift.ours, drift.theirs) for drift in found]


def press(linked: LinkedFirm, drift: DriftRow) -> None:
    with job_session(linked.organisation_id) as session:
        actions.fix(session, drift.id)
    drain(linked.organisation_id)


@pytest.fixture
def busy(linked: LinkedFirm) -> LinkedFirm:
    """Three invoices in the books: one paid, one paid in part, one void."""
    paid, part, voided = (sent_invoice(linked) for _ in range(3))
    pay(linked, paid)
    pay(linked, part, 10_000)
    drain(linked.organisation_id)
    void(linked, voided.id)
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    return linked


def invoice_there(linked: LinkedFirm, number: str) -> str:
    return next(str(one["invoice_id"]) for one in linked.there("invoices") if one["invoice_number"] == number)


def payment_of(linked: LinkedFirm, amount: float) -> dict[str, object]:
    return next(one for one in linked.there("customerpayments") if float(one["amount"]) == amount)


def act(linked: LinkedFirm, do: str, body: object = None) -> object:
    return linked.zoho.act(linked.remote, do, body)


def test_equal_sides_are_a_line_that_the_manager_sees(app: Flask, busy: LinkedFirm) -> None:
    assert told(reconcile(busy)) == []
    for role, page in (("administrator", "/books"), ("manager", "/books/inbox"), ("manager", "/books/reconciliation")):
        shown = words(sign_in(browser(app), busy.firm, role).get(page).text)
        assert "3 invoices, 471.60 on both sides, no difference" in shown, page  # the void one sums to nothing
        assert "2 payments, 335.80 on both sides, no difference" in shown
        assert "1 customer on both sides, no difference" in shown


def test_what_only_zoho_has_is_counted_and_named_and_no_difference(busy: LinkedFirm, manager: FlaskClient) -> None:
    busy.zoho.act(busy.remote, "POST /contacts", {"contact_name": "Theirs Alone"})
    busy.zoho.act(busy.remote, "POST /contacts", {"contact_name": "Put Away"})
    away = next(one["contact_id"] for one in busy.there("contacts") if one["contact_name"] == "Put Away")
    busy.zoho.act(busy.remote, f"POST /contacts/{away}/inactive", {})
    assert reconcile(busy) == []
    page = words(manager.get("/books/reconciliation").text)
    assert "on both sides, no difference; 1 more in Zoho only" in page
    assert "Theirs Alone" in page and "Put Away" not in page


def test_months_hold_count_total_tax_and_open_of_both_sides(busy: LinkedFirm) -> None:
    reconcile(busy)
    with job_session(busy.organisation_id) as session:
        row = session.scalars(select(MonthSums).where(MonthSums.module == "invoice")).one()
        assert row.month == clock.today("Europe/London").replace(day=1)
        assert (row.ours.count, row.ours.total, row.ours.tax, row.ours.open) == (3, 47160, 7860, 13580)
        assert row.ours == row.theirs
        assert session.scalar(select(func.count()).select_from(ReadRow)) == 0  # nothing is left of the reading


def test_where_a_total_differs_no_tax_of_zohos_is_made_up(busy: LinkedFirm, manager: FlaskClient) -> None:
    """Its lists tell none. And each row leads to its own record."""
    note = credit(busy, sent_invoice(busy), share="0.5", keep=True)
    drain(busy.organisation_id)
    reconcile(busy)
    assert "Tax" in words(manager.get("/books/reconciliation").text)
    (there,) = busy.there("creditnotes")
    act(busy, f"POST /creditnotes/{there['creditnote_id']}/status/void")
    changed = next(one for one in busy.there("invoices") if one["status"] == "sent")
    kept = ("item_id", "name", "rate", "quantity", "tax_id")
    lines = [{key: line[key] for key in kept} for line in changed["line_items"]][:1]
    busy.zoho.act(busy.remote, f"PUT /invoices/{changed['invoice_id']}", {"line_items": lines, "reason": "Wrong"})
    reconcile(busy)
    shown = manager.get("/books/reconciliation").text
    assert f'href="/credit-notes/{note.id}"' in shown
    (of_invoices, *_) = [part for part in words(shown).split("invoices")[1:] if "Tax" in part]
    assert re.search(r"Total [^ ]+ here, [^ ]+ in Zoho Tax [^ ]+ here Open", of_invoices), of_invoices


def test_credit_notes_are_counted_and_summed_and_named_where_they_differ(busy: LinkedFirm) -> None:
    kept, put = (credit(busy, sent_invoice(busy), share="0.5", keep=keep) for keep in (True, False))
    drain(busy.organisation_id)
    assert told(reconcile(busy)) == []
    with job_session(busy.organisation_id) as session:
        row = session.scalars(select(MonthSums).where(MonthSums.module == "credit_note")).one()
    both = (2, kept.total_minor + put.total_minor, kept.tax_minor + put.tax_minor, kept.total_minor)
    assert (row.ours.count, row.ours.total, row.ours.tax, row.ours.open) == both and row.ours == row.theirs
    there = {str(each["creditnote_number"]): str(each["creditnote_id"]) for each in busy.there("creditnotes")}
    act(busy, f"POST /creditnotes/{there[kept.number]}/status/void")
    lines = [{"name": "Sorry", "rate": 5, "quantity": 1}]
    added = {"customer_id": busy.there("contacts")[0]["contact_id"], "creditnote_number": "OFFICE-2",
             "date": clock.today("Europe/London").isoformat(), "line_items": lines}  # fmt: skip
    busy.zoho.control("POST", f"/orgs/{busy.remote}/act", {"do": "POST /creditnotes", "body": added,
                      "query": {"ignore_auto_number_generation": "true"}})  # fmt: skip
    found = {(drift.cause, drift.module, drift.label) for drift in reconcile(busy)}
    assert found == {("other status", "credit_note", kept.number), ("missing here", "credit_note", "OFFICE-2")}


def test_it_only_reads_and_one_call_a_page(busy: LinkedFirm) -> None:
    reconcile(busy)
    asked = busy.zoho.requests(busy.remote)
    assert [one["method"] for one in asked] == ["GET"] * 5


@pytest.mark.parametrize("linked", PRODUCTS, indirect=True)
def test_changed_deleted_and_added_there_is_named_to_the_record(busy: LinkedFirm) -> None:
    first, second, _ = sorted(one["invoice_number"] for one in busy.there("invoices"))
    payment = payment_of(busy, 235.80)
    act(busy, f"DELETE /customerpayments/{payment['payment_id']}")
    act(busy, f"POST /invoices/{invoice_there(busy, second)}/status/void")
    added = {"customer_id": busy.there("contacts")[0]["contact_id"], "invoice_number": "OFFICE-1",
             "line_items": [{"name": "Sign", "rate": 10, "quantity": 1}]}  # fmt: skip
    busy.zoho.control("POST", f"/orgs/{busy.remote}/act", {"do": "POST /invoices", "body": added,
                      "query": {"ignore_auto_number_generation": "true"}})  # fmt: skip
    found = {(drift.cause, drift.module, drift.label) for drift in reconcile(busy)}
    assert ("other balance", "invoice", first) in found  # its payment is gone
    assert ("other status", "invoice", second) in found
    assert ("missing here", "invoice", "OFFICE-1") in found
    assert any(cause == "deleted there" and module == "payment" for cause, module, _ in found)
    # Voiding gave the second one's money back to the customer's credit there.
    assert {cause for cause, module, _ in found if module == "payment"} == {"deleted there", "other balance"}


def test_a_payment_that_is_there_twice_is_named_and_left_to_people(busy: LinkedFirm) -> None:
    """Zoho takes a second one of the same reference, as of a worker that was frozen at the worst moment."""
    first = payment_of(busy, 235.8)
    again = {key: first[key] for key in ("customer_id", "payment_mode", "amount", "date", "reference_number")}
    act(busy, "POST /customerpayments", again)
    (found,) = reconcile(busy)
    assert (found.cause, found.module) == ("twice there", "payment")
    assert found.remote_id not in (first["payment_id"], None)


def test_a_deleted_payment_is_made_there_again_once(busy: LinkedFirm) -> None:
    payment = payment_of(busy, 235.80)
    act(busy, f"DELETE /customerpayments/{payment['payment_id']}")
    gone = next(drift for drift in reconcile(busy) if drift.cause == "deleted there")
    press(busy, gone)
    press(busy, gone)
    assert len(busy.there("customerpayments")) == 2
    assert told(reconcile(busy)) == []


def test_another_date_there_is_mended_by_sending_ours_again(busy: LinkedFirm) -> None:
    number = next(one["invoice_number"] for one in busy.there("invoices") if one["status"] == "sent"
                  or (one["balance"] > 0 and one["status"] != "void"))  # fmt: skip
    act(busy, f"PUT /invoices/{invoice_there(busy, number)}", {"date": "2026-01-15"})
    (drift,) = reconcile(busy)
    assert (drift.cause, drift.label) == ("other date", number)
    press(busy, drift)
    assert told(reconcile(busy)) == []


def test_a_record_whose_tie_was_lost_is_tied_and_not_sent(app: Flask, busy: LinkedFirm) -> None:
    invoice = busy.there("invoices")[0]
    number, names = (
        invoice["invoice_number"],
        {one["contact_id"]: one["contact_name"] for one in busy.there("contacts")},
    )
    busy.change(
        "UPDATE mirror_records SET remote_id = NULL, snapshot = NULL, state = 'failed'"
        " WHERE module = 'invoice' AND remote_number = :number", number=number,
    )  # fmt: skip
    (drift,) = reconcile(busy)
    assert (drift.cause, drift.label) == ("not tied", number)
    whose = names[invoice["customer_id"]]
    for side in (drift.ours, drift.theirs):  # by what a person can tell whether they are one
        assert side.startswith(f"{number}, {whose}, ") and f" {invoice['total']:.2f}, open " in side
    busy.zoho.forget_requests()
    manager = sign_in(browser(app), busy.firm, "manager")
    post(manager, f"/books/reconciliation/drifts/{drift.id}/fix", {"do": "tie"}, page="/books/reconciliation")
    drain(busy.organisation_id)
    assert busy.zoho.requests(busy.remote, "POST") == busy.zoho.requests(busy.remote, "PUT") == []
    assert told(reconcile(busy)) == []


def test_what_is_on_its_way_is_not_called_a_difference(busy: LinkedFirm) -> None:
    busy.zoho.break_down("error_500_before", path="/invoices", times=50)
    sent_invoice(busy)
    assert told(reconcile(busy)) == []
    with job_session(busy.organisation_id) as session:
        summary = queries.summary_of(session, live_link(session))
    assert summary is not None and summary.last is not None and summary.last.moving >= 1


def test_it_goes_on_at_the_page_where_it_broke_off(busy: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAGE", "1")
    busy.zoho.break_down("error_500_before", method="GET", path="/customerpayments")
    with job_session(busy.organisation_id) as session:
        link = live_link(session)
        assert link is not None and actions.ask(session, link, "")
        assert not actions.ask(session, link, "")  # one at a time
    drain(busy.organisation_id)
    asked = busy.zoho.requests(busy.remote, path="/invoices")
    assert [re.findall(r"\bpage=(\d+)", one["query"]) for one in asked] == [["1"], ["2"], ["3"]]
    busy.change("UPDATE reconciliations SET look_at = clock_timestamp()")
    drain(busy.organisation_id)
    assert told(drifts(busy)) == []
    assert len(busy.zoho.requests(busy.remote, path="/invoices")) == 3


def test_what_zoho_refuses_stops_the_run_with_its_reason(app: Flask, busy: LinkedFirm) -> None:
    busy.zoho.break_down("status", method="GET", path="/items", status=400, code=2, message="Invalid value")
    with job_session(busy.organisation_id) as session:
        link = live_link(session)
        assert link is not None
        actions.ask(session, link, "")
    drain(busy.organisation_id)
    shown = words(sign_in(browser(app), busy.firm, "manager").get("/books/reconciliation").text)
    assert "The comparison was stopped" in shown and "Invalid value" in shown


def test_every_night_once_and_never_on_the_day_of_linking(busy: LinkedFirm) -> None:
    def runs() -> int:
        with job_session(busy.organisation_id) as session:
            return session.scalar(select(func.count()).select_from(Reconciliation)) or 0

    def rung(hours: int) -> bool:
        with job_session(None) as session:
            due = text("SELECT organisation_id FROM gate.due_reconciliations(:at)")
            return busy.organisation_id in session.scalars(due, {"at": clock.now() + timedelta(hours=hours)}).all()

    drain(busy.organisation_id)
    assert runs() == 0 and not rung(0) and rung(30)
    busy.change("UPDATE links SET created_at = created_at - interval '2 days'")
    assert rung(0)
    drain(busy.organisation_id)
    drain(busy.organisation_id)
    assert runs() == 1 and not rung(0)


def test_a_machine_whose_clock_is_hours_ahead_or_behind_compares_once_a_night(busy: LinkedFirm) -> None:
    drain(busy.organisation_id)
    busy.change("UPDATE links SET created_at = created_at - interval '3 days'")
    for hours in (30, -30, 30):
        with time_machine.travel(clock.now() + timedelta(hours=hours), tick=True):
            drain(busy.organisation_id)
    with job_session(busy.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(Reconciliation)) == 1


@pytest.fixture
def manager(app: Flask, busy: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), busy.firm, "manager")


def test_the_page_lists_the_cause_and_its_button_sends_again(busy: LinkedFirm, manager: FlaskClient) -> None:
    payment = payment_of(busy, 235.80)
    act(busy, f"DELETE /customerpayments/{payment['payment_id']}")
    post(manager, "/books/reconciliation", {}, page="/books/inbox")
    drain(busy.organisation_id)
    shown = words(manager.get("/books/reconciliation").text)
    assert "Deleted in Zoho" in shown and "It was there and is gone" in shown and "Send ours again" in shown
    gone = next(drift for drift in drifts(busy) if drift.cause == "deleted there")
    answer = post(manager, f"/books/reconciliation/drifts/{gone.id}/fix", {}, page="/books/inbox")
    assert answer.status_code == 303
    drain(busy.organisation_id)
    assert len(busy.there("customerpayments")) == 2

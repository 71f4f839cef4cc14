"""A person decides while a worker is at the same record: one waits for the other, and neither is turned away."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.accounting import actions, directions, rules
from portal.accounting.agreement import deciding
from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow
from portal.accounting.pull import decisions
from portal.accounting.reconciliation import actions as mending
from portal.accounting.setup import taking
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import pay, rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, wait_until, zoho
from tests.portal.accounting.test_closed_periods import LONG_AGO, lock, today
from tests.portal.accounting.test_differences import differing_invoice
from tests.portal.accounting.test_left_out import refuse_customers
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["linked", "zoho"]
Verb = Callable[[Session], object]
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")


def person_beside_worker(linked: LinkedFirm, verb: Verb) -> None:
    """The workers lock the link, then a record: whoever locks a record first would wait for them crosswise."""

    def press() -> None:
        with job_session(linked.organisation_id) as session:
            done.append(verb(session))

    done: list[object] = []
    with job_session(linked.organisation_id) as session:
        session.execute(text("SELECT id FROM links FOR UPDATE"))
        pressing = threading.Thread(target=press)
        pressing.start()
        wait_until(lambda: session.execute(WAITS).scalar_one(), what="the person waits")
        for what in ("mirror_records", "outbox", "module_settings"):
            session.execute(text(f"SELECT 1 FROM {what} FOR UPDATE NOWAIT"))
    pressing.join()
    assert len(done) == 1


def states(linked: LinkedFirm, module: str) -> list[str]:
    return [record.state for record in linked.mirror(module)]


def refused_customer(linked: LinkedFirm) -> int:
    refuse_customers(linked)
    rename(linked, "Our name")
    drain(linked.organisation_id)
    linked.zoho.mend()
    (record,) = linked.mirror("customer")
    assert record.state == "failed"
    return record.id


def test_a_decision_waits_for_the_worker_and_holds_nothing_meanwhile(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    act(linked, f"PUT /contacts/{linked.there('contacts')[0]['contact_id']}", contact_name="Their name")
    rename(linked, "Our name")
    look(linked)
    (asked,) = questions(linked)
    person_beside_worker(
        linked, lambda session: decisions.decide(session, asked.id, "ours", by="Mo Manager", person_id=0)
    )
    drain(linked.organisation_id)
    assert linked.there("contacts")[0]["contact_name"] == "Our name"


@pytest.mark.parametrize("is_all", [False, True])
def test_trying_again_does(linked: LinkedFirm, is_all: bool) -> None:
    refused = refused_customer(linked)
    person_beside_worker(
        linked, actions.try_all_again if is_all else lambda session: actions.try_again(session, refused)
    )
    drain(linked.organisation_id)
    assert states(linked, "customer") == ["in_step"]


def test_leaving_out_and_taking_back_do(linked: LinkedFirm) -> None:
    refused = refused_customer(linked)
    person_beside_worker(linked, lambda session: actions.leave_out(session, refused, "A test of ours"))
    assert states(linked, "customer") == [rules.LEFT_OUT_STATE]
    person_beside_worker(linked, lambda session: actions.take_back(session, refused))
    drain(linked.organisation_id)
    assert states(linked, "customer") == ["in_step"]


def test_dating_today_does(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    lock(linked, days_ago=30)
    pay(linked, invoice, on=today() - LONG_AGO)
    drain(linked.organisation_id)
    (record,) = linked.mirror("payment")
    person_beside_worker(linked, lambda session: actions.date_today(session, record.id))
    drain(linked.organisation_id)
    assert states(linked, "payment") == ["in_step"]


def test_taking_over_waits_for_whoever_parts_two(linked: LinkedFirm) -> None:
    """Both take the link first, then the row: the other way round they would wait for each other."""
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        row = ImportRow(
            organisation_id=linked.organisation_id, link_id=link.id, module="item", remote_id="77", found="new",
            decision="skip", facts={"name": "Valve"},
        )  # fmt: skip
        session.add(row)
        session.flush()
        row_id, done = row.id, []

    def take() -> None:
        taking.take_one(linked.organisation_id, row_id, {})
        done.append(row_id)

    with job_session(linked.organisation_id) as session:
        session.execute(text("SELECT id FROM links FOR UPDATE"))
        working = threading.Thread(target=take)
        working.start()
        wait_until(lambda: session.execute(WAITS).scalar_one(), what="the worker waits")
        session.execute(text("SELECT 1 FROM import_rows FOR UPDATE NOWAIT"))
    working.join()
    assert done == [row_id]


@pytest.mark.parametrize("is_accepted", [True, False])
def test_settling_a_difference_does(linked: LinkedFirm, is_accepted: bool) -> None:
    who = linked.firm.people["administrator"]
    invoice = differing_invoice(linked, "20.005")  # a penny of rounding

    def settle(session: Session) -> None:
        if is_accepted:
            deciding.accept(session, invoice.id, "A penny", decided_by=who)
        else:
            deciding.send_difference(session, invoice.id, invoice.currency, decided_by=who)

    person_beside_worker(linked, settle)
    drain(linked.organisation_id)
    assert states(linked, "invoice") == ["in_step"]


def test_mending_what_a_comparison_found_does(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    act(linked, f"DELETE /customerpayments/{linked.there('customerpayments')[0]['payment_id']}")
    gone = next(drift for drift in reconcile(linked) if drift.module == "payment")
    person_beside_worker(linked, lambda session: mending.fix(session, gone.id))
    drain(linked.organisation_id)
    assert len(linked.there("customerpayments")) == 1


def test_letting_a_module_go_on_does(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    tied = linked.link()
    with job_session(linked.organisation_id) as session:
        directions.pause(session, tied, "invoice")
    sent_invoice(linked)
    drain(linked.organisation_id)
    person_beside_worker(linked, lambda session: directions.resume(session, tied, "invoice"))
    drain(linked.organisation_id)
    assert states(linked, "invoice") == ["in_step"]

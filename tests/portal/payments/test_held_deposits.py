"""A deposit waits for the invoices of its job, and pays no other one of the same customer until somebody frees it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.actions import apply_credit
from portal.payments.credits import credit_of
from portal.payments.held import held_deposits
from portal.payments.queries import balance_of
from portal.payments.rules import CannotRecord
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrder, WorkOrderLine
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_deposits import TOTAL, take


@pytest.fixture
def job_id(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return make_work_order(session, firm).id


def free_and_held(firm: Firm) -> tuple[int, int]:
    with job_session(firm.organisation_id) as session:
        held = held_deposits(session, firm.customer_id, "GBP")
        return credit_of(session, firm.customer_id, "GBP").minor, sum(each.use.unused_minor for each in held)


def bill(firm: Firm, job_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return make_invoice(session, firm, work_order=get_work_order(session, job_id, firm.viewer())).id


def set_status(firm: Firm, job_id: int, status: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(WorkOrder, job_id).status = status


def test_a_deposit_pays_no_invoice_of_another_job_until_it_is_freed(till: Till, firm: Firm, job_id: int) -> None:
    payment_id, other_id = take(firm, job_id, 10000), till.invoice(firm)[0]
    with pytest.raises(CannotRecord, match="no credit left"):
        apply_credit(firm.organisation_id, other_id)
    office = sign_in(till.browser(), firm, "manager")
    shown = office.get(f"/invoices/{other_id}/payments/new").text
    assert "credit." not in shown and "A deposit of £100.00 is held for job" in shown
    page = f"/payments/{payment_id}"
    assert "Deposit held for job WO-" in office.get(page).text
    assert free_and_held(firm) == (0, 10000)
    kept = office.get(f"/customers/{firm.customer_id}").text
    assert "Deposit for WO-" in kept and "£100.00" in kept and "not used yet" not in kept
    for _ in range(2):  # a double tap
        assert post(office, f"{page}/deposit-release", {}, page=page).status_code == 303
    shown = office.get(page).text
    assert "The customer&#39;s credit, not used yet" in shown and shown.count("is not held for this job any more") == 1
    assert free_and_held(firm) == (10000, 0)
    kept = office.get(f"/customers/{firm.customer_id}").text
    assert "Credit" in kept and "not used yet" in kept and "£100.00" in kept and "Deposit for WO-" not in kept
    assert apply_credit(firm.organisation_id, other_id).minor == 10000
    assert "Money of theirs" not in office.get(f"/customers/{firm.customer_id}").text


def test_the_statement_names_the_job_for_which_a_deposit_is_held(till: Till, firm: Firm, job_id: int) -> None:
    take(firm, job_id, 10000)
    office, page = sign_in(till.browser(), firm, "manager"), f"/customers/{firm.customer_id}/statement"
    assert "Deposit held for job WO-" in office.get(page).text  # also where nothing is open
    till.invoice(firm)
    shown = office.get(page).text
    assert "Deposit held for job WO-" in shown and "not used yet" not in shown
    form = {"email": "rita@maple.example", "form_id": "s"}
    assert post(office, f"/customers/{firm.customer_id}/statements", form, page=page).status_code == 303
    with job_session(firm.organisation_id) as session:
        mail = read_mail(session, session.scalars(select(Message.id).where(Message.kind == "statement")).one())
        assert "A deposit of £100.00 is held for job WO-" in mail.text and "of credit with us" not in mail.text


def test_it_waits_while_something_of_the_job_is_to_bill(firm: Firm, job_id: int) -> None:
    take(firm, job_id, TOTAL + 5000)
    bill(firm, job_id)
    set_status(firm, job_id, "In Progress")
    assert free_and_held(firm) == (0, 5000)  # the job goes on: more may come
    set_status(firm, job_id, "Completed")
    assert free_and_held(firm) == (5000, 0)
    with job_session(firm.organisation_id) as session:
        _add_line(session, firm, job_id)
    assert free_and_held(firm) == (0, 5000)


@pytest.mark.parametrize(("status", "is_held"), [("Completed", True), ("Closed", True), ("Cancelled", False)])
def test_a_job_that_is_cancelled_waits_for_no_invoice(firm: Firm, job_id: int, status: str, is_held: bool) -> None:
    take(firm, job_id, 10000)
    set_status(firm, job_id, status)
    assert free_and_held(firm) == ((0, 10000) if is_held else (10000, 0))


def test_a_deposit_that_came_after_the_invoice_pays_it_before_other_credit_does(firm: Firm, job_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        other_job = make_work_order(session, firm).id
    invoice_id = bill(firm, job_id)
    set_status(firm, job_id, "In Progress")
    take(firm, other_job, 7000, form_id="other")
    take(firm, job_id, 10000)
    assert free_and_held(firm) == (0, 17000)
    assert apply_credit(firm.organisation_id, invoice_id).minor == 10000
    with job_session(firm.organisation_id) as session:
        assert balance_of(session, invoice_id).minor == TOTAL - 10000


def _add_line(session: Session, firm: Firm, job_id: int) -> None:
    session.add(
        WorkOrderLine(
            organisation_id=firm.organisation_id, work_order_id=job_id, kind="part", name="Valve", quantity=1,
            unit_price=10,
        )
    )  # fmt: skip

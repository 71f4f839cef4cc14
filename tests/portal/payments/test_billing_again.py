"""What a credit note took back whole goes back to its job when somebody says so, and what cannot be voided says so."""

import re

from flask.testing import FlaskClient
from sqlalchemy import text

from portal.invoices.queries import get_invoice
from portal.payments.actions import apply_credit
from portal.payments.queries import balance_of
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, make_work_order, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_deposits import send, take


def credit(firm: Firm, invoice_id: int, share: str = "1") -> None:
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, invoice_id), share=share)


def again(office: FlaskClient, invoice_id: int) -> str:
    """The form's answer, followed."""
    path = f"/invoices/{invoice_id}/billing-again"
    return post(office, path, {}, page=f"/invoices/{invoice_id}", follow_redirects=True).text


def test_with_a_deposit_on_it_an_invoice_is_credited_and_its_lines_billed_again(till: Till, firm: Firm) -> None:
    office = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm).id
    take(firm, job_id, 10000)
    first = send(firm, job_id, office)
    shown = office.get(f"/invoices/{first}").text
    assert "cannot be voided, because money has come for it" in shown and "Void this invoice" not in shown
    credit(firm, first)
    bill = office.get(f"/work-orders/{job_id}/invoices/new").text
    assert "What was credited can be billed again from its invoice" in bill and 'name="line"' not in bill
    assert "Bill these lines again" in office.get(f"/invoices/{first}").text
    for _ in range(2):  # a double tap
        assert 'name="line"' in again(office, first)
    assert "Bill these lines again" not in office.get(f"/invoices/{first}").text
    with job_session(firm.organisation_id) as session:
        session.execute(text("UPDATE invoices SET form_id = NULL WHERE id = :id"), {"id": first})
    second = send(firm, job_id, office)
    assert second != first
    again(office, first)  # which has nothing of it any more
    assert "Everything on this job has been billed" in office.get(f"/work-orders/{job_id}/invoices/new").text
    apply_credit(firm.organisation_id, second)
    with job_session(firm.organisation_id) as session:
        assert (balance_of(session, first).minor, balance_of(session, second).minor) == (0, 13580)


def test_no_line_is_billed_again_of_which_something_is_left(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        made = make_invoice(session, firm)
        claims = text("SELECT count(*) FROM billing_claims WHERE released_at IS NULL")
        before = session.scalar(claims)
    credit(firm, made.id, "0.5")
    office = sign_in(till.browser(), firm, "manager")
    assert "Bill these lines again" not in office.get(f"/invoices/{made.id}").text
    again(office, made.id)
    with job_session(firm.organisation_id) as session:
        assert before and session.scalar(claims) == before


def test_void_is_offered_where_it_can_be_done_and_else_says_what_instead(till: Till, firm: Firm) -> None:
    office = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        kept = make_credit_note(session, firm, share="0.5", keep=True)
        paid = make_invoice(session, firm)
    assert "Void this invoice" in office.get(f"/invoices/{paid.id}").text
    assert post(office, f"/credit-notes/{kept.id}/applications", {"invoice_id": str(paid.id)}).status_code == 303
    shown = office.get(f"/invoices/{paid.id}").text
    assert "Void this invoice" not in shown and "because credit counts for it" in shown

    def refused() -> str:
        answer = post(office, f"/invoices/{paid.id}/voiding", {"reason": "Mistake"}, page="/invoices")
        return office.get(answer.location).text

    assert f"Credit note {kept.number} counts for this invoice. Make a credit note over what is left" in refused()
    credit(firm, paid.id)
    said = refused()
    assert "has been credited whole: there is nothing left to void" in said
    assert not re.search("Void this invoice|cannot be voided", said)

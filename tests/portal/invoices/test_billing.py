"""From work done to a numbered, frozen invoice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.invoices import actions
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.invoices.rules import AlreadyBilled, CannotIssue
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order


def test_a_sent_invoice_is_numbered_dated_and_adds_up(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    assert (invoice.number, invoice.status) == ("INV-00001", "sent")
    assert invoice.total == Money(23580, "GBP") and invoice.subtotal + invoice.tax == invoice.total
    assert [line.tax_why for line in invoice.lines] == ["standard rate"] * 3
    assert invoice.due_on is not None and invoice.issued_on is not None
    assert (invoice.due_on - invoice.issued_on).days == 14


def test_its_money_cannot_be_changed_even_in_raw_sql(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    for change in (
        "UPDATE invoices SET total_minor = 1 WHERE id = :id",
        "UPDATE invoices SET status = 'draft' WHERE id = :id",
        "DELETE FROM invoices WHERE id = :id",
        "UPDATE invoice_lines SET line_total_minor = 1 WHERE invoice_id = :id",
        "DELETE FROM invoice_taxes WHERE invoice_id = :id",
    ):
        with pytest.raises(DBAPIError, match="frozen"):
            session.execute(text(change), {"id": invoice.id})
        session.rollback()


def test_a_voided_one_keeps_its_number_and_frees_its_lines(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    invoice = make_invoice(session, firm, work_order=work_order)
    actions.void_invoice(session, invoice, "wrong customer", paid=Money.zero("GBP"))
    session.commit()
    again = make_invoice(session, firm, work_order=work_order)
    assert (invoice.number, invoice.status, again.number) == ("INV-00001", "void", "INV-00002")


def test_a_discarded_draft_leaves_no_gap(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    draft = make_invoice(session, firm, sent=False, work_order=work_order)
    assert actions.discard_draft(session, draft) == work_order.id
    session.commit()
    assert make_invoice(session, firm, work_order=work_order).number == "INV-00001"


def test_a_line_is_billed_once(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    make_invoice(session, firm, work_order=work_order)
    with pytest.raises(AlreadyBilled):
        make_invoice(session, firm, work_order=work_order)


def test_an_invoice_without_lines_is_refused_with_what_to_do(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    organisation = session.get_one(Organisation, firm.organisation_id)
    job = get_work_order(session, work_order.id, firm.viewer())
    with pytest.raises(CannotIssue, match="Tick at least one line"):
        actions.raise_invoice(session, organisation, job, [], form_id=None, raised_by=None)


def _raise_and_send(firm: Firm, work_order_id: int, form_id: str | None) -> str:
    """One phone: lock the job, raise, issue; the invoice's number, or the name of the refusal."""
    viewer = firm.viewer()
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        job = get_work_order(session, work_order_id, viewer, lock=True)
        try:
            raised = actions.raise_invoice(
                session, organisation, job, [line.id for line in job.lines], form_id=form_id, raised_by=None
            )
        except AlreadyBilled as problem:
            session.rollback()
            return type(problem).__name__
        invoice = get_invoice(session, raised.invoice.id)
        if raised.is_new:
            actions.issue_invoice(session, organisation, invoice)
        return str(invoice.number)


def test_twelve_identical_taps_make_one_invoice(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    with ThreadPoolExecutor(12) as phones:
        results = list(phones.map(lambda _: _raise_and_send(firm, work_order.id, "one-form"), range(12)))
    assert set(results) == {"INV-00001"}
    assert session.scalar(select(func.count()).select_from(Invoice)) == 1


def test_two_phones_bill_the_same_line_and_one_is_told(session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    with ThreadPoolExecutor(2) as phones:
        results = sorted(phones.map(lambda form: _raise_and_send(firm, work_order.id, form), ["a", "b"]))
    assert results == ["AlreadyBilled", "INV-00001"]


def test_numbers_have_no_gap_and_no_double_under_load(session: Session, firm: Firm) -> None:
    jobs = [make_work_order(session, firm).id for _ in range(12)]
    with ThreadPoolExecutor(6) as phones:
        numbers = sorted(phones.map(lambda job: _raise_and_send(firm, job, None), jobs))
    assert numbers == [f"INV-{n:05d}" for n in range(1, 13)]


@pytest.mark.parametrize("drafted_before", [True, False])
def test_a_tax_whose_law_has_ended_is_not_billed(session: Session, firm: Firm, drafted_before: bool) -> None:
    draft = make_invoice(session, firm, sent=False) if drafted_before else None
    session.execute(text("UPDATE taxes SET ends_on = '2026-01-31'"))
    session.commit()
    session.expire_all()
    with pytest.raises(CannotIssue, match="is abolished"):
        if draft is None:
            make_invoice(session, firm, sent=False)
        else:
            organisation = session.get_one(Organisation, firm.organisation_id)
            actions.issue_invoice(session, organisation, get_invoice(session, draft.id, lock=True))
    session.rollback()

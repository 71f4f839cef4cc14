"""Papers: made once, kept, the same for everybody who asks; what is sent keeps what it says of the firm."""

import io

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.invoices import actions
from portal.invoices.documents.models import Document
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.languages import LANGUAGES
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, post, sign_in
from workers import mail_jobs, papers


def kept(firm: Firm) -> list[tuple[str, int, str]]:
    with job_session(firm.organisation_id) as session:
        rows = session.execute(select(Document.kind, Document.record_id, Document.edition).order_by(Document.id))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def rename(firm: Firm, name: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).name = name


def said(pdf: bytes) -> str:
    return PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_paper_is_made_once_and_served_as_it_was_kept(client: FlaskClient, session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm)
    for _ in range(2):
        papers.keep_papers(firm.organisation_id)
    assert kept(firm) == [("invoice", note.invoice_id, "1"), ("credit_note", note.id, "1")]
    session.execute(text("SELECT set_config('app.organisation_id', :id, true)"), {"id": str(firm.organisation_id)})
    stored = session.scalars(select(Document.content).where(Document.kind == "invoice")).one()
    sign_in(client, firm, "administrator")
    assert client.get(f"/invoices/{note.invoice_id}/invoice.pdf").data == stored


@pytest.mark.parametrize("beforehand", [True, False])
def test_new_settings_do_not_reach_what_is_sent(
    client: FlaskClient, session: Session, firm: Firm, beforehand: bool
) -> None:
    """Whether the worker had made the paper by then or not."""
    invoice_id = make_invoice(session, firm).id
    if beforehand:
        papers.keep_papers(firm.organisation_id)
    rename(firm, "Southgate Cooling")
    sign_in(client, firm, "administrator")
    paper = client.get(f"/invoices/{invoice_id}/invoice.pdf").data
    assert "Northgate Heating" in said(paper) and "Southgate" not in said(paper)


def test_the_database_refuses_another_letterhead(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    invoice.letterhead = {**(invoice.letterhead or {}), "name": "Somebody else"}
    with pytest.raises(IntegrityError, match="frozen"):
        session.flush()
    session.rollback()


def test_a_kept_paper_cannot_be_changed(session: Session, firm: Firm) -> None:
    make_invoice(session, firm)
    papers.keep_papers(firm.organisation_id)
    for change in ("UPDATE documents SET edition = 'x'", "DELETE FROM documents"):
        with pytest.raises(Exception, match="permission denied"), session.begin_nested():
            session.execute(text(change))


def test_a_void_invoice_has_another_paper_that_says_so(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    papers.keep_papers(firm.organisation_id)
    actions.void_invoice(session, get_invoice(session, invoice.id), "Wrong customer", paid=Money.zero("GBP"))
    session.commit()
    papers.keep_papers(firm.organisation_id)
    assert kept(firm) == [("invoice", invoice.id, "1"), ("invoice", invoice.id, "1 void")]
    with job_session(firm.organisation_id) as fresh:
        assert "Void" in said(fresh.scalars(select(Document.content).order_by(Document.id.desc()).limit(1)).one())


def test_the_mail_brings_the_kept_paper(session: Session, firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: taken.append(mail))
    number = make_invoice(session, firm, email="rita@maple.example").number
    mail_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as fresh:
        stored = fresh.scalars(select(Document.content)).one()
    (paper,) = taken[0].attachments
    assert (paper.name, paper.content) == (f"{number}.pdf", stored)
    file = next(mail_gateway.compose(taken[0]).iter_attachments())
    assert (file.get_content_type(), file.get_content()) == ("application/pdf", stored)


def test_a_firm_may_send_the_link_alone(client: FlaskClient, firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: taken.append(mail))
    sign_in(client, firm, "administrator")
    assert post(client, "/settings/documents", {"attach_papers": "no"}).status_code == 303
    with job_session(firm.organisation_id) as session:
        invoice_id = make_invoice(session, firm, email="rita@maple.example").id
    paid = {"form_id": "f", "method": "cash", "amount": "1", "tendered": "", "reference": "",
            "received_on": clock.today("Europe/London").isoformat()}  # fmt: skip
    assert post(client, f"/invoices/{invoice_id}/payments", paid).status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert ["/p/" in mail.text for mail in taken] == [True, True]
    assert [mail.attachments for mail in taken] == [(), ()]


def test_documents_speak_the_customers_language(client: FlaskClient, session: Session, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    page = client.get(f"/customers/{firm.customer_id}/edit").text
    assert all(name in page for name in LANGUAGES.values())
    session.execute(text("UPDATE customers SET language = 'de'"))
    session.commit()
    invoice_id = make_invoice(session, firm).id
    assert "Rechnungsdatum" in said(client.get(f"/invoices/{invoice_id}/invoice.pdf").data)

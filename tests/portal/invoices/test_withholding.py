"""What a customer withholds and pays to the state: on page and paper, in what is to pay, and when it is credited."""

import io
import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.invoices import actions, drafts, pricing
from portal.invoices.credit_notes.queries import kept_as_credit
from portal.invoices.queries import balance_of, get_invoice, status_of
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.actions import add_tax
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_credit_note, make_invoice, post, sign_in


@pytest.fixture
def tds(session: Session, firm: Firm) -> int:
    tax = add_tax(session, firm.organisation_id, "TDS 10%", Decimal(10), kind="withholding")
    session.commit()
    return tax.id


def test_what_is_withheld_is_printed_frozen_and_not_to_pay(
    client: FlaskClient, session: Session, firm: Firm, tds: int
) -> None:
    """10 % of the net 196.50 is withheld: the total stays 235.80, and 216.15 is to pay."""
    draft, path = make_invoice(session, firm, sent=False), "/invoices"
    sign_in(client, firm, "administrator")
    assert "TDS 10%" in client.get(f"/invoices/{draft.id}/prices").text
    typed = {"applied": "before_tax", "withholding_tax_id": str(tds)}
    assert post(client, f"/invoices/{draft.id}/prices", typed, page=path).status_code == 303
    assert "Send £216.15" in client.get(f"/invoices/{draft.id}").text.replace("\n", "")
    with job_session(firm.organisation_id) as own:
        organisation, locked = own.get_one(Organisation, firm.organisation_id), get_invoice(own, draft.id, lock=True)
        actions.issue_invoice(own, organisation, locked)
    with job_session(firm.organisation_id) as own:
        sent = get_invoice(own, draft.id)
        assert (sent.total_minor, sent.withheld_minor, balance_of(sent).balance_minor) == (23580, 1965, 21615)
        assert status_of(sent, clock.today("Europe/London")) == "Sent"  # and not paid in part
        with pytest.raises(IntegrityError, match="frozen"):
            own.execute(text("UPDATE invoices SET withheld_minor = 0"))
        own.rollback()
    pdf = client.get(f"/invoices/{draft.id}/invoice.pdf").data
    said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert all(part in said for part in ("Withheld: TDS 10% on £196.50", "-£19.65", "£235.80", "£216.15"))


def test_crediting_all_of_it_leaves_no_credit_that_nobody_paid(
    client: FlaskClient, session: Session, firm: Firm, tds: int
) -> None:  # fmt: skip
    organisation = session.get_one(Organisation, firm.organisation_id)
    draft = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    zero = Money.zero("GBP")
    drafts.price_draft(session, organisation, draft, pricing.Pricing(zero, zero, withholding_tax_id=tds), Decimal(100))
    actions.issue_invoice(session, organisation, draft)
    session.commit()
    note = make_credit_note(session, firm, draft)
    assert (note.total_minor, note.worth.minor) == (23580, 21615)
    assert not kept_as_credit(session, note) and not balance_of(get_invoice(session, draft.id)).balance_minor
    assert "withholding" not in {row.kind for row in note.taxes}
    sign_in(client, firm, "administrator")
    shown = " ".join(re.sub(r"<[^>]+>", " ", client.get(f"/credit-notes/{note.id}").text).split())
    assert "Withheld: TDS 10% -19.65 Credited £216.15 Put to INV-00001 216.15" in shown
    pdf = client.get(f"/credit-notes/{note.id}/credit-note.pdf").data
    assert re.search(r"-£19.65.*Credited.*£216.15", PdfReader(io.BytesIO(pdf)).pages[0].extract_text(), re.DOTALL)


def test_only_what_is_withheld_can_be_withheld(client: FlaskClient, session: Session, firm: Firm) -> None:
    draft, usual = make_invoice(session, firm, sent=False), list_taxes(session)[0]
    sign_in(client, firm, "administrator")
    typed = {"applied": "before_tax", "withholding_tax_id": str(usual.id)}
    answer = post(client, f"/invoices/{draft.id}/prices", typed, page="/invoices")
    assert answer.status_code == 422 and "Choose what is withheld from the list." in answer.text

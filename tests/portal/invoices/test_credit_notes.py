"""Taking back a sent invoice: never more than there was, each cent once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.invoices import actions as invoicing
from portal.invoices.credit_notes import actions, queries
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.rules import CannotCredit
from portal.invoices.drafts import take_totals
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.invoices.rules import CannotVoid
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.shared.outbox import Change
from portal.shared.running import job_session
from portal.taxes.arithmetic import Line, LineTax, Policy, reckon
from tests.builders import Firm, make_credit_note, make_invoice, post, sign_in


def _balance(session: Session, invoice: Invoice) -> int:
    return balance_of(get_invoice(session, invoice.id)).balance.minor


def test_a_whole_credit_repeats_every_row_and_leaves_nothing_to_pay(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    assert (note.number, note.total, note.subtotal, note.tax) == (
        "CN-00001", invoice.total, invoice.subtotal, invoice.tax
    )  # fmt: skip
    assert [line.line_total for line in note.lines] == [line.line_total for line in invoice.lines]
    assert [(row.name, row.base, row.amount) for row in note.taxes] == [
        (row.name, row.base, row.amount) for row in invoice.taxes
    ]
    assert _balance(session, invoice) == 0 and not queries.kept_as_credit(session, note)


def test_parts_of_it_add_up_to_the_whole_and_one_cent_more_is_refused(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    parts = [make_credit_note(session, firm, invoice, share="0.333") for _ in range(3)]
    organisation = session.get_one(Organisation, firm.organisation_id)
    again = get_invoice(session, invoice.id, lock=True)
    left = actions.creditable(session, again)
    with pytest.raises(CannotCredit, match="is left of this line"):
        actions.raise_credit_note(session, organisation, again, {0: left[0] + Money(1, "GBP")}, "Too much")
    last = actions.raise_credit_note(session, organisation, again, dict(enumerate(left)), "The rest")
    parts.append(last)
    assert sum(part.total_minor for part in parts) == invoice.total_minor
    assert sum(part.tax_minor for part in parts) == invoice.tax_minor
    assert _balance(session, invoice) == 0
    with pytest.raises(CannotCredit, match="Enter how much"):
        actions.raise_credit_note(session, organisation, get_invoice(session, invoice.id), {}, "Nothing")


def test_kept_credit_leaves_the_invoice_to_pay_and_can_be_put_to_another(session: Session, firm: Firm) -> None:
    invoice, other = make_invoice(session, firm), make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5", keep=True)
    assert _balance(session, invoice) == 23580
    assert actions.apply_credit(session, note, get_invoice(session, other.id)) == note.total
    assert _balance(session, other) == 23580 - note.total_minor
    with pytest.raises(CannotCredit, match="nothing is left"):
        actions.apply_credit(session, note, get_invoice(session, other.id))


def test_what_is_more_than_left_to_pay_stays_credit(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    earlier = make_credit_note(session, firm, make_invoice(session, firm), share="0.5", keep=True)
    actions.apply_credit(session, earlier, get_invoice(session, invoice.id))
    note = make_credit_note(session, firm, invoice)
    assert _balance(session, invoice) == 0
    assert queries.kept_as_credit(session, note) == earlier.total


def test_two_who_credit_the_same_line_at_once_take_it_back_once(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)

    def credit_it_all(_number: int) -> bool:
        with job_session(firm.organisation_id) as own:
            try:
                make_credit_note(own, firm, invoice)
            except CannotCredit:
                own.rollback()
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(credit_it_all, range(4))) == [False, False, False, True]
    assert session.scalar(select(func.sum(CreditNote.total_minor))) == 23580


def test_a_note_is_never_changed_and_a_credited_invoice_not_voided(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5")
    with pytest.raises(CannotVoid, match=note.number):
        invoicing.void_invoice(session, get_invoice(session, invoice.id), "wrong", paid=Money.zero("GBP"))
    for change in ("UPDATE credit_notes SET total_minor = 1", "DELETE FROM credit_note_lines"):
        with pytest.raises(DBAPIError, match="permission denied"):
            session.execute(text(change))
        session.rollback()


def test_drafts_and_void_invoices_are_not_credited(session: Session, firm: Firm) -> None:
    draft = make_invoice(session, firm, sent=False)
    organisation = session.get_one(Organisation, firm.organisation_id)
    with pytest.raises(CannotCredit, match="draft"):
        actions.raise_credit_note(session, organisation, draft, {0: Money(1, "GBP")}, "Why not")


def test_the_books_are_told_of_the_note(session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm)
    told = session.scalars(select(Change.subject_id).where(Change.subject == "credit_note")).all()
    assert told == [note.id]


def test_a_manager_credits_a_part_on_the_page(client: FlaskClient, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    sign_in(client, firm, "manager")
    page = f"/invoices/{invoice.id}/credit-notes/new"
    assert 'value="118.00"' in client.get(page).text
    form = {"form_id": "f1", "line-0": "118.01", "reason": "", "then": "apply"}
    refused = post(client, f"/invoices/{invoice.id}/credit-notes", form, page=page)
    assert refused.status_code == 422 and "from 0 to 118" in refused.text and "118.01" in refused.text
    form |= {"line-0": "118.00", "reason": "Agreed on the phone"}
    made = post(client, f"/invoices/{invoice.id}/credit-notes", form, page=page)
    again = post(client, f"/invoices/{invoice.id}/credit-notes", form, page=page)
    assert made.status_code == again.status_code == 303 and made.location == again.location
    assert page in client.get(f"/invoices/{invoice.id}").text
    make_credit_note(session, firm, other := make_invoice(session, firm))
    assert "credit-notes/new" not in client.get(f"/invoices/{other.id}").text
    assert "has been credited" in client.get(f"/invoices/{other.id}/credit-notes/new").text
    shown = client.get(made.location).text
    assert "CN-00001" in shown and "Agreed on the phone" in shown and "141.60" in shown
    whole = client.get(f"/invoices/{invoice.id}").text
    assert "Left to pay" in whole and "£94.20" in whole and "credited as CN-00001" in whole


def test_who_may_not_void_may_not_credit(client: FlaskClient, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    sign_in(client, firm, "field_agent")
    assert client.get(f"/invoices/{invoice.id}/credit-notes/new").status_code in (403, 404)
    assert "Credit note" not in client.get(f"/invoices/{invoice.id}").text


def test_a_share_of_a_line_rounds_to_the_penny(session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm, share="0.0001")
    assert note.total_minor == sum(line.line_total_minor for line in note.lines) + note.tax_minor
    assert note.total.decimal < Decimal("0.10")


def test_kept_credit_is_put_to_another_invoice_on_the_page(client: FlaskClient, session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm, share="0.5", keep=True)
    other = make_invoice(session, firm)
    sign_in(client, firm, "manager")
    page = f"/credit-notes/{note.id}"
    assert f"{other.number}, £235.80 to pay" in client.get(page).text
    for wrong in ("", "999999999"):
        assert post(client, f"{page}/applications", {"invoice_id": wrong}, page=page).status_code in (404, 422)
    assert post(client, f"{page}/applications", {"invoice_id": other.id}, page=page).status_code == 303
    assert _balance(session, other) == 23580 - note.total_minor
    again = post(client, f"{page}/applications", {"invoice_id": other.id}, page=page)
    assert again.status_code == 422 and "nothing is left" in again.text.lower()


def test_two_who_put_the_same_credit_to_two_invoices_use_it_once(session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm, share="0.5", keep=True)
    others = [make_invoice(session, firm).id for _ in range(2)]

    def put(invoice_id: int) -> int:
        with job_session(firm.organisation_id) as own:
            for each in sorted({note.invoice_id, invoice_id}):
                get_invoice(own, each, lock=True)
            try:
                return actions.apply_credit(own, note, get_invoice(own, invoice_id)).minor
            except CannotCredit:
                return 0

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(put, others)) == [0, note.total_minor]


def test_tax_rows_add_up_to_the_tax_with_reverse_charge_and_withholding() -> None:
    taxes = tuple(LineTax(str(at), kind, Decimal(20), kind)
                  for at, kind in enumerate(("percent", "reverse_charge", "withholding")))  # fmt: skip
    breakdown = reckon((Line(Decimal(1), Decimal(100), taxes),), Policy("GBP"))
    invoice, organisation = Invoice(currency="GBP"), Organisation(
        currency="GBP", price_includes_tax=False, tax_rounding="document", rounding_mode="half_up"
    )  # fmt: skip
    take_totals(organisation, invoice, breakdown)
    assert [(row.name, row.amount_minor) for row in invoice.taxes] == [("percent", 2000), ("reverse_charge", 0)]
    assert [(row.name, row.amount.minor) for row in invoice.printed_taxes] == [
        ("percent 20 %", 2000), ("reverse_charge", 0)
    ]  # fmt: skip
    assert invoice.total_minor == 12000

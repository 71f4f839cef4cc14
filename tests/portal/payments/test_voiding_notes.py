"""A credit note that is voided: what it was put to is to be paid again, its lines can be credited again, and what went
back in money stays where it went."""

import uuid
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.invoices import frozen, write_offs
from portal.invoices.billing_again import bill_again
from portal.invoices.credit_notes import actions as crediting
from portal.invoices.credit_notes import queries
from portal.invoices.credit_notes.forms import Wanted
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.credit_notes.rules import CannotVoidNote
from portal.invoices.documents.facts import credit_note_facts
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions import put_credit_note, raise_credit_note, void_credit_note, void_invoice
from portal.payments.credits import credit_of
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.models import BillingClaim
from tests.builders import Firm, make_credit_note, make_invoice, make_work_order, post, sign_in
from tests.conftest import World
from tests.migrating import run_again
from tests.paying import Till
from tests.portal.payments.test_giving_credit_back import give_back, kept, kept_of_card
from tests.portal.payments.test_recording import record

__all__ = ["kept", "kept_of_card"]


def void(firm: Firm, note: CreditNote, reason: str = "Made by mistake") -> None:
    void_credit_note(firm.organisation_id, note.id, reason, firm.people["manager"])


def to_pay(session: Session, invoice: Invoice) -> int:
    session.expire_all()
    return balance_of(get_invoice(session, invoice.id)).balance.minor


def test_what_it_was_put_to_is_to_be_paid_again_and_its_lines_can_be_credited(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    session.commit()
    void(firm, note)
    assert to_pay(session, invoice) == invoice.total_minor
    again = queries.get_credit_note(session, note.id)
    assert again.is_void and not queries.kept_as_credit(session, again) and queries.put_to(session, again) == []
    assert make_credit_note(session, firm, get_invoice(session, invoice.id)).total == invoice.total
    assert to_pay(session, invoice) == 0


def test_credit_that_it_left_is_taken_off_another_invoice_and_off_the_customer(session: Session, firm: Firm) -> None:
    invoice, other = make_invoice(session, firm), make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5", keep=True)
    rest = make_credit_note(session, firm, invoice, share="0.1", keep=True)
    session.commit()
    put_credit_note(firm.organisation_id, note.id, other.id)
    void(firm, note)
    assert to_pay(session, other) == other.total_minor
    assert credit_of(session, invoice.customer_id, "GBP") == rest.total


def test_an_invoice_whose_only_note_is_void_can_be_voided(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    session.commit()
    void(firm, note)
    void_invoice(firm.organisation_id, invoice.id, "Raised twice")
    assert to_pay(session, invoice) == 0


@pytest.mark.parametrize(("of", "way"), [("kept", "cash"), ("kept_of_card", "stripe")])
def test_what_went_back_in_money_keeps_it_in_force(
    till: Till, firm: Firm, request: pytest.FixtureRequest, of: str, way: str
) -> None:
    note_id, _ = request.getfixturevalue(of)
    assert give_back(till, firm, note_id, amount="20", way=way).status_code == 303
    with pytest.raises(CannotVoidNote, match=r"£20.00 went back to the customer with it.*on a new invoice"):
        void_credit_note(firm.organisation_id, note_id, "Wrong")


def test_what_went_back_before_a_note_could_be_voided_keeps_it_too(world: World, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    record(firm, [invoice.id])
    all_of_it = dict(enumerate(crediting.creditable(session, get_invoice(session, invoice.id))))
    session.commit()
    wanted, by = Wanted(all_of_it, "not happy", keep=False, back="cash"), firm.people["manager"]
    raise_credit_note(firm.organisation_id, invoice.id, wanted, form_id=uuid.uuid4().hex, raised_by=by)
    run_again(world, "void_credit_notes")
    (note,) = queries.notes_of(session, invoice.id)
    with pytest.raises(CannotVoidNote, match="went back to the customer with it"):
        void(firm, note)


def test_money_handed_out_of_another_note_that_this_one_made_theirs_keeps_it(
    till: Till, session: Session, firm: Firm
) -> None:
    paid, unpaid = make_invoice(session, firm), make_invoice(session, firm)
    record(firm, [paid.id])
    note = make_credit_note(session, firm, get_invoice(session, paid.id), keep=True)
    other = make_credit_note(session, firm, get_invoice(session, unpaid.id), keep=True)
    put_credit_note(firm.organisation_id, note.id, unpaid.id)
    assert give_back(till, firm, other.id, amount="50").status_code == 303
    with pytest.raises(CannotVoidNote, match="would not be theirs without this note"):
        void_credit_note(firm.organisation_id, note.id, "Wrong")


def test_a_written_off_invoice_is_taken_back_first(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5")
    write_offs.write_off(session, get_invoice(session, invoice.id, lock=True), "Gone")
    session.commit()
    with pytest.raises(CannotVoidNote, match="written off: take that back first"):
        void(firm, note)


def test_lines_billed_again_are_never_on_two_invoices(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    bill_again(session, get_invoice(session, invoice.id, lock=True))
    session.commit()
    void(firm, note)
    open_ = select(BillingClaim).where(BillingClaim.invoice_id == invoice.id, BillingClaim.released_at.is_(None))
    billed = [line for line in get_invoice(session, invoice.id).lines if line.work_order_line_id]
    assert len(session.scalars(open_).all()) == len(billed)


def test_twice_and_after_it_nothing_is_put_anywhere(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5", keep=True)
    session.commit()
    void(firm, note)
    with pytest.raises(CannotVoidNote, match="void already"):
        void(firm, note)
    values = {"organisation_id": firm.organisation_id, "credit_note_id": note.id, "invoice_id": invoice.id}
    with pytest.raises(DBAPIError, match="is void"):
        session.add(CreditApplication(**values, amount_minor=1, currency="GBP"))
        session.flush()
    session.rollback()
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("UPDATE credit_note_voids SET reason = ''"))


SHARES = st.lists(st.sampled_from(["0.1", "0.2", "0.277", "0.333"]), min_size=2, max_size=3)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shares=SHARES, order=st.randoms(use_true_random=False), inclusive=st.booleans())
def test_whatever_is_voided_in_whatever_order_no_cent_is_credited_twice_or_lost(
    shares: list[str], order: Random, inclusive: bool, firm: Firm
) -> None:
    """In the end all that is left is credited, and the notes in force come to the invoice, row by row."""
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        organisation.price_includes_tax = inclusive
        session.flush()
        invoice = make_invoice(session, firm)
        made = [make_credit_note(session, firm, get_invoice(session, invoice.id), share=each) for each in shares]
    order.shuffle(made)
    for note in made[: len(made) // 2 + 1]:
        try:
            void(firm, note)
        except CannotVoidNote as problem:
            assert "Void CN-" in problem.sentence
    with job_session(firm.organisation_id) as session:
        again = get_invoice(session, invoice.id, lock=True)
        left = crediting.creditable(session, again)
        if any(left):
            organisation = session.get_one(Organisation, firm.organisation_id)
            crediting.raise_credit_note(session, organisation, again, dict(enumerate(left)), "The rest")
        notes = [each for each in queries.notes_of(session, invoice.id) if not each.is_void]
        assert sum(each.total_minor for each in notes) == again.total_minor
        assert sum(each.tax_minor for each in notes) == again.tax_minor
        whole, _ = frozen.from_text(again.breakdown or {}, "GBP")
        rows = [frozen.from_text(each.breakdown, "GBP")[0].taxes for each in notes]
        for at, row in enumerate(whole.taxes):
            assert Money.total((each[at].amount for each in rows), "GBP") == row.amount
            assert Money.total((each[at].base for each in rows), "GBP") == row.base
        assert balance_of(get_invoice(session, invoice.id)).balance == Money(0, "GBP")


def test_on_the_page_it_says_what_follows_and_afterwards_that_it_is_void(
    till: Till, session: Session, firm: Firm
) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    session.commit()
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/credit-notes/{note.id}").text
    assert "Void this credit note" in page and "What it was put to is to be paid again" in page
    assert post(client, f"/credit-notes/{note.id}/voiding", {}).status_code == 422
    assert post(client, f"/credit-notes/{note.id}/voiding", {"void_reason": "Wrong job"}).status_code == 303
    page = client.get(f"/credit-notes/{note.id}").text
    assert "It takes nothing back any more: Wrong job" in page and "Void this credit note" not in page
    assert "· void" in client.get("/credit-notes?state=void").text
    assert note.number not in client.get("/credit-notes?state=kept").text
    assert "Credited, then voided" in client.get(f"/invoices/{invoice.id}").text
    session.expire_all()
    organisation = session.get_one(Organisation, firm.organisation_id)
    facts = credit_note_facts(organisation, queries.get_credit_note(session, note.id))
    assert facts["stamp"] == "Void" and facts["notes"][-1] == "Wrong job"


def page_of(till: Till, firm: Firm, note_id: int) -> str:
    return sign_in(till.browser(), firm, "manager").get(f"/credit-notes/{note_id}").text


@pytest.mark.parametrize(("of", "way"), [("kept", "cash"), ("kept_of_card", "stripe")])
def test_where_money_went_back_with_it_the_page_says_so_and_offers_nothing(
    till: Till, firm: Firm, request: pytest.FixtureRequest, of: str, way: str
) -> None:
    note_id, _ = request.getfixturevalue(of)
    assert "Void this credit note" in page_of(till, firm, note_id)
    give_back(till, firm, note_id, amount="20", way=way)
    page = page_of(till, firm, note_id)
    assert "It cannot be voided. £20.00 went back to the customer with it" in page
    assert "Void this credit note" not in page and f"/credit-notes/{note_id}/voiding" not in page


def test_where_its_lines_were_billed_again_the_page_says_on_what(till: Till, session: Session, firm: Firm) -> None:
    job = make_work_order(session, firm)
    invoice = make_invoice(session, firm, work_order=job)
    note = make_credit_note(session, firm, invoice)
    bill_again(session, get_invoice(session, invoice.id, lock=True))
    again = make_invoice(session, firm, work_order=job)
    session.commit()
    page = page_of(till, firm, note.id)
    assert f"Its lines were billed again on {again.number}. Void or credit that invoice first." in page
    assert "Void this credit note" not in page
    void_invoice(firm.organisation_id, again.id, "Twice")
    assert "Void this credit note" in page_of(till, firm, note.id)


def test_where_the_invoice_that_it_is_put_to_is_written_off_the_page_says_so(
    till: Till, session: Session, firm: Firm
) -> None:
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice, share="0.5")
    write_offs.write_off(session, get_invoice(session, invoice.id, lock=True), "Gone")
    session.commit()
    page = page_of(till, firm, note.id)
    assert f"It is put to {invoice.number}, which is written off: take that back first." in page
    assert "Void this credit note" not in page


def test_a_technician_voids_none(till: Till, session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm, make_invoice(session, firm))
    session.commit()
    client = sign_in(till.browser(), firm, "field_agent")
    assert post(client, f"/credit-notes/{note.id}/voiding", {"void_reason": "x"}).status_code in (403, 404)

"""Money that went back: a credit note goes with it, or the customer is asked again; never without anybody saying so."""

import uuid
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.rules import CannotCredit
from portal.invoices.credit_notes.shares import parts_worth
from portal.invoices.joint import open_balances
from portal.invoices.queries import get_invoice
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.actions import CannotFollow, decide
from portal.payments.queries import open_invoices
from portal.reminders.queries import is_still_open
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.arithmetic import credit
from tests.builders import Firm, make_credit_note, pay_address, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import WHOLE, due, record
from tests.portal.payments.test_refunding import at_stripe, charge_of, paid
from tests.portal.taxes.documents import Document, documents

__all__ = ["paid"]


def notes(firm: Firm) -> list[int]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(CreditNote.total_minor).order_by(CreditNote.id)))


def is_asked_for(till: Till, firm: Firm, invoice_id: int) -> bool:
    """By a reminder, a statement, or a link to pay several together: all of them, or none."""
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, invoice_id)
        found = open_invoices(session, firm.viewer(), invoice.customer_id, "GBP", to_ask=True)
        told = {is_still_open(session, invoice_id), bool(found), bool(open_balances(session, [invoice_id]))}
    assert len(told) == 1
    return told.pop()


def give_back(till: Till, firm: Firm, payment_id: int, amount: str, then: str, *, way: str = "stripe") -> int:
    form = {"amount": amount, "way": way, "then": then, "reason": "not happy", "form_id": uuid.uuid4().hex}
    client = sign_in(till.browser(), firm, "manager")
    post(client, f"/payments/{payment_id}/refunds", dict(form))
    return post(client, f"/payments/{payment_id}/refunds", dict(form)).status_code  # the second tap is the same


@given(documents(most=6), st.data())
def test_a_note_of_a_given_sum_comes_to_just_that_sum(document: Document, data: st.DataObject) -> None:
    invoice = document.reckon()
    left = [part.total for part in invoice.lines]
    worth = Money(data.draw(st.integers(1, max(1, invoice.amount_due.minor))), document.policy.currency)
    with suppress(CannotCredit):
        parts = parts_worth(worth, invoice, document.policy, left, [Money.zero(worth.currency)] * len(left))
        note = credit(invoice, document.policy, [parts[at] for at in range(len(left))])
        assert note.total + note.withholding == worth


@pytest.mark.parametrize(("amount", "minor"), [("235.80", WHOLE), ("50", 5000), ("0.06", 6), ("117.90", 11790)])
def test_a_credit_note_goes_with_it(till: Till, firm: Firm, paid: tuple[int, int], amount: str, minor: int) -> None:
    page = sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text
    assert 'name="then" value="credit" id="f-then" checked' in page
    assert give_back(till, firm, paid[0], amount, "credit") == 303
    till.work(firm)
    assert (notes(firm), due(firm, paid[1])) == ([minor], 0)
    assert [each.amount for each in at_stripe(till, firm)] == [minor]


def test_or_the_invoice_is_to_pay_again(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    assert give_back(till, firm, paid[0], "235.80", "ask") == 303
    assert (notes(firm), due(firm, paid[1])) == ([], WHOLE)
    assert is_asked_for(till, firm, paid[1])


def test_the_page_names_only_what_is_open_because_money_went_back(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, get_invoice(session, paid[1]))
    told = "of what was paid went back to you, so it is to be paid again"
    for amount, then in (("10", "ask"), ("7", "ask"), ("20", "credit")):
        give_back(till, firm, paid[0], amount, then)
    till.work(firm)
    assert f"£17.00</bdi> {told}" in till.get(path).text
    record(firm, [paid[1]], 1500)
    assert f"£2.00</bdi> {told}" in till.get(path).text


def test_where_no_card_is_taken_the_page_says_too_that_money_went_back(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id], WHOLE)
    form = {"amount": "235.80", "way": "cash", "then": "ask", "reason": "not happy", "form_id": uuid.uuid4().hex}
    post(sign_in(till.browser(), firm, "manager"), f"/payments/{made.payment_id}/refunds", dict(form))
    shown = till.get(path).text
    assert "cards are not taken here yet" in shown
    assert "£235.80</bdi> of what was paid went back to you, so it is to be paid again" in shown


def test_credit_that_paid_nothing_goes_back_without_a_note(till: Till, firm: Firm) -> None:
    made = record(firm, [], 5000)
    form = {"amount": "50", "way": "cash", "then": "credit", "reason": "left over", "form_id": uuid.uuid4().hex}
    post(sign_in(till.browser(), firm, "manager"), f"/payments/{made.payment_id}/refunds", dict(form))
    assert notes(firm) == []


def test_a_sum_that_no_note_can_have_is_refused_in_words(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    """Of twenty per cent: 2 pence and none of tax, 3 and 1."""
    form = {"amount": "0.03", "way": "stripe", "then": "credit", "reason": "x", "form_id": uuid.uuid4().hex}
    answer = post(sign_in(till.browser(), firm, "manager"), f"/payments/{paid[0]}/refunds", dict(form))
    assert answer.status_code == 422 and "no credit note of this invoice comes to exactly £0.03" in answer.text
    assert (notes(firm), due(firm, paid[1]), at_stripe(till, firm)) == ([], 0, [])


@pytest.mark.parametrize(("amount", "then"), [(WHOLE, "credit"), (WHOLE, "ask"), (5000, "credit"), (5000, "ask")])
def test_made_at_stripe_nobody_is_asked_until_a_person_has_decided(
    till: Till, firm: Firm, amount: int, then: str
) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=amount)
    till.work(firm)
    client = sign_in(till.browser(), firm, "manager")
    assert due(firm, invoice_id) == amount and not is_asked_for(till, firm, invoice_id)
    assert "This invoice is being checked" in till.get(path).text
    assert "Given back in Stripe&#39;s own pages" in client.get(f"/invoices/{invoice_id}").text
    assert "Went back, nothing decided" in client.get("/board").text
    assert "credit note, or ask again?" in client.get("/payments/disputes").text
    for _ in range(2):
        answer = post(client, f"/invoices/{invoice_id}/money-back", {"then": then}, page=f"/invoices/{invoice_id}")
        assert answer.status_code == 303
    assert notes(firm) == ([amount] if then == "credit" else [])
    assert due(firm, invoice_id) == (0 if then == "credit" else amount)
    assert is_asked_for(till, firm, invoice_id) is (then == "ask")
    assert "Went back, nothing decided" not in client.get("/board").text


def test_what_comes_back_leaves_nothing_to_decide(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    for amount in (2000, 3000):
        till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=amount)
    till.work(firm)
    assert due(firm, paid[1]) == 5000 and not is_asked_for(till, firm, paid[1])
    for refund in at_stripe(till, firm):
        till.stand_in.control(f"refunds/{refund.id}/settle", outcome="failed")
        till.work(firm)
    assert due(firm, paid[1]) == 0
    with pytest.raises(CannotFollow), job_session(firm.organisation_id) as session:
        decide(session, paid[1], "ask", by=firm.people["manager"])


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_what_a_bank_takes_waits_for_a_person_as_well(
    till: Till, firm: Firm, paid: tuple[int, int], outcome: str
) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/invoices/{paid[1]}").text
    assert "looks into a payment of it" in page and "Answer by" in page and not is_asked_for(till, firm, paid[1])
    assert "The bank has not decided yet." in page and 'name="then"' not in page
    with pytest.raises(CannotFollow, match="not decided"), job_session(firm.organisation_id) as session:
        decide(session, paid[1], "credit", by=firm.people["manager"])
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome=outcome)
    till.work(firm)
    page = client.get(f"/invoices/{paid[1]}").text
    assert "looks into a payment of it" not in page
    assert ("Taken back by the bank" in page) is (outcome == "lost")
    assert ('name="then" value="credit"' in page) is (outcome == "lost")
    assert not is_asked_for(till, firm, paid[1])


def test_money_that_a_bank_returned_to_the_firm_was_not_given_back(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, invoice_id, lock=True)
        left = dict(enumerate(creditable(session, invoice)))
        raise_credit_note(session, session.get_one(Organisation, firm.organisation_id), invoice, left, "meanwhile")
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="won")
    till.work(firm)
    page = till.get(path).text
    assert "given back" not in page and "has credited this invoice in full" in page


def test_whoever_may_not_void_is_told_and_decides_nothing(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=WHOLE)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert get_invoice(session, paid[1]).status == "sent"
    client = sign_in(till.browser(), firm, "field_agent")
    page = client.get(f"/invoices/{paid[1]}")
    assert "make a credit note" not in page.text
    assert post(client, f"/invoices/{paid[1]}/money-back", {"then": "ask"}, page="/today").status_code in (403, 404)


def test_what_is_won_after_a_credit_note_is_credit_that_staff_hear_of(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, paid[1]), share="0.5")
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="won")
    till.work(firm)
    assert due(firm, paid[1]) == 0
    office, path = sign_in(till.browser(), firm, "manager"), f"/invoices/{paid[1]}"
    assert "£117.90 came back from the bank, and pays nothing now" in office.get(path).text
    with job_session(firm.organisation_id) as session:
        mails = session.scalars(select(Message).where(Message.subject.startswith("The bank returned"))).all()
        assert {mail.to_address for mail in mails} == {firm.emails[role] for role in ("administrator", "manager")}
        assert "£117.90 of it is the customer's credit" in read_mail(session, mails[0].id).text
    page = office.get(f"/payments/{paid[0]}").text  # Stripe gives nothing back of a charge that was disputed
    assert "By bank transfer" in page and "To the card, through Stripe" not in page
    assert give_back(till, firm, paid[0], "117.90", "credit") == 422
    assert give_back(till, firm, paid[0], "117.90", "credit", way="bank_transfer") == 303
    assert "pays nothing now" not in office.get(path).text

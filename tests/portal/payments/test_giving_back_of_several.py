"""One refund over all that an invoice was paid with, and its credit note with it: whole or in part, once."""

import re
import uuid

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import kept_as_credit
from portal.payments.credits import unused_credit
from portal.payments.models import Payment
from portal.payments.refunds.models import Refund
from portal.people.models import Role
from portal.shared.money import Money
from portal.shared.outbox import Change
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, at_once
from tests.portal.payments.test_recording import due, record
from tests.portal.payments.test_refunding import at_stripe, make_due


@pytest.fixture
def paid_twice(till: Till, firm: Firm) -> int:
    """100.00 in cash and the rest by card."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    record(firm, [invoice_id], 10000)
    till.pay(path)
    till.work(firm)
    assert due(firm, invoice_id) == 0
    return invoice_id


def lines_of(till: Till, firm: Firm, invoice_id: int) -> dict[str, str]:
    """As the form offers them: all that is left of each."""
    page = sign_in(till.browser(), firm, "manager").get(f"/invoices/{invoice_id}/credit-notes/new?then=refund").text
    assert re.search(r'value="refund"[^>]*checked', page)
    return dict(re.findall(r'name="(line-\d+)"[^>]*value="([^"]*)"', page))


def give_back(till: Till, firm: Firm, invoice_id: int, lines: dict[str, str], **typed: str) -> TestResponse:
    client = sign_in(till.browser(), firm, "manager")
    form = {"reason": "not happy", "then": "refund", "back": "stripe", "form_id": uuid.uuid4().hex} | lines | typed
    return post(client, f"/invoices/{invoice_id}/credit-notes", form, page="/invoices")


def refunds(firm: Firm) -> list[tuple[str, str, int]]:
    with job_session(firm.organisation_id) as session:
        found = session.execute(select(Payment.provider, Refund).join(Payment, Payment.id == Refund.payment_id))
        return sorted((provider, refund.way, refund.amount_minor) for provider, refund in found)


def notes(firm: Firm) -> list[tuple[int, int]]:
    """Total, and what is kept of it as credit."""
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(CreditNote).order_by(CreditNote.id))
        return [(note.total_minor, kept_as_credit(session, note).minor) for note in found]


def test_all_of_it_goes_back_the_way_it_came_and_a_note_stands_in_its_place(
    till: Till, firm: Firm, paid_twice: int
) -> None:
    answer = give_back(till, firm, paid_twice, lines_of(till, firm, paid_twice))
    assert answer.status_code == 303
    till.work(firm)
    assert refunds(firm) == [("offline", "bank_transfer", 10000), ("stripe", "stripe", 13580)]
    assert [(each.amount, each.status) for each in at_stripe(till, firm)] == [(13580, "succeeded")]
    assert notes(firm) == [(23580, 0)] and due(firm, paid_twice) == 0
    with job_session(firm.organisation_id) as session:
        told = set(session.scalars(select(Change.subject)))
    assert {"credit_note", "payment", "invoice"} <= told
    page = sign_in(till.browser(), firm, "manager").get(f"/invoices/{paid_twice}").text
    assert "Give money back" not in page


def test_a_part_comes_off_the_card_first(till: Till, firm: Firm, paid_twice: int) -> None:
    lines = dict.fromkeys(lines_of(till, firm, paid_twice), "") | {"line-0": "18.00"}
    assert give_back(till, firm, paid_twice, lines).status_code == 303
    till.work(firm)
    assert refunds(firm) == [("stripe", "stripe", 2160)]  # the line and its tax
    assert notes(firm) == [(2160, 0)] and due(firm, paid_twice) == 0


def test_what_is_left_to_pay_is_lowered_first(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, _ = till.invoice(firm)
    record(firm, [invoice_id], 23000)
    assert due(firm, invoice_id) == 580
    lines = dict.fromkeys(lines_of(till, firm, invoice_id), "") | {"line-0": "18.00"}
    assert give_back(till, firm, invoice_id, lines, back="cash").status_code == 303
    assert refunds(firm) == [("offline", "cash", 2160 - 580)]
    assert notes(firm) == [(2160, 0)] and due(firm, invoice_id) == 0


def test_two_taps_give_back_once(till: Till, firm: Firm, paid_twice: int) -> None:
    lines, form_id = lines_of(till, firm, paid_twice), uuid.uuid4().hex
    answers = at_once(*[lambda: give_back(till, firm, paid_twice, lines, form_id=form_id)] * 3)
    assert [answer.status_code for answer in answers] == [303] * 3
    till.work(firm)
    assert len(at_stripe(till, firm)) == 1 and len(refunds(firm)) == 2 and len(notes(firm)) == 1


def test_two_people_at_once_never_give_back_more_than_came(till: Till, firm: Firm, paid_twice: int) -> None:
    lines = lines_of(till, firm, paid_twice)
    answers = at_once(*[lambda: give_back(till, firm, paid_twice, lines)] * 2)
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    till.work(firm)
    assert sum(minor for *_, minor in refunds(firm)) == 23580 and notes(firm) == [(23580, 0)]


@pytest.mark.failure_mode(29)
def test_a_lost_answer_of_stripe_brings_no_second_refund(till: Till, firm: Firm, paid_twice: int) -> None:
    assert give_back(till, firm, paid_twice, lines_of(till, firm, paid_twice)).status_code == 303
    till.fault("cut_after", "refunds", times=1)
    till.work(firm)
    till.no_faults()
    make_due(firm)
    till.work(firm)
    assert [(each.amount, each.status) for each in at_stripe(till, firm)] == [(13580, "succeeded")]


def test_what_the_card_cannot_take_back_is_the_customers_credit(till: Till, firm: Firm, paid_twice: int) -> None:
    give_back(till, firm, paid_twice, lines_of(till, firm, paid_twice))
    till.work(firm)
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    assert due(firm, paid_twice) == 0 and notes(firm) == [(23580, 0)]
    with job_session(firm.organisation_id) as session:
        uses = unused_credit(session, firm.customer_id, "GBP")
        assert [use.unused for use in uses] == [Money(13580, "GBP")]


def test_money_that_is_on_another_invoice_stays_there(till: Till, firm: Firm) -> None:
    till.connect(firm)
    first, _ = till.invoice(firm)
    second, _ = till.invoice(firm)
    record(firm, [first, second], 23580 + 10000, method="cheque", reference="77")
    assert give_back(till, firm, second, lines_of(till, firm, second), back="cash").status_code == 303
    assert refunds(firm) == [("offline", "cash", 10000)]
    assert (due(firm, first), due(firm, second)) == (0, 0)


def test_without_the_right_to_refund_it_is_not_offered_nor_done(till: Till, firm: Firm, paid_twice: int) -> None:
    with job_session(firm.organisation_id) as session:
        role = session.scalars(select(Role).where(Role.name == "manager")).one()
        role.rights = [right for right in role.rights if right != "refund"]
    client = sign_in(till.browser(), firm, "manager")
    assert "Give money back" not in client.get(f"/invoices/{paid_twice}").text
    assert "Give it back" not in client.get(f"/invoices/{paid_twice}/credit-notes/new?then=refund").text
    assert give_back(till, firm, paid_twice, {"line-0": "18.00"}).status_code == 422
    assert refunds(firm) == [] and notes(firm) == []

"""Money that staff take: booked once, put to the invoices that are due, never to more than was received or is owed."""

import json
import re
import threading
import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from portal.accounting.mirror import sources
from portal.customers.models import Customer
from portal.invoices.actions import discard_draft
from portal.invoices.queries import get_invoice
from portal.messages.models import Message
from portal.payments import queries
from portal.payments.actions import OfflinePayment, Recorded, record_payment
from portal.payments.credits import unused_credit
from portal.payments.models import Payment, PaymentReversal
from portal.payments.rules import CannotRecord, spread
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import here, job_session
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in
from tests.paying import Till, at_once, invoice_row
from tests.portal.embedded.launching import wait_until

WHOLE = 23580
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")


def taken(firm: Firm, invoice_ids: list[int], minor: int = WHOLE, **more: Any) -> OfflinePayment:
    facts: dict[str, Any] = {
        "customer_id": firm.customer_id, "invoice_ids": invoice_ids, "amount": Money(minor, "GBP"), "method": "cash",
        "reference": "", "received_on": clock.today("Europe/London"), "taken_by": firm.people["field_agent"],
        "form_id": uuid.uuid4().hex,
    } | more  # fmt: skip
    return OfflinePayment(**facts)


def record(firm: Firm, invoice_ids: list[int], minor: int = WHOLE, **more: Any) -> Recorded:
    return record_payment(firm.organisation_id, taken(firm, invoice_ids, minor, **more))


def due(firm: Firm, invoice_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return queries.balance_of(session, invoice_id).minor


def post_payment(till: Till, firm: Firm, path: str, role: str = "manager", **typed: str) -> TestResponse:
    client = sign_in(till.browser(), firm, role)
    form = {
        "form_id": uuid.uuid4().hex, "method": "cash", "amount": "235.80",
        "received_on": clock.today("Europe/London").isoformat(),
    } | typed  # fmt: skip
    return post(client, path, dict(form), page="/today", follow_redirects=True)


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def test_cash_at_the_door_pays_the_invoice_and_says_what_to_give_back(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    page = post_payment(till, firm, f"/invoices/{invoice_id}/payments", "field_agent", tendered="240").text
    assert "Give back £4.20" in page and "Paid" in page
    assert due(firm, invoice_id) == 0
    assert till.books(firm).receipts == till.books(firm).payments_for_the_books == 1


def test_the_words_that_travel_with_the_code_say_what_is_left(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    record(firm, [invoice_id], 10000)
    page = sign_in(till.browser(), firm, "manager").get(f"/invoices/{invoice_id}/sending").text
    assert 'data-text="' in page and "INV-00001, £135.80" in page
    assert "235.80" not in page


@pytest.mark.parametrize(
    ("typed", "field"), [
        ({"amount": "0"}, "amount"), ({"amount": "1.005"}, "amount"), ({"amount": "1e9"}, "amount"),
        ({"tendered": "200"}, "tendered"), ({"method": "cheque"}, "reference"), ({"method": "barter"}, "method"),
        ({"received_on": "2999-01-01"}, "received_on"), ({"form_id": ""}, "form_id"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_beside_its_field_and_nothing_is_booked(
    till: Till, firm: Firm, typed: dict[str, str], field: str
) -> None:
    invoice_id, _ = till.invoice(firm)
    answer = post_payment(till, firm, f"/invoices/{invoice_id}/payments", **typed)
    assert answer.status_code == 422 and f'href="#f-{field}"' in answer.text
    assert till.books(firm).payments == 0


def test_a_wrong_amount_beside_an_invoice_keeps_what_was_typed(till: Till, firm: Firm) -> None:
    first, second = till.invoice(firm)[0], till.invoice(firm)[0]
    path = f"/customers/{firm.customer_id}/payments"
    answer = post_payment(till, firm, path, amount="300", **{f"part_{first}": "300", f"part_{second}": ""})
    assert answer.status_code == 422 and f'href="#f-part_{first}"' in answer.text and 'value="300"' in answer.text
    assert till.books(firm).payments == 0


def test_two_taps_are_one_payment(till: Till, firm: Firm) -> None:
    wish = taken(firm, [till.invoice(firm)[0]])
    answers = at_once(*(lambda: record_payment(firm.organisation_id, wish) for _ in range(4)))
    assert sorted(answer.is_new for answer in answers) == [False, False, False, True]
    assert till.books(firm).payments == till.books(firm).receipts == 1


def test_a_used_form_with_another_amount_says_so_and_is_a_fresh_one(till: Till, firm: Firm) -> None:
    """As after the browser's way back."""
    path = f"/customers/{firm.customer_id}/payments"
    post_payment(till, firm, path, amount="10", form_id="used", rest="1000-0")
    again = post_payment(till, firm, path, amount="1000", form_id="used")
    assert again.status_code == 422 and "This form was used already: £10.00 is recorded, receipt R-00001" in again.text
    assert 'value="1000"' in again.text and 'value="used"' not in again.text
    fresh = re.findall(r'name="form_id" value="(\w+)"', again.text)[0]
    assert "£1,000.00 recorded" in post_payment(till, firm, path, amount="1000", form_id=fresh, rest="100000-0").text
    assert till.books(firm).received == 101000


def test_two_people_at_once_never_pay_an_invoice_twice_over(till: Till, firm: Firm) -> None:
    """In whatever order each names the invoices."""
    one, two = till.invoice(firm)[0], till.invoice(firm)[0]
    at_once(lambda: record(firm, [one, two], 40000), lambda: record(firm, [two, one], 40000))
    assert (due(firm, one), due(firm, two)) == (0, 0)
    books = till.books(firm)
    assert (books.received, books.allocated) == (80000, 2 * WHOLE)


def test_the_open_page_at_stripe_is_closed_first(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    record(firm, [sent[0]], 10000)
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert due(firm, sent[0]) == 13580


def test_money_that_came_by_card_meanwhile_makes_the_cash_a_credit(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    till.events("drop")
    till.pay(sent[1])
    assert record(firm, [sent[0]]).surplus == Money(WHOLE, "GBP")
    assert (till.books(firm).received, till.books(firm).allocated) == (2 * WHOLE, WHOLE)


def test_with_stripe_away_nothing_is_recorded(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    till.fault("error_500", "expire")
    answer = post_payment(till, firm, f"/invoices/{sent[0]}/payments")
    assert answer.status_code == 422 and "could still pay" in answer.text
    assert till.books(firm).payments == 0


def test_a_draft_is_sent_and_paid_in_one_step(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        draft = make_invoice(session, firm, sent=False)
    page = post_payment(till, firm, f"/invoices/{draft.id}/payments", method="cheque", reference="004512").text
    assert "Sent as INV-00001" in page and "Cheque 004512" in page
    assert (invoice_row(firm, draft.id).status, due(firm, draft.id)) == ("sent", 0)


@pytest.mark.parametrize(
    ("minor", "told"), [(WHOLE, "It is settled: there is nothing to pay."), (10000, "£135.80")]
)  # fmt: skip
def test_the_mail_of_a_draft_asks_for_nothing_that_is_paid(till: Till, firm: Firm, minor: int, told: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).email = "rita@maple.example"
        draft = make_invoice(session, firm, sent=False)
    record(firm, [draft.id], minor)
    with job_session(firm.organisation_id) as session:
        mails = session.scalars(select(Message).order_by(Message.id)).all()
        assert [mail.kind for mail in mails] == ["invoice", "receipt"]
        mail = here().settings.vault.open(mails[0].body_sealed, organisation_id=firm.organisation_id, purpose="message")
    assert told in json.loads(mail)["text"] and "£235.80" not in json.loads(mail)["text"]


def test_no_mail_goes_out_for_a_draft_whose_address_was_emptied(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).email = "rita@maple.example"
        job = make_work_order(session, firm)
        page, lines = f"/work-orders/{job.id}/invoices", [str(line.id) for line in job.lines]
        session.commit()
    office = sign_in(till.browser(), firm, "manager")
    kept = post(office, page, {"line": lines, "email": "", "then": "draft"}, page=f"{page}/new")
    record(firm, [int(kept.headers["Location"].rpartition("/")[2])])
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Message.kind)).all() == []


def test_a_draft_thrown_away_meanwhile_takes_no_payment_and_says_so(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        draft_id = make_invoice(session, firm, sent=False).id
    answers: list[TestResponse] = []
    recording = threading.Thread(
        target=lambda: answers.append(post_payment(till, firm, f"/invoices/{draft_id}/payments"))
    )
    with job_session(firm.organisation_id) as session:
        draft = get_invoice(session, draft_id, lock=True)
        recording.start()
        wait_until(lambda: session.execute(WAITS).scalar_one(), what="the payment waits for the draft")
        discard_draft(session, draft)
    recording.join()
    assert answers[0].status_code == 200
    assert "This draft was thrown away in the meantime, so nothing was recorded." in answers[0].text
    assert till.books(firm).payments == 0


def test_one_payment_pays_the_oldest_invoice_first(till: Till, firm: Firm) -> None:
    ids = [till.invoice(firm)[0] for _ in range(3)]
    post_payment(till, firm, f"/customers/{firm.customer_id}/payments", amount="300")
    assert [due(firm, invoice_id) for invoice_id in ids] == [0, 17160, WHOLE]
    assert till.books(firm).receipts == 1


def test_who_owes_nothing_may_still_pay_ahead(till: Till, firm: Firm) -> None:
    page = sign_in(till.browser(), firm, "manager").get(f"/customers/{firm.customer_id}/payments/new").text
    assert "Nothing is open: what you record here stays the customer" in page
    assert 'name="amount" type="text" value=""' in page


def test_what_is_left_over_is_credit_that_pays_another_invoice(till: Till, firm: Firm) -> None:
    first = till.invoice(firm)[0]
    record(firm, [first], 30000)
    second = till.invoice(firm)[0]
    client = sign_in(till.browser(), firm, "field_agent")
    assert "£64.20 credit" in client.get(f"/invoices/{second}/payments/new").text
    for _ in range(2):  # the second tap finds nothing left
        answer = post(client, f"/invoices/{second}/credit-use", {}, page="/today", follow_redirects=True)
    assert "no credit left" in answer.text
    assert due(firm, second) == WHOLE - 6420
    assert till.books(firm).allocated == 30000


def test_a_reversal_opens_what_was_paid_and_keeps_both_rows(till: Till, firm: Firm) -> None:
    invoice_id = till.invoice(firm)[0]
    made = record(firm, [invoice_id], 30000)
    client = sign_in(till.browser(), firm, "manager")
    path = f"/payments/{made.payment_id}/reversal"
    assert post(client, path, {"reason": ""}).status_code == 422
    for _ in range(2):
        page = post(client, path, {"reason": "entered twice"}, follow_redirects=True).text
    assert "Reversed" in page and "entered twice" in page
    assert "0 payments" in client.get("/board").text
    assert due(firm, invoice_id) == WHOLE
    with job_session(firm.organisation_id) as session:
        assert len(session.scalars(select(PaymentReversal)).all()) == len(session.scalars(select(Payment)).all()) == 1
        assert unused_credit(session, firm.customer_id, "GBP") == []


def test_a_card_payment_is_not_reversed(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.pay(sent[1])
    till.work(firm)
    client = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        card = session.scalars(select(Payment)).one()
    answer = post(client, f"/payments/{card.id}/reversal", {"reason": "x"})
    assert answer.status_code == 422 and "refund" in answer.text
    assert due(firm, sent[0]) == 0


def test_the_database_itself_refuses_more_than_was_received(till: Till, firm: Firm) -> None:
    invoice_id = till.invoice(firm)[0]
    made = record(firm, [invoice_id], 5000)
    with pytest.raises(Exception, match="more of payment"), job_session(firm.organisation_id) as session:
        session.execute(
            text("INSERT INTO allocations (organisation_id, payment_id, invoice_id, amount_minor, currency)"
                 " VALUES (:of, :payment, :invoice, 1, 'GBP')"),
            {"of": firm.organisation_id, "payment": made.payment_id, "invoice": invoice_id},
        )  # fmt: skip


def test_another_customers_invoice_is_refused(till: Till, firm: Firm) -> None:
    from tests.builders import make_customer

    with job_session(firm.organisation_id) as session:
        other = make_customer(session, firm.organisation_id, "Harbour Flats").id
    with pytest.raises(CannotRecord):
        record(firm, [till.invoice(firm)[0]], customer_id=other)


def test_the_books_hear_of_the_way_and_of_every_invoice(till: Till, firm: Firm) -> None:
    ids = [till.invoice(firm)[0] for _ in range(2)]
    made = record(firm, ids, 30000, method="bank_transfer", reference="MAPLE 7", received_on=date(2026, 3, 2))
    with job_session(firm.organisation_id) as session:
        source = sources.read(session, "payment", made.payment_id)
        assert source is not None
        payload = source.build(lambda module, local_id: f"{module}-{local_id}", source.name, {})
        assert [get_invoice(session, each).number for each in source.invoice_ids] == ["INV-00001", "INV-00002"]
    assert payload["payment_mode"] == "banktransfer" and "MAPLE 7" in payload["description"]
    assert [str(part["amount_applied"]) for part in payload["invoices"]] == ["235.80", "64.20"]


POUNDS = [(1, Money(100, "GBP")), (2, Money(50, "GBP"))]


@pytest.mark.parametrize(
    ("received", "typed", "parts"), [
        (0, {}, {}), (1, {}, {1: 1}), (100, {}, {1: 100}), (120, {}, {1: 100, 2: 20}), (999, {}, {1: 100, 2: 50}),
        (120, {2: 50}, {2: 50}), (60, {1: 10, 2: 50}, {1: 10, 2: 50}),
    ],
)  # fmt: skip
def test_a_payment_is_spread(received: int, typed: dict[int, int], parts: dict[int, int]) -> None:
    wanted = {invoice: Money(minor, "GBP") for invoice, minor in typed.items()}
    found = spread(Money(received, "GBP"), POUNDS, wanted)
    assert {invoice: part.minor for invoice, part in found.items()} == parts


@pytest.mark.parametrize(("received", "typed", "field"), [(120, {2: 51}, "part_2"), (60, {1: 20, 2: 50}, "part_2")])
def test_more_than_is_due_or_there_is_refused(received: int, typed: dict[int, int], field: str) -> None:
    with pytest.raises(CannotRecord) as refused:
        spread(
            Money(received, "GBP"), POUNDS, {invoice: Money(minor, "GBP") for invoice, minor in typed.items()}
        )  # fmt: skip
    assert refused.value.field == field

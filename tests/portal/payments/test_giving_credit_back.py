"""What a credit note left with the customer pays another invoice, or goes back: by hand or to the card, once."""

import uuid

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.invoices.credit_notes.queries import get_credit_note, kept_as_credit
from portal.invoices.queries import get_invoice
from portal.payments.cash.queries import purse_of
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, post, sign_in
from tests.paying import Till, at_once
from tests.portal.payments.test_recording import due, record
from tests.portal.payments.test_refunding import at_stripe


def keep(firm: Firm, invoice_id: int, share: str = "0.5") -> int:
    """A note of which all stays the customer's credit."""
    with job_session(firm.organisation_id) as session:
        return make_credit_note(session, firm, get_invoice(session, invoice_id), share=share, keep=True).id


@pytest.fixture
def kept(till: Till, firm: Firm) -> tuple[int, int]:
    """(note of 117.90, its invoice), paid in cash by the technician."""
    invoice_id, _ = till.invoice(firm)
    record(firm, [invoice_id])
    return keep(firm, invoice_id), invoice_id


@pytest.fixture
def kept_of_card(till: Till, firm: Firm) -> tuple[int, int]:
    """The same of one that was paid by card."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    return keep(firm, invoice_id), invoice_id


def give_back(till: Till, firm: Firm, note_id: int, role: str = "manager", **typed: str) -> TestResponse:
    client = sign_in(till.browser(), firm, role)
    form = {"amount": "50", "way": "cash", "reason": "wants no credit", "form_id": uuid.uuid4().hex} | typed
    return post(client, f"/credit-notes/{note_id}/refunds", dict(form), page="/today")


def left_of(firm: Firm, note_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return kept_as_credit(session, get_credit_note(session, note_id)).minor


def test_credit_goes_back_in_cash_out_of_the_purse_and_is_told(till: Till, firm: Firm, kept: tuple[int, int]) -> None:
    note_id, invoice_id = kept
    other, _ = till.invoice(firm)
    record(firm, [other], 3000, taken_by=firm.people["manager"])
    assert give_back(till, firm, note_id).status_code == 303
    assert left_of(firm, note_id) == 11790 - 5000 and due(firm, invoice_id) == 0
    with job_session(firm.organisation_id) as session:
        assert purse_of(session, "GBP", firm.people["manager"]).held.minor == -2000  # out of their own pocket
        told = text("SELECT record FROM audit_entries WHERE action = 'credit given back' AND person_id = :by")
        assert sorted(session.scalars(told, {"by": firm.people["manager"]})) == ["credit_note", "invoice"]
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/credit-notes/{note_id}").text
    assert "Given back in cash" in page and "£67.90" in page and "wants no credit" in page
    rows = client.get("/credit-notes?state=kept").text
    assert 0 < rows.index("67.90") < rows.index("117.90")  # what is left stands first, where it is looked for


def test_the_same_form_twice_gives_back_once(till: Till, firm: Firm, kept: tuple[int, int]) -> None:
    form_id = uuid.uuid4().hex
    assert {give_back(till, firm, kept[0], form_id=form_id).status_code for _ in range(2)} == {303}
    assert left_of(firm, kept[0]) == 11790 - 5000


@pytest.mark.parametrize(
    ("typed", "field"), [
        ({"amount": "117.91"}, "amount"), ({"amount": "0"}, "amount"), ({"amount": "1.005"}, "amount"),
        ({"reason": ""}, "reason"), ({"way": "gold"}, "way"), ({"way": "stripe"}, "way"),
    ],
)  # fmt: skip
def test_more_than_is_left_or_another_way_is_refused_beside_its_field(
    till: Till, firm: Firm, kept: tuple[int, int], typed: dict[str, str], field: str
) -> None:
    answer = give_back(till, firm, kept[0], **typed)
    assert answer.status_code == 422 and f'href="#f-{field}"' in answer.text
    assert left_of(firm, kept[0]) == 11790


def test_two_at_once_give_back_no_more_than_is_left(till: Till, firm: Firm, kept: tuple[int, int]) -> None:
    codes = at_once(*[lambda: give_back(till, firm, kept[0], amount="117.90").status_code] * 2)
    assert sorted(codes) == [303, 422] and left_of(firm, kept[0]) == 0


def test_the_database_refuses_more_than_a_note_is_worth(till: Till, firm: Firm, kept: tuple[int, int]) -> None:
    with pytest.raises(Exception, match="more of credit note"), job_session(firm.organisation_id) as session:
        session.execute(
            text("INSERT INTO credit_refunds (organisation_id, credit_note_id, amount_minor, currency, way, reason,"
                 " refunded_by, form_id) VALUES (:of, :note, 11791, 'GBP', 'cash', 'x', :by, 'x')"),
            {"of": firm.organisation_id, "note": kept[0], "by": firm.people["manager"]},
        )  # fmt: skip


def test_who_still_owes_on_the_invoice_is_told_to_put_the_credit_there(till: Till, firm: Firm) -> None:
    note_id = keep(firm, till.invoice(firm)[0])
    answer = give_back(till, firm, note_id)
    assert answer.status_code == 422 and "put the credit to it first" in answer.text
    assert left_of(firm, note_id) == 11790


def test_without_the_right_nothing_goes_back(till: Till, firm: Firm, kept: tuple[int, int]) -> None:
    assert give_back(till, firm, kept[0], "field_agent").status_code == 403
    page = sign_in(till.browser(), firm, "field_agent").get(f"/credit-notes/{kept[0]}").text
    assert "Give the credit back" not in page and left_of(firm, kept[0]) == 11790


def test_credit_goes_to_the_card_that_paid_and_the_note_stands_in_its_place(
    till: Till, firm: Firm, kept_of_card: tuple[int, int]
) -> None:
    note_id, invoice_id = kept_of_card
    form_id = uuid.uuid4().hex
    for _ in range(2):
        assert give_back(till, firm, note_id, way="stripe", amount="100", form_id=form_id).status_code == 303
    till.work(firm)
    assert [(each.amount, each.status) for each in at_stripe(till, firm)] == [(10000, "succeeded")]
    assert left_of(firm, note_id) == 1790 and due(firm, invoice_id) == 0


def test_kept_credit_is_offered_where_a_payment_is_recorded_and_pays_the_invoice(
    till: Till, firm: Firm, kept: tuple[int, int]
) -> None:
    other, _ = till.invoice(firm)
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/invoices/{other}/payments/new").text
    assert "This customer has £117.90 credit." in page and f'href="/credit-notes/{kept[0]}"' in page
    assert "£117.90" in client.get(f"/customers/{firm.customer_id}/payments/new").text
    post(client, f"/invoices/{other}/credit-use", {}, page="/today")
    assert due(firm, other) == 23580 - 11790 and left_of(firm, kept[0]) == 0
    assert "credit." not in client.get(f"/invoices/{other}/payments/new").text


def test_what_was_received_too_much_is_used_before_what_a_note_left(
    till: Till, firm: Firm, kept: tuple[int, int]
) -> None:
    record(firm, [till.invoice(firm)[0]], 33580)
    other, _ = till.invoice(firm)
    post(sign_in(till.browser(), firm, "manager"), f"/invoices/{other}/credit-use", {}, page="/today")
    assert due(firm, other) == 23580 - 10000 - 11790 and left_of(firm, kept[0]) == 0


@pytest.mark.parametrize("way", ["cash", "stripe"])
def test_the_same_form_with_another_amount_is_told_not_done(
    till: Till, firm: Firm, kept_of_card: tuple[int, int], way: str
) -> None:
    note_id, form_id = kept_of_card[0], uuid.uuid4().hex
    assert give_back(till, firm, note_id, way=way, form_id=form_id).status_code == 303
    again = give_back(till, firm, note_id, way=way, form_id=form_id, amount="60")
    assert again.status_code == 422 and "£50.00 was given back" in again.text and form_id not in again.text
    assert left_of(firm, note_id) == 11790 - 5000

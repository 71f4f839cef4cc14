"""A slip of the finger, or a form that stood open while the customer paid, is asked about once before it counts."""

import re
import uuid

import pytest
from werkzeug.test import TestResponse

from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_work_order, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import due, record


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def send(till: Till, firm: Firm, path: str, **typed: str) -> TestResponse:
    form = {
        "form_id": uuid.uuid4().hex, "method": "cash", "amount": "235.80",
        "received_on": clock.today("Europe/London").isoformat(),
    } | typed  # fmt: skip
    return post(sign_in(till.browser(), firm, "manager"), path, form, page="/today")


def ticked(answer: TestResponse) -> dict[str, str]:
    """What the page that came back offers to tick."""
    assert answer.status_code == 422 and "data-mistakes" in answer.text
    return dict(re.findall(r'type="checkbox" id="f-\w+" name="(\w+)" value="([^"]+)"', answer.text))


def test_what_the_customer_paid_meanwhile_is_not_taken_again_unasked(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    path = f"/invoices/{sent[0]}/payments"
    record(firm, [sent[0]], 5400)
    asked = send(till, firm, path)
    assert "Only £181.80 is to pay now, and £235.80 is written here" in asked.text and "£54.00 stays" in asked.text
    assert 'value="235.80"' in asked.text and due(firm, sent[0]) == 18180
    answer = ticked(asked)
    assert list(answer) == ["rest"]
    again = send(till, firm, path, amount="99999999", **answer)  # the tick was for other sums
    assert (
        "£99,999,999.00 is written here" in again.text and " checked" not in again.text.partition('name="rest"')[2][:40]
    )
    assert ticked(again) != answer and due(firm, sent[0]) == 18180
    done = send(till, firm, path, **answer)
    assert done.status_code == 303 and done.headers["X-Receipt"] and due(firm, sent[0]) == 0


def test_with_nothing_left_to_pay_it_is_asked_too(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    record(firm, [sent[0]])
    asked = send(till, firm, f"/customers/{firm.customer_id}/payments")
    assert "Nothing is to pay now" in asked.text and list(ticked(asked)) == ["rest"]


@pytest.mark.parametrize(("method", "said"), [("cheque", "Cheque 4711"), ("terminal", "Card terminal, slip 4711")])
def test_two_people_who_record_the_same_paper_are_asked(till: Till, firm: Firm, method: str, said: str) -> None:
    first, second = till.invoice(firm)[0], till.invoice(firm)[0]
    paper = {"method": method, "reference": "4711"}
    assert send(till, firm, f"/invoices/{first}/payments", **paper).status_code == 303
    asked = send(till, firm, f"/invoices/{second}/payments", **paper)
    assert f"{said} is recorded already" in asked.text and list(ticked(asked)) == ["another"]
    assert send(till, firm, f"/invoices/{second}/payments", **paper, **ticked(asked)).status_code == 303


def test_the_same_reference_is_asked_about_once_and_the_first_answer_stays(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    first, second = sent[0], till.invoice(firm)[0]
    transfer = {"method": "bank_transfer", "reference": "TRF-1"}
    assert send(till, firm, f"/invoices/{first}/payments", **transfer).status_code == 303
    more = transfer | {"amount": "300"}
    path = f"/invoices/{second}/payments"
    rest = ticked(send(till, firm, path, **more))
    asked = send(till, firm, path, **more, **rest)
    assert "Bank transfer, TRF-1 is recorded already: £235.80, receipt R-00001" in asked.text
    both = ticked(asked)
    assert set(both) == {"rest", "another"} and both["rest"] == rest["rest"]
    assert send(till, firm, path, **more, **both).status_code == 303 and due(firm, second) == 0


def test_a_deposits_reference_is_asked_about_and_its_amount_is_not(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        path = f"/work-orders/{make_work_order(session, firm).id}/deposits"
    cheque = {"method": "cheque", "reference": "0042", "amount": "50"}
    assert send(till, firm, path, **cheque).status_code == 303
    asked = send(till, firm, path, **cheque)
    assert list(ticked(asked)) == ["another"] and "Cheque 0042 is recorded already" in asked.text
    assert send(till, firm, path, **cheque, **ticked(asked)).status_code == 303

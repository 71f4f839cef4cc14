"""A receipt on an invoice's page tells where the whole payment is: what it paid here, what is kept, what went back."""

import re

import pytest

from portal.customers.models import Customer
from portal.invoices.queries import get_invoice
from portal.payments.actions import apply_credit, plan_refund
from portal.payments.received import received_on
from portal.shared.money import Money
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order, pay_address
from tests.paying import Till
from tests.portal.payments.test_deposits import TOTAL, take
from tests.portal.payments.test_recording import record

DEPOSIT = 30000


@pytest.fixture
def billed(firm: Firm) -> tuple[int, int, str]:
    """A deposit of more than the job came to: the payment, the invoice that it paid, and the path of its link."""
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm).id
    payment_id = take(firm, job_id, DEPOSIT)
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm, work_order=get_work_order(session, job_id, firm.viewer()))
        invoice_id, path = invoice.id, pay_address(session, invoice)
    return payment_id, invoice_id, path


def give_back(firm: Firm, payment_id: int, minor: int, way: str = "cash") -> None:
    with job_session(firm.organisation_id) as session:
        plan_refund(
            session, payment_id, Money(minor, "GBP"), way=way, reason="Asked for", by=firm.people["manager"],
            form_id=f"r{minor}",
        )  # fmt: skip


def said(till: Till, path: str) -> dict[str, str]:
    """What the page's receipt says, row by row."""
    rows = re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", till.get(path).text, re.DOTALL)
    return {label: re.sub(r"<[^>]+>", "", value).strip() for label, value in rows}


def test_what_a_deposit_left_over_is_said_to_be_kept(till: Till, billed: tuple[int, int, str]) -> None:
    rows = said(till, billed[2])
    assert (rows["Received"], rows["For this invoice"], rows["Kept for you"]) == ("£300.00", "£235.80", "£64.20")
    assert "The rest" not in rows


def test_what_was_not_more_than_asked_is_one_sum(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    record(firm, [invoice_id], TOTAL)
    rows = said(till, path)
    assert rows["Received"] == "£235.80" and not {"For this invoice", "Kept for you", "The rest"} & set(rows)


def test_of_what_went_to_another_invoice_no_sum_is_told(till: Till, firm: Firm, billed: tuple[int, int, str]) -> None:
    other_id, other = till.invoice(firm)
    assert apply_credit(firm.organisation_id, other_id).minor == DEPOSIT - TOTAL
    rows = said(till, billed[2])
    assert (rows["For this invoice"], rows["The rest"]) == ("£235.80", "For other invoices") and "Received" not in rows
    page = till.get(billed[2]).text
    with job_session(firm.organisation_id) as session:
        number = get_invoice(session, other_id).number
    assert not [each for each in ("300.00", "64.20", str(number)) if each in page]
    assert "235.80" in page and "300.00" not in till.get(other).text


def test_what_was_kept_and_went_back_is_said_with_its_way(till: Till, firm: Firm, billed: tuple[int, int, str]) -> None:
    give_back(firm, billed[0], 5000)
    rows = said(till, billed[2])
    assert (rows["Received"], rows["For this invoice"], rows["Kept for you"]) == ("£300.00", "£235.80", "£14.20")
    assert rows["Given back in cash"] == "£50.00"


@pytest.mark.parametrize("minor", [1, 6420, 6421, DEPOSIT])
def test_the_parts_are_the_payment(firm: Firm, billed: tuple[int, int, str], minor: int) -> None:
    give_back(firm, billed[0], minor)
    with job_session(firm.organisation_id) as session:
        [each] = received_on(session, [billed[1]])
    back = sum(gone.all_of_it.minor for gone in each.went)
    assert back == minor and each.stays.minor + each.kept.minor + back == DEPOSIT


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_it_is_said_in_the_customers_language(
    till: Till, firm: Firm, billed: tuple[int, int, str], code: str
) -> None:  # fmt: skip
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = code
    rows, words = said(till, billed[2]), LANGUAGES[code].words
    assert "64" in rows[words["kept_for_you"]] and "235" in rows[words["for_this_invoice"]]

"""The manager's list of payments."""

import pytest
from sqlalchemy import event

from portal.payments.actions import plan_refund
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import here, job_session
from tests.builders import Firm, sign_in
from tests.paying import Till
from tests.portal.pay_page.test_tips import pay, take_tips
from tests.portal.payments.test_recording import record


@pytest.fixture
def paid(till: Till, firm: Firm) -> Firm:
    till.connect(firm)
    till.pay(till.invoice(firm)[1])
    till.work(firm)
    return firm


def test_a_manager_sees_who_paid_what(till: Till, paid: Firm) -> None:
    page = sign_in(till.browser(), paid, "manager").get("/payments").text
    for words in ("Maple Dental Practice", "R-00001", "INV-00001", "£235.80", "Visa ending 4242"):
        assert words in page


def test_others_do_not(till: Till, paid: Firm, other_firm: Firm) -> None:
    assert till.browser().get("/payments").status_code == 303
    assert sign_in(till.browser(), paid, "field_agent").get("/payments").status_code == 403
    assert "R-00001" not in sign_in(till.browser(), other_firm, "manager").get("/payments").text


def test_the_list_costs_the_same_however_long_it_is(till: Till, paid: Firm) -> None:
    client = sign_in(till.browser(), paid, "manager")
    few = _statements(lambda: client.get("/payments"))
    _add_payments(paid, 60)
    many = _statements(lambda: client.get("/payments"))
    assert few == many <= 12
    page = client.get("/payments").text
    assert page.count("R-9") == 50 and "before=" in page
    assert client.get("/payments?before=" + "9" * 30).status_code == 200


def test_the_list_shows_all_that_came_and_every_invoice_it_was_for(till: Till, firm: Firm) -> None:
    """The tip too, and an invoice that lost its part again."""
    till.connect(firm)
    take_tips(firm)
    ids = [till.invoice(firm)[0] for _ in range(2)]
    made = record(firm, ids, 2 * 23580)
    pay(till, firm, till.invoice(firm)[1], tip="10")
    with job_session(firm.organisation_id) as session:
        amount = Money(23580, "GBP")
        plan_refund(session, made.payment_id, amount, way="cash", reason="too dear", by=None, form_id=None)
    page = sign_in(till.browser(), firm, "manager").get("/payments").text
    assert "£259.38" in page and "INV-00001" in page and "INV-00002" in page


def _add_payments(firm: Firm, how_many: int) -> None:
    with job_session(firm.organisation_id) as session:
        session.add_all(
            Payment(
                organisation_id=firm.organisation_id, number=f"R-9{n:04d}", customer_id=firm.customer_id,
                method="card", amount_minor=100, currency="GBP", received_on=clock.now().date(), provider="stripe",
                provider_payment_id=f"pi_{n}",
            )
            for n in range(how_many)
        )  # fmt: skip


def _statements(deed: object) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(here().engine, "before_cursor_execute", note)
    try:
        assert deed().status_code == 200  # type: ignore[operator]
    finally:
        event.remove(here().engine, "before_cursor_execute", note)
    return len(seen)


def test_who_shows_the_code_of_a_tiny_invoice_is_told_how_else_to_take_it(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, _ = till.invoice(firm)
    client, code = sign_in(till.browser(), firm, "manager"), f"/invoices/{invoice_id}/sending"
    assert "A card payment is" not in client.get(code).text
    record(firm, [invoice_id], 23580 - 29)
    assert "A card payment is 0.30 GBP at least. Take it in cash or by bank transfer." in client.get(code).text

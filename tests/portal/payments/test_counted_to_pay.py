"""Recording a payment of a customer: what nobody is asked for is not to pay, and is paid where somebody says so."""

import uuid

import pytest

from portal.invoices import holds
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import WHOLE, due, post_payment


@pytest.fixture
def both(firm: Firm) -> tuple[int, int]:
    """The oldest is held, as a bank took its money and nobody has said what follows; the other is to pay."""
    with job_session(firm.organisation_id) as session:
        ids = make_invoice(session, firm).id, make_invoice(session, firm).id
        holds.hold(session, firm.organisation_id, ids[0], "The bank took it", kind=holds.BACK, lost_minor=WHOLE)
    return ids


def form_of(till: Till, firm: Firm) -> str:
    return sign_in(till.browser(), firm, "manager").get(f"/customers/{firm.customer_id}/payments/new").text


def test_the_form_counts_and_offers_what_the_customer_is_asked_for(
    till: Till, firm: Firm, both: tuple[int, int]
) -> None:
    page = form_of(till, firm)
    assert "£235.80 to pay · £235.80 that nobody is asked for now" in page
    assert 'value="235.80"' in page and "£471.60" not in page
    assert "£235.80 open. Nobody is asked for it until it is decided what follows" in page


def test_what_comes_in_pays_that_although_it_is_not_the_oldest(till: Till, firm: Firm, both: tuple[int, int]) -> None:
    path = f"/customers/{firm.customer_id}/payments"
    assert "receipt R-00001" in post_payment(till, firm, path).text
    assert (due(firm, both[0]), due(firm, both[1])) == (WHOLE, 0)
    more = post_payment(till, firm, path, amount="10.00")
    assert "Nothing is to pay now" in more.text and more.status_code == 422


def test_written_beside_it_the_money_pays_what_is_held(till: Till, firm: Firm, both: tuple[int, int]) -> None:
    path = f"/customers/{firm.customer_id}/payments"
    parts = {f"part_{both[0]}": "100", f"part_{both[1]}": "135.80"}
    assert "receipt R-00001" in post_payment(till, firm, path, **parts).text
    assert (due(firm, both[0]), due(firm, both[1])) == (WHOLE - 10000, 10000)


def test_where_all_of_it_is_held_the_form_says_where_money_goes(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        only = make_invoice(session, firm)
        holds.hold(session, firm.organisation_id, only.id, "The books have another amount")
    page = form_of(till, firm)
    assert "Nobody is asked for what is open" in page and f'name="part_{only.id}"' in page
    form = {
        "form_id": uuid.uuid4().hex, "method": "cash", "amount": "20", f"part_{only.id}": "20",
        "received_on": clock.today("Europe/London").isoformat(),
    }  # fmt: skip
    client = sign_in(till.browser(), firm, "manager")
    assert post(client, f"/customers/{firm.customer_id}/payments", dict(form)).status_code == 303
    assert due(firm, only.id) == WHOLE - 2000

"""The form that asks a customer to pay several invoices together: what staff should know before they send it."""

from portal.invoices import holds
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, sign_in
from tests.paying import Till


def form_of(till: Till, firm: Firm) -> str:
    return sign_in(till.browser(), firm, "manager").get(f"/customers/{firm.customer_id}/together").text


def test_credit_that_the_customer_is_told_of_is_told_to_staff_first(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        make_invoice(session, firm)
    assert "credit" not in form_of(till, firm).partition("<main")[2]
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, share="0.5", keep=True)
    page = form_of(till, firm)
    assert "This customer has £117.90 credit." in page and "under <em>Record payment</em>" in page


def test_where_nobody_is_asked_for_what_is_open_it_does_not_say_that_nothing_is(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        holds.hold(session, firm.organisation_id, make_invoice(session, firm).id, "The bank took it", kind=holds.BACK)
    page = form_of(till, firm)
    assert "nothing to pay" not in page and "nothing that this customer can be asked for now" in page

"""Sums that a person can add up again: on a receipt, on the board, in the list of payments."""

from sqlalchemy import select

from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.payments.papers import receipt_shown
from portal.shared.running import job_session
from tests.builders import Firm, sign_in
from tests.paying import Till
from tests.portal.payments.test_giving_tips_back import TIP, ask_back, tipped
from tests.portal.payments.test_recording import WHOLE, record

__all__ = ["tipped"]


def test_a_receipt_tells_what_was_kept_as_credit(till: Till, firm: Firm) -> None:
    made = record(firm, [till.invoice(firm)[0]], 30000)
    with job_session(firm.organisation_id) as session:
        payment = session.get_one(Payment, made.payment_id)
        facts = receipt_shown(session, session.scalars(select(Organisation)).one(), payment, "en")
    assert [line["total"] for line in facts["lines"]] == ["235.80"]
    assert facts["sums"] == [["Kept as your credit", "£64.20"]] and facts["total"] == "£300.00"


def test_what_was_paid_this_week_is_without_what_went_back(till: Till, firm: Firm, tipped: tuple[int, int]) -> None:
    client = sign_in(till.browser(), firm, "manager")
    assert f"£{(WHOLE + TIP) / 100:.2f}" in client.get("/board").text
    assert ask_back(till, firm, tipped[0], amount="35.80", tip="3.58") == 303
    assert "£220.00" in client.get("/board").text
    page = client.get("/payments?week=this").text
    assert "£259.38" in page and "£39.38 went back" in page

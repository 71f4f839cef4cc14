"""Writing off what nobody will pay: asked for no more, told everywhere, and taken back with one tap."""

import pytest

from portal.invoices.queries import get_invoice, sums_by_state
from portal.invoices.write_offs import CannotWriteOff
from portal.organisations.audit import timeline
from portal.payments.actions import write_off_invoice
from portal.payments.rules import PaymentUnderWay
from portal.reminders.queries import is_still_open
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, invoice_row, take_cash


def told(firm: Firm, invoice_id: int) -> tuple[int, bool, list[str]]:
    """How many invoices the board counts as to come in, whether it is reminded of, and its timeline's newest words."""
    with job_session(firm.organisation_id) as session:
        sums = sums_by_state(session, "GBP", clock.today("Europe/London"))
        words = [each.words for each in timeline(session, "invoice", invoice_id)]
        count = sum(each.count for each in sums.values())
        return count, is_still_open(session, invoice_id), [each for each in words if "rite" in each or "ritten" in each]


def test_a_manager_writes_off_the_rest_and_takes_it_back(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    take_cash(firm, invoice_id, 10000)
    till.begin(path)
    client, page = sign_in(till.browser(), firm, "manager"), f"/invoices/{invoice_id}"
    refused = post(client, f"{page}/write-off", {"reason": " "}, page=page, follow_redirects=True)
    assert "Enter a reason" in refused.text and invoice_row(firm, invoice_id).status == "sent"
    shown = post(client, f"{page}/write-off", {"reason": "Bankrupt"}, page=page, follow_redirects=True)
    assert "£135.80: Bankrupt" in shown.text and "Record payment" not in shown.text
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert "This invoice is closed" in till.get(path).text
    assert told(firm, invoice_id) == (0, False, ["£135.80 written off: Bankrupt"])
    assert "INV" in client.get("/invoices?state=written_off").text
    shown = post(client, f"{page}/write-off/taking-back", {}, page=page, follow_redirects=True)
    assert "Record payment" in shown.text and "/attempts" in till.get(path).text
    assert told(firm, invoice_id)[:2] == (1, True)


def test_nothing_is_given_up_while_a_bank_pays_or_after_it_has(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    invoice_id, path = till.invoice(firm)
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    with pytest.raises(PaymentUnderWay):
        write_off_invoice(firm.organisation_id, invoice_id, "Bankrupt")
    paid, _ = till.invoice(firm)
    with job_session(firm.organisation_id) as session:
        total = get_invoice(session, paid).total_minor
    take_cash(firm, paid, total)
    with pytest.raises(CannotWriteOff):
        write_off_invoice(firm.organisation_id, paid, "Bankrupt")

"""Writing off what nobody will pay: asked for no more, told everywhere, and taken back with one tap."""

import pytest
from sqlalchemy import select

from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.credit_notes.rules import CannotCredit
from portal.invoices.holds import BACK, is_held, release
from portal.invoices.queries import get_invoice, sums_by_state
from portal.invoices.write_offs import CannotWriteOff
from portal.organisations.audit import timeline
from portal.organisations.models import Organisation
from portal.payments.actions import write_off_invoice
from portal.payments.models import Payment
from portal.payments.refunds.queries import list_undecided
from portal.payments.rules import CannotRecord, PaymentUnderWay
from portal.reminders.queries import is_still_open
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import World
from tests.migrating import run_again
from tests.paying import Till, invoice_row, take_cash
from tests.portal.payments.test_recording import due, record
from tests.portal.payments.test_refunding import charge_of, give_back


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


@pytest.fixture
def went_back(till: Till, firm: Firm) -> tuple[int, str]:
    """(invoice, path): £100 of a card's payment went back and were written off; then the bank took £50 more there."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        give_back(firm, session.scalars(select(Payment.id)).one(), 10000)
    till.work(firm)
    write_off_invoice(firm.organisation_id, invoice_id, "Bankrupt")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=5000)
    till.work(firm)
    return invoice_id, path


@pytest.mark.parametrize(
    ("then", "left", "given_up", "words"),
    [("ask", 5000, 10000, "£50.00"), ("credit", 0, 10000, "is closed"), ("give_up", 0, 15000, "is closed")],
)
def test_money_that_goes_back_later_opens_just_that_and_somebody_is_asked(
    till: Till, firm: Firm, went_back: tuple[int, str], then: str, left: int, given_up: int, words: str
) -> None:
    invoice_id, path = went_back
    assert (due(firm, invoice_id), invoice_row(firm, invoice_id).written_off_minor) == (5000, 10000)
    assert told(firm, invoice_id)[:2] == (1, False)
    client, page = sign_in(till.browser(), firm, "manager"), f"/invoices/{invoice_id}"
    assert "INV" in client.get("/payments/disputes").text and "give it up, too" in client.get(page).text
    assert "/attempts" not in till.get(path).text
    post(client, f"{page}/money-back", {"then": then}, page=page)
    assert (due(firm, invoice_id), invoice_row(firm, invoice_id).written_off_minor) == (left, given_up)
    assert told(firm, invoice_id)[:2] == ((1, True) if left else (0, False))
    shown = till.get(path).text
    assert words in shown and ("No longer asked for" in shown) == ("/attempts" in shown) == bool(left)
    assert "give it up, too" not in client.get(page).text
    assert ("INV" in client.get("/invoices?state=written_off").text) == (not left)
    post(client, f"{page}/write-off/taking-back", {}, page=page)
    assert due(firm, invoice_id) == left + given_up


def test_what_is_paid_again_leaves_it_written_off(till: Till, firm: Firm, went_back: tuple[int, str]) -> None:
    invoice_id, path = went_back
    record(firm, [invoice_id], 5000)
    assert (due(firm, invoice_id), told(firm, invoice_id)[:2]) == (0, (0, False))
    assert "This invoice is closed" in till.get(path).text
    with pytest.raises(CannotRecord, match="written off"):
        record(firm, [invoice_id], 5000)


def test_a_write_off_of_the_rest_answers_what_follows(till: Till, firm: Firm, went_back: tuple[int, str]) -> None:
    invoice_id, _path = went_back
    write_off_invoice(firm.organisation_id, invoice_id, "Bankrupt")
    with job_session(firm.organisation_id) as session:
        assert invoice_row(firm, invoice_id).written_off_minor == 15000 and not is_held(session, invoice_id)


def test_nothing_that_is_given_up_becomes_credit(till: Till, firm: Firm, went_back: tuple[int, str]) -> None:
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, went_back[0], lock=True)
        firm_row, wanted = (
            session.get_one(Organisation, firm.organisation_id),
            dict(enumerate(creditable(session, invoice))),
        )
        with pytest.raises(CannotCredit, match="is written off, so at most £50"):
            raise_credit_note(session, firm_row, invoice, wanted, "typo")


def test_what_was_given_up_before_it_had_a_sum_is_summed_up(
    world: World, till: Till, firm: Firm, went_back: tuple[int, str]
) -> None:
    """As it stood when it was written off; what went back since waits for somebody."""
    invoice_id, _path = went_back
    with job_session(firm.organisation_id) as session:
        release(session, "asked", invoice_id, kind=BACK)
    run_again(world, "sum_up_what_is_written_off")
    assert (due(firm, invoice_id), invoice_row(firm, invoice_id).written_off_minor) == (5000, 10000)
    with job_session(firm.organisation_id) as session:
        assert [(each.id, lost.minor) for each, lost in list_undecided(session)] == [(invoice_id, 5000)]

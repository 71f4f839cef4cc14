"""Cash is rounded to what coins can pay, nothing else is; the difference stands on the payment, the invoice is paid."""

import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from portal.invoices import actions as invoicing
from portal.invoices import drafts, pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions import record_payment, reverse_payment
from portal.payments.cash.queries import purse_of
from portal.payments.models import Payment
from portal.payments.rules import CannotRecord
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.cash import cash_rounded
from tests.builders import Firm, make_firm, make_invoice, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import taken

AGENT = "field_agent"


@pytest.fixture
def swiss() -> Firm:
    return make_firm(country="CH", currency="CHF", time_zone="Europe/Zurich")


def sent(firm: Firm, adjustment: str) -> int:
    """An invoice whose total ends as the adjustment makes it: 212.40 with it added."""
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        draft = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
        off = Decimal("212.40") - draft.total.decimal + Decimal(adjustment)
        wanted = pricing.Pricing(Money.of(off, "CHF"), Money.zero("CHF"), adjustment_reason="agreed")
        drafts.price_draft(session, organisation, draft, wanted, Decimal(100))
        invoicing.issue_invoice(session, organisation, draft)
        return draft.id


def pay(firm: Firm, invoice_id: int, amount: str, **more: Any) -> Payment:
    offered = taken(firm, [invoice_id], **{"amount": Money.of(Decimal(amount), "CHF"), **more})
    made = record_payment(firm.organisation_id, offered)
    with job_session(firm.organisation_id) as session:
        return queries.get_payment(session, made.payment_id).payment


def left(firm: Firm, invoice_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return queries.balance_of(session, invoice_id).minor


def held(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        return str(purse_of(session, "CHF", firm.people[AGENT]).held.decimal)


@pytest.mark.parametrize(
    ("adjustment", "typed", "in_hand", "rounding"),
    [("0.02", "212.42", "212.40", -2), ("0.02", "212.40", "212.40", -2), ("0.03", "212.43", "212.45", 2),
     ("0.03", "212.45", "212.45", 2), ("0", "212.40", "212.40", 0)],
)  # fmt: skip
def test_cash_settles_the_invoice_and_the_purse_holds_coins(
    swiss: Firm, adjustment: str, typed: str, in_hand: str, rounding: int
) -> None:
    invoice_id = sent(swiss, adjustment)
    payment = pay(swiss, invoice_id, typed)
    assert (payment.rounding_minor, str(payment.taken.decimal), left(swiss, invoice_id)) == (rounding, in_hand, 0)
    assert held(swiss) == in_hand


def test_what_is_given_back_is_reckoned_from_the_coins(swiss: Firm) -> None:
    invoice_id = sent(swiss, "0.02")
    offered = taken(swiss, [invoice_id], amount=Money.of("212.42", "CHF"), tendered=Money.of("220", "CHF"))
    made = record_payment(swiss.organisation_id, offered)
    assert made.change == Money.of("7.60", "CHF")
    again = record_payment(swiss.organisation_id, offered)
    assert (again.is_new, again.change, again.received) == (False, made.change, made.received)


def test_a_part_of_it_must_be_payable_in_coins(swiss: Firm) -> None:
    invoice_id = sent(swiss, "0.02")
    with pytest.raises(CannotRecord, match="cannot be paid in coins"):
        pay(swiss, invoice_id, "100.01")
    assert pay(swiss, invoice_id, "100.05").rounding_minor == 0
    assert pay(swiss, invoice_id, "112.35").rounding_minor == -2
    assert left(swiss, invoice_id) == 0


def test_a_transfer_is_exact(swiss: Firm) -> None:
    invoice_id = sent(swiss, "0.02")
    payment = pay(swiss, invoice_id, "212.40", method="bank_transfer", reference="R1")
    assert (payment.rounding_minor, left(swiss, invoice_id)) == (0, 2)


def test_a_reversal_empties_the_purse_and_opens_the_invoice(swiss: Firm) -> None:
    invoice_id = sent(swiss, "0.03")
    payment = pay(swiss, invoice_id, "212.45")
    with job_session(swiss.organisation_id) as session:
        reverse_payment(session, payment.id, "Counted twice", by=swiss.people["administrator"])
    assert (held(swiss), left(swiss, invoice_id)) == ("0.00", 21243)


def test_page_and_receipt_say_it_plainly(till: Till, swiss: Firm) -> None:
    invoice_id = sent(swiss, "0.02")
    client = sign_in(till.browser(), swiss, "administrator")
    assert "In cash: CHF" in client.get(f"/invoices/{invoice_id}/payments/new").text
    payment = pay(swiss, invoice_id, "212.40")
    assert "Cash rounding" in client.get(f"/payments/{payment.id}").text
    pdf = client.get(f"/payments/{payment.id}/receipt.pdf").data
    said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert all(part in said for part in ("212.42", "Rounding", "-CHF", "212.40"))


@given(
    due=st.integers(1, 10**7),
    currency=st.sampled_from(["AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NZD"]),
    country=st.sampled_from(["FI", "DE", "CH"]), in_coins=st.booleans(),
)  # fmt: skip
def test_whoever_pays_all_that_is_due_has_paid_it(due: int, currency: str, country: str, in_coins: bool) -> None:
    balance = Money(due, currency)
    coins = cash_rounded(balance, country)
    if not coins:
        return
    counted, rounding = rules.in_coins(coins if in_coins else balance, balance, country)
    assert (counted, counted + rounding) == (balance, coins)

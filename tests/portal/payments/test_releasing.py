"""Voiding takes the payment page away at Stripe first; money that was faster stays."""

import pytest

from portal.invoices.rules import CannotVoid
from portal.payments.actions import void_invoice
from portal.shared.errors import NotFound
from tests.builders import Firm, post, sign_in
from tests.paying import Till, invoice_row, paid_once


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def test_a_voided_invoice_cannot_be_paid_on_a_page_that_was_open(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    void_invoice(firm.organisation_id, sent[0], "wrong customer")
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert invoice_row(firm, sent[0]).status == "void"
    page = till.get(sent[1])
    assert "Nothing to pay" in page.text and "/attempts" not in page.text


def test_a_session_that_may_exist_is_closed_too(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.fault("cut_after", "checkout/sessions")
    assert till.tap_pay(sent[1]).status_code == 503
    till.no_faults()
    void_invoice(firm.organisation_id, sent[0], "wrong customer")
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]


def test_an_invoice_paid_a_moment_ago_is_not_voided(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.events("drop")
    till.pay(sent[1])
    with pytest.raises(CannotVoid):
        void_invoice(firm.organisation_id, sent[0], "wrong customer")
    assert invoice_row(firm, sent[0]).status == "sent"
    assert paid_once(till.books(firm))


def test_another_firms_invoice_is_not_there(till: Till, other_firm: Firm, sent: tuple[int, str]) -> None:
    with pytest.raises(NotFound):
        void_invoice(other_firm.organisation_id, sent[0], "mischief")


def test_with_stripe_away_nothing_is_voided(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    till.fault("error_500", "expire")
    client = sign_in(till.browser(), firm, "manager")
    answer = post(client, f"/invoices/{sent[0]}/voiding", {"reason": "typo"}, follow_redirects=True, page="/invoices")
    assert "customer could still pay" in answer.text
    assert invoice_row(firm, sent[0]).status == "sent"

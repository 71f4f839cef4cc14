"""Money that went back, or never came, stands so in the books too."""

from decimal import Decimal
from typing import Any

import pytest

from portal.accounting.mirror import uses
from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.remote import Remote
from portal.accounting.mirror.uses import GivenBack, There
from portal.organisations.audit import timeline
from portal.shared import clock, outbox
from portal.shared.running import job_session
from tests.builders import Firm
from tests.portal.accounting.doings import fail_refund, give_back, pay, reverse, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, linked, zoho

__all__ = ["linked", "zoho"]


def only(linked: LinkedFirm, there: str) -> dict[str, Any]:
    (record,) = linked.there(there)
    return record


def calls(linked: LinkedFirm) -> list[str]:
    asked = linked.zoho.requests(linked.remote)
    return [f"{one['method']} {one['path'].partition('/v3')[2].rstrip('0123456789')}" for one in asked]


@pytest.mark.parametrize("product", ["books", "invoice"])
def test_a_reversed_payment_pays_nothing_there_and_leaves_no_credit(
    zoho: ZohoStandIn, firm: Firm, product: str
) -> None:
    linked = connect(zoho, firm, product=product)
    payment_id = pay(linked, sent_invoice(linked), method="cash")
    drain(linked.organisation_id)
    linked.zoho.forget_requests()
    reverse(linked, payment_id)
    drain(linked.organisation_id)
    assert calls(linked) == ["PUT /customerpayments/", "POST /customerpayments/" + _refunds_of(linked)]
    assert only(linked, "invoices")["balance"] == 235.8
    payment = only(linked, "customerpayments")
    assert (payment["amount"], payment["unused_amount"]) == (235.8, 0)
    refund = only(linked, "paymentrefunds")
    assert (refund["amount"], refund["reference_number"], refund["description"]) == (
        235.8, "R-00001 reversed", "Reversed: Counted twice")  # fmt: skip
    assert refund.get("from_account_id", "") == (payment["account_id"] if product == "books" else "")
    assert {record.state for record in linked.mirror()} == {"in_step"}


def _refunds_of(linked: LinkedFirm) -> str:
    return f"{linked.mirror('payment')[0].remote_id}/refunds"


@pytest.mark.parametrize("way", ["stripe", "dispute"])
def test_what_goes_back_opens_the_invoice_by_that_much_there(linked: LinkedFirm, way: str) -> None:
    invoice = sent_invoice(linked)
    payment_id = pay(linked, invoice)
    drain(linked.organisation_id)
    give_back(linked, payment_id, 3000, way=way)
    drain(linked.organisation_id)
    assert only(linked, "invoices")["balance"] == 30
    refund = only(linked, "paymentrefunds")
    assert (refund["amount"], refund["refund_mode"], refund["reference_number"]) == (30, "creditcard", "R-00001/1")
    with job_session(linked.organisation_id) as session:
        said = [entry.words for entry in timeline(session, "invoice", invoice.id)]
    assert any(words == "Refund R-00001/1 of 30.00 is in Zoho Books" for words in said)


def test_what_was_reversed_before_it_went_over_arrives_so(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked), method="cash")
    reverse(linked, payment_id)
    drain(linked.organisation_id)
    assert (only(linked, "invoices")["balance"], only(linked, "paymentrefunds")["amount"]) == (
        235.8, 235.8)  # fmt: skip


def test_a_refund_that_the_bank_sends_back_is_none_there_either(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked))
    refund_id = give_back(linked, payment_id, 3000)
    drain(linked.organisation_id)
    assert only(linked, "invoices")["balance"] == 30
    fail_refund(linked, refund_id)
    drain(linked.organisation_id)
    assert (only(linked, "invoices")["balance"], linked.there("paymentrefunds")) == (0, [])
    assert only(linked, "customerpayments")["unused_amount"] == 0


def test_answers_that_tell_of_no_refunds_do_not_make_us_forget_them(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zoho's documents promise a payment's refunds at an address of their own only."""
    real = Remote.call

    def as_documented(remote: Remote, *asked: Any, **more: Any) -> dict[str, Any]:
        answer = real(remote, *asked, **more)
        answer.get("payment", {}).pop("payment_refunds", None)
        return answer

    monkeypatch.setattr(Remote, "call", as_documented)
    payment_id = pay(linked, sent_invoice(linked))
    for _ in range(2):
        give_back(linked, payment_id, 3000)
        linked.zoho.break_down("cut_after", path="/refunds")
        drain(linked.organisation_id)
        linked.make_due()
        drain(linked.organisation_id)
    assert sorted(refund["reference_number"] for refund in linked.there("paymentrefunds")) == ["R-00001/1", "R-00001/2"]
    assert only(linked, "invoices")["balance"] == 60


def test_a_payment_that_is_to_be_sent_again_is_put_right_there(linked: LinkedFirm) -> None:
    """After a comparison of both sides, somebody wants ours to count."""
    payment_id = pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    remote_id = linked.mirror("payment")[0].remote_id
    linked.zoho.act(linked.remote, f"PUT /customerpayments/{remote_id}", {"amount": 200, "invoices": []})
    again = """UPDATE mirror_records SET state = 'pending', snapshot = snapshot || '{"sent": null}'"""
    linked.change(f"{again} WHERE module = 'payment'")
    with job_session(linked.organisation_id) as session:
        outbox.record(session, linked.organisation_id, "payment", payment_id)
    drain(linked.organisation_id)
    assert (only(linked, "customerpayments")["amount"], only(linked, "invoices")["balance"]) == (235.8, 0)


def test_another_payment_waits_until_the_reversed_one_has_let_go_there(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    first = pay(linked, invoice, method="cash")
    drain(linked.organisation_id)
    reverse(linked, first)
    pay(linked, invoice)
    linked.zoho.break_down("error_500_before", method="PUT", path="/customerpayments")
    drain(linked.organisation_id)
    waiting = linked.mirror("payment")[1]
    assert (waiting.state, waiting.waits_for) == ("waiting", "Payment R-00001")
    linked.make_due()
    drain(linked.organisation_id)
    assert only(linked, "invoices")["balance"] == 0
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_the_moves_never_take_what_another_still_holds() -> None:
    back = [_back("a", counts=False), _back("b", counts=True)]
    there = There({"1": Decimal(50), "2": Decimal(20)}, {"a": "77"})
    found = uses.moves({"1": Decimal(30), "3": Decimal(10)}, back, there)
    assert [(move.kind, dict(move.applied)) for move in found] == [
        (uses.LOWER, {"1": 30}), (uses.WITHDRAW, {"1": 30}), (uses.GIVE_BACK, {"1": 30}),
        (uses.RAISE, {"1": 30, "3": 10}),
    ]  # fmt: skip


def _back(reference: str, *, counts: bool) -> GivenBack:
    return GivenBack("", reference, Decimal(5), clock.today("UTC"), "cash", "", counts=counts)

"""Money that Zoho had no room for went over as the customer's credit. Where its invoice takes more there later, it is
put to it by itself: both sides come to the same cents again."""

from decimal import Decimal

import pytest

from portal.accounting.mirror.drain import drain
from portal.invoices.models import Invoice
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import pay, reverse, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, linked_to_either, zoho
from tests.portal.accounting.test_paid_on_both_sides import MODULES, answer, there_now, write_off_there
from tests.portal.accounting.test_payments_back import balance, paid_there
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["linked", "linked_to_either", "zoho"]


def sent_as_credit(linked: LinkedFirm, *parts: int, is_two_way: bool = True) -> tuple[Invoice, list[int]]:
    """Written off there, then paid here (in these parts): all of it is credit there."""
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    if is_two_way:
        both_ways(linked, *MODULES)
        look(linked)
        let_time_pass(linked)
    write_off_there(linked)
    paid = []
    for minor in parts or (23580,):
        paid.append(pay(linked, invoice, minor, method="cash"))
        drain(linked.organisation_id)
        answer(linked, "too much", "credit")
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}
    return invoice, paid


def cancel_write_off(linked: LinkedFirm) -> None:
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/writeoff/cancel")


def settle(linked: LinkedFirm) -> None:
    for _ in range(3):
        let_time_pass(linked)
        look(linked)


def test_a_write_off_that_is_taken_back_there_makes_room_for_it(linked_to_either: LinkedFirm) -> None:
    linked = linked_to_either
    invoice, _paid = sent_as_credit(linked)
    assert there_now(linked) == (0, Decimal("235.8"), [(235.8, 235.8)])
    cancel_write_off(linked)
    settle(linked)
    assert there_now(linked) == (0, 0, [(235.8, 0)])
    assert (balance(linked, invoice).minor, questions(linked)) == (0, [])
    assert {each.state for each in linked.mirror()} == {"in_step"} and reconcile(linked) == []
    calls = len(linked.zoho.requests(linked.remote, "PUT"))
    settle(linked)
    assert len(linked.zoho.requests(linked.remote, "PUT")) == calls


def test_the_oldest_comes_first_and_no_more_than_is_open(linked: LinkedFirm) -> None:
    invoice, _paid = sent_as_credit(linked, 10000, 13580, is_two_way=False)
    cancel_write_off(linked)
    paid_there(linked, invoice, 85.8)
    reconcile(linked)
    drain(linked.organisation_id)
    assert there_now(linked) == (0, 0, [(85.8, 0), (100, 0), (135.8, 85.8)])
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}


def test_what_is_still_on_its_way_has_the_room_first(linked: LinkedFirm) -> None:
    invoice, _paid = sent_as_credit(linked, 10000, is_two_way=False)
    cancel_write_off(linked)
    linked.zoho.break_down("error_500_before", path="/customerpayments", times=50)
    pay(linked, invoice, 13580, method="cash")
    drain(linked.organisation_id)
    reconcile(linked)
    assert there_now(linked) == (Decimal("235.8"), 0, [(100, 100)])
    linked.zoho.mend()
    linked.make_due()
    drain(linked.organisation_id)
    reconcile(linked)
    drain(linked.organisation_id)
    assert there_now(linked) == (0, 0, [(100, 0), (135.8, 0)])
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}


def test_what_was_reversed_meanwhile_is_put_nowhere(linked: LinkedFirm) -> None:
    invoice, paid = sent_as_credit(linked)
    reverse(linked, paid[0])
    cancel_write_off(linked)
    settle(linked)
    balance_there, _off, payments = there_now(linked)
    assert balance_there == balance(linked, invoice).decimal == Decimal("235.8")
    assert payments == [(235.8, 0)]  # given back


@pytest.mark.parametrize("is_more", [True, False])
def test_kept_one_way_the_comparison_names_it_and_puts_it_right(linked: LinkedFirm, is_more: bool) -> None:
    sent_as_credit(linked, is_two_way=False)
    if is_more:
        cancel_write_off(linked)
    told = {(each.module, each.cause) for each in reconcile(linked)}
    assert ("payment", "other balance") in told and (("invoice", "other balance") in told) == is_more
    drain(linked.organisation_id)
    assert there_now(linked) == ((0, 0, [(235.8, 0)]) if is_more else (0, Decimal("235.8"), [(235.8, 235.8)]))
    assert {each.state for each in linked.mirror()} == {"in_step"}
    assert (reconcile(linked) == []) == is_more

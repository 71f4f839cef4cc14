"""What is written off here is written off in Zoho: no more than nobody has paid, once, and taken back as well."""

from decimal import Decimal

import pytest

from portal.accounting.mirror.drain import drain
from tests.portal.accounting.doings import (
    credit,
    give_back,
    pay,
    put_credit,
    reverse,
    sent_invoice,
    take_write_off_back,
    void,
    write_off,
)
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile, told

__all__ = ["linked", "zoho"]


def there(linked: LinkedFirm, number: str | None) -> tuple[str, Decimal]:
    """Status, and how much is written off."""
    (one,) = [each for each in linked.there("invoices") if each["invoice_number"] == number]
    return str(one["status"]), Decimal(str(one["write_off_amount"]))


@pytest.mark.parametrize("is_there_before", [True, False])
def test_only_what_is_left_is_written_off_there(linked: LinkedFirm, is_there_before: bool) -> None:
    """Whether the invoice, what pays it and its write-off come one by one or all at once."""
    invoice, other = sent_invoice(linked), sent_invoice(linked)
    if is_there_before:
        drain(linked.organisation_id)
    pay(linked, invoice, 10000)
    put_credit(linked, credit(linked, other, share="0.1", keep=True), invoice)
    write_off(linked, invoice.id)
    for _ in range(3):
        drain(linked.organisation_id)
    assert there(linked, invoice.number) == ("paid", Decimal("112.22"))
    assert {each.state for each in linked.mirror()} == {"in_step"}
    assert told(reconcile(linked)) == []
    take_write_off_back(linked, invoice.id)
    pay(linked, invoice, 1222)
    for _ in range(3):
        drain(linked.organisation_id)
    (one,) = [each for each in linked.there("invoices") if each["invoice_number"] == invoice.number]
    assert (Decimal(str(one["balance"])), one["write_off_amount"]) == (Decimal(100), 0)
    assert {each.state for each in linked.mirror()} == {"in_step"}


@pytest.mark.parametrize(("deed", "back"), [("reversed", "100"), ("given back", "50"), ("both", "150")])
def test_money_that_goes_back_opens_it_there_until_the_rest_is_settled(
    linked: LinkedFirm, deed: str, back: str
) -> None:
    """Zoho writes off all that is open, so that nothing is given up there as long as something is to pay."""
    invoice = sent_invoice(linked)
    first, second = (pay(linked, invoice, minor, method="cash") for minor in (10000, 5000))
    write_off(linked, invoice.id)
    go_over(linked)
    assert there(linked, invoice.number) == ("paid", Decimal("85.8"))
    if deed in ("reversed", "both"):
        reverse(linked, first)
    if deed in ("given back", "both"):
        give_back(linked, second, 5000, way="cash")
    go_over(linked)
    (one,) = linked.there("invoices")
    assert (Decimal(str(one["balance"])), one["write_off_amount"]) == (Decimal("85.8") + Decimal(back), 0)
    assert told(reconcile(linked)) == []
    pay(linked, invoice, int(Decimal(back) * 100), method="cash")
    go_over(linked)
    assert there(linked, invoice.number) == ("paid", Decimal("85.8"))
    assert told(reconcile(linked)) == []
    before = len(linked.zoho.requests(linked.remote, "POST"))
    linked.make_due()
    drain(linked.organisation_id)
    assert len(linked.zoho.requests(linked.remote, "POST")) == before


def test_what_goes_back_can_be_given_up_as_well(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    payment = pay(linked, invoice, 10000, method="cash")
    write_off(linked, invoice.id)
    go_over(linked)
    reverse(linked, payment)
    write_off(linked, invoice.id)
    go_over(linked)
    assert there(linked, invoice.number) == ("paid", Decimal("235.8"))
    assert told(reconcile(linked)) == []


def go_over(linked: LinkedFirm) -> None:
    for _ in range(3):
        drain(linked.organisation_id)
    assert {each.state for each in linked.mirror()} == {"in_step"}


@pytest.mark.parametrize("kind", ["error_500_after", "error_500_before"])
def test_a_lost_answer_writes_off_once(linked: LinkedFirm, kind: str) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.break_down(kind, path="/writeoff")
    write_off(linked, invoice.id)
    drain(linked.organisation_id)
    linked.make_due()
    drain(linked.organisation_id)
    assert there(linked, invoice.number) == ("paid", Decimal("235.8"))
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_taken_back_and_voided_before_anything_went_over(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    write_off(linked, invoice.id)
    drain(linked.organisation_id)
    take_write_off_back(linked, invoice.id)
    void(linked, invoice.id)
    drain(linked.organisation_id)
    assert there(linked, invoice.number) == ("void", Decimal(0))
    assert {each.state for each in linked.mirror()} == {"in_step"}

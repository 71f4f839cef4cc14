"""Amounts as people type them: in the digits and with the signs of their own script, and with the currency's sign."""

from decimal import Decimal

import pytest

from portal.shared.forms import Form
from portal.shared.text import decimal_from, decimal_mark
from tests.builders import Firm
from tests.paying import Till
from tests.portal.payments.test_recording import due, post_payment


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("١٠٫٥٠", "10.50"), ("١٬٢٣٤٫٥٠", "1234.50"), ("١٬٢٣٤", "1234"), ("٫٥", "0.5"), ("10٫50", "10.50"),
        ("۱۰٫۵۰", "10.50"), ("۱٬۲۳۴", "1234"), ("१०.५०", "10.50"), ("\u200f١٠٫٥٠\u200f", "10.50"), ("-٣٫٥", "-3.5"),
    ],
)  # fmt: skip
def test_numbers_in_other_scripts_are_read_whatever_the_firm_writes(typed: str, value: str, mark: str) -> None:
    token = decimal_mark.set(mark)
    try:
        assert decimal_from(typed) == Decimal(value)
    finally:
        decimal_mark.reset(token)


@pytest.mark.parametrize("typed", ["١٠٫٥٫٠", "١٢٬٣٤", "1.234٫5", "٫", "1٬234.567٫8", "١٠ ٥٠"])
def test_what_is_no_number_is_refused_in_any_script(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decimal_from(typed)


@pytest.mark.parametrize(
    ("typed", "value"), [("£50", "50"), ("50 £", "50"), ("GBP 50.25", "50.25"), ("£1,234.50", "1234.50"), ("50", "50")]
)
def test_an_amount_may_carry_its_currency(typed: str, value: str) -> None:
    form = Form(amount=typed)
    read = form.decimal("amount", "the amount", least=Decimal(0), most=Decimal(9999), places=2, currency="GBP")
    assert (read, form.errors, form.values["amount"]) == (Decimal(value), {}, typed)


def test_but_no_other_one() -> None:
    form = Form(amount="€50")
    form.decimal("amount", "the amount", least=Decimal(0), most=Decimal(9999), places=2, currency="GBP")
    assert form.errors["amount"].startswith("Enter the amount as a number")


def test_one_decimal_is_one() -> None:
    form = Form(percent="33.33")
    form.decimal("percent", "a share", least=Decimal(0), most=Decimal(99), places=1)
    assert form.errors["percent"] == "A share can have 1 decimal at most."


@pytest.mark.parametrize(("typed", "left"), [("£50", 18580), ("١٠٫٥٠", 22530), ("GBP 1", 23480)])
def test_what_staff_took_is_booked_as_they_write_it(till: Till, firm: Firm, typed: str, left: int) -> None:
    invoice_id, _ = till.invoice(firm)
    assert "receipt R-00001" in post_payment(till, firm, f"/invoices/{invoice_id}/payments", amount=typed).text
    assert due(firm, invoice_id) == left

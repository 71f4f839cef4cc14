"""Credit notes and the currency of the books: never more than a row, and the parts always add up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, Impossible, Line, LineTax, Policy, credit, in_base_currency, reckon
from tests.portal.taxes.documents import Document, documents

laws = settings(max_examples=50, deadline=None)
ROWS = ("gross_subtotal", "discount", "subtotal", "tax_total", "withholding", "adjustment", "rounding_adjustment",
        "total", "charges")  # fmt: skip


def _rows(found: Breakdown) -> list[int]:
    amounts = [getattr(found, name).minor for name in ROWS]
    rows = [minor for row in found.taxes for minor in (row.base.minor, row.amount.minor)]
    return [*amounts, *rows, *(money.minor for money in found.line_totals)]


@laws
@given(documents())
def test_13_a_full_credit_is_the_invoice_on_every_row(document: Document) -> None:
    invoice = document.reckon()
    note = credit(invoice, document.policy, [part.total for part in invoice.lines])
    assert _rows(note) == _rows(invoice)


@laws
@given(documents(most=8), st.data())
def test_13_partial_credits_never_pass_a_row_and_the_last_takes_the_residual(
    document: Document, data: st.DataObject
) -> None:
    invoice = replace(document, adjustment=Decimal(0)).reckon()
    currency = document.policy.currency
    so_far = [Money.zero(currency) for _ in invoice.lines]
    credited = [0] * len(_rows(invoice))
    for last in (False, False, True):
        now = [
            Money(left if last else data.draw(st.integers(0, left)), currency)
            for left in (part.total.minor - done.minor for part, done in zip(invoice.lines, so_far, strict=True))
        ]
        note = credit(invoice, document.policy, now, so_far)
        assert note.subtotal + note.tax_total + note.adjustment + note.rounding_adjustment == note.total
        so_far = [done + more for done, more in zip(so_far, now, strict=True)]
        credited = [done + more for done, more in zip(credited, _rows(note), strict=True)]
        for row, whole in zip(credited, _rows(invoice), strict=True):
            assert abs(row) <= abs(whole) + (0 if last else 3)
        taxes = [done.amount.minor for done in note.taxes if done.is_charged]
        assert document.policy.price_includes_tax or all(minor >= 0 for minor in taxes)
    assert credited == _rows(invoice)


def test_more_than_is_left_of_a_line_is_refused() -> None:
    policy = Policy("GBP")
    invoice = reckon((Line(Decimal(1), Decimal(10), (LineTax("v", "VAT", Decimal(20)),)),), policy)
    note = credit(invoice, policy, [Money(400, "GBP")])
    assert (note.subtotal.minor, note.tax_total.minor, note.total.minor) == (400, 80, 480)
    with pytest.raises(Impossible, match=r"lines\[0\]"):
        credit(invoice, policy, [Money(601, "GBP")], [Money(400, "GBP")])
    with pytest.raises(Impossible, match=r"lines\[0\]"):
        credit(invoice, policy, [Money(-1, "GBP")])


def test_thirds_of_a_cent_go_to_the_last_credit() -> None:
    policy = Policy("GBP")
    invoice = reckon((Line(Decimal(3), Decimal("0.07"), (LineTax("v", "VAT", Decimal(20)),)),), policy)
    taxes = [
        credit(invoice, policy, [Money(7, "GBP")], [Money(7 * times, "GBP")]).tax_total.minor for times in range(3)
    ]
    assert invoice.tax_total.minor == 4 and sum(taxes) == 4 and max(taxes) <= 2


@laws
@given(documents(most=8), st.decimals("0.0001", "500", places=4), st.sampled_from(["JPY", "EUR", "BHD"]))
def test_in_the_currency_of_the_books_the_rows_add_up_too(document: Document, rate: Decimal, base: str) -> None:
    invoice = document.reckon()
    found = in_base_currency(invoice, document.policy, rate, Policy(base))
    rows = (found.subtotal, *found.taxes, found.adjustment, found.rounding_adjustment)
    assert Money.total(rows, base) == found.total
    assert found.total == Money.rounded(invoice.total.decimal * rate, base)
    for row, mine in zip((one for one in invoice.taxes if one.is_charged), found.taxes, strict=True):
        unit = Money(1, base).decimal
        assert abs(row.amount.decimal * rate - mine.decimal) <= unit

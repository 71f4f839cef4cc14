"""Credit notes and the currency of the books: never more than a row, and the parts always add up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.shared.money import Money
from portal.taxes.arithmetic import (
    Breakdown,
    Charge,
    Discount,
    Impossible,
    Line,
    LineTax,
    Policy,
    credit,
    in_base_currency,
    reckon,
)
from tests.portal.taxes.documents import VAT, Document, documents

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


@laws
@given(documents(most=8), st.data())
def test_the_bases_of_a_note_add_up_to_its_net_and_its_lines_to_both(document: Document, data: st.DataObject) -> None:
    """Of each of three notes, where every line bears exactly one tax; what is left alone moves no cent."""
    one_each = tuple(replace(line, taxes=line.taxes[:1] or (VAT,)) for line in document.lines)
    charges = tuple(replace(charge, taxes=charge.taxes[:1] or (VAT,)) for charge in document.charges)
    document = replace(
        document, lines=tuple(replace(line, taxes=_alone(line.taxes)) for line in one_each),
        charges=tuple(replace(charge, taxes=_alone(charge.taxes)) for charge in charges), adjustment=Decimal(0),
    )  # fmt: skip
    try:
        invoice = document.reckon()
    except Impossible:
        return
    zero, so_far = Money.zero(document.policy.currency), [Money.zero(document.policy.currency)] * len(invoice.lines)
    for last in (False, False, True):
        now = [
            Money(left if last else data.draw(st.integers(0, left)), zero.currency)
            for left in (part.total.minor - done.minor for part, done in zip(invoice.lines, so_far, strict=True))
        ]
        note = credit(invoice, document.policy, now, so_far)
        so_far = [done + more for done, more in zip(so_far, now, strict=True)]
        nets = Money.total((part.net for part in note.lines), zero.currency)
        assert Money.total((row.base for row in note.taxes), zero.currency) == nets
        if document.discount is None or document.discount.applied == "before_tax":
            assert (note.subtotal, note.discount) == (
                nets, Money.total((part.discount_share for part in note.lines), zero.currency),
            )  # fmt: skip
        for at, row in enumerate(note.taxes):
            assert Money.total((part.bases[at] for part in note.lines), zero.currency) == row.base
            assert Money.total((part.taxes[at] for part in note.lines), zero.currency) == row.amount
            left_alone = not any(taken and part.bases[at] for part, taken in zip(invoice.lines, now, strict=True))
            assert not left_alone or not row.base


def _alone(taxes: tuple[LineTax, ...]) -> tuple[LineTax, ...]:
    return tuple(VAT if tax.compound or tax.base_includes else tax for tax in taxes)


def test_a_discount_of_a_cent_over_two_rates_adds_up_on_every_note() -> None:
    """33.33 and 0.05 at 20 %, 33.34 at 5 %, 0.04 off the whole, 9.99 delivery."""
    full, less = LineTax("v", "VAT", Decimal(20)), LineTax("r", "VAT", Decimal(5))
    lines = tuple(
        Line(Decimal(1), Decimal(price), (tax,), key=price)
        for price, tax in (("33.33", full), ("33.34", less), ("0.05", full))
    )
    policy = Policy("GBP")
    invoice = reckon(
        lines, policy, discount=Discount("amount", Decimal("0.04")), charges=(Charge(Decimal("9.99"), (full,)),)
    )  # fmt: skip
    first = [Money(minor, "GBP") for minor in (1111, 1111, 2, 333)]
    rest = [part.total - taken for part, taken in zip(invoice.lines, first, strict=True)]
    for note in (credit(invoice, policy, first), credit(invoice, policy, rest, first)):
        assert sum(row.base.minor for row in note.taxes) == note.subtotal.minor


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

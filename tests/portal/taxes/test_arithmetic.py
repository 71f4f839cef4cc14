"""The laws of the arithmetic, over generated documents. Numbered as in its specification."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.shared.money import Money
from portal.taxes.arithmetic import ROUNDING, Breakdown, Charge, Discount, Line, LineTax, Policy, reckon
from portal.taxes.arithmetic.rounding import allocate, rounded
from tests.portal.taxes import documents as some
from tests.portal.taxes.documents import Document, amounts_of, documents

settings.register_profile("laws", max_examples=60, deadline=None)
laws = settings(settings.get_profile("laws"))
IN_FULL = ("up", "down")


def _check_sums(found: Breakdown, document: Document) -> None:
    zero = Money.zero(document.policy.currency)
    charged = [row.amount for row in found.taxes if row.is_charged]
    withheld = [row.amount for row in found.taxes if row.kind == "withholding"]
    assert sum(money.minor for money in found.line_totals) == found.gross_subtotal.minor
    assert sum(money.minor for money in charged) == found.tax_total.minor
    assert sum(money.minor for money in withheld) == found.withholding.minor
    assert found.subtotal + found.tax_total + found.adjustment + found.rounding_adjustment == found.total
    assert found.amount_due == found.total + found.withholding - Money.of(document.prepaid, zero.currency)
    for at, row in enumerate(found.taxes):
        assert sum(part.taxes[at].minor for part in found.lines) == row.amount.minor
        assert sum(part.bases[at].minor for part in found.lines) == row.base.minor


@laws
@given(documents())
def test_1_the_printed_parts_add_up(document: Document) -> None:
    found = document.reckon()
    _check_sums(found, document)
    if not document.policy.price_includes_tax:
        assert found.gross_subtotal - found.discount + found.charges == found.subtotal
    step = document.policy.round_total_to
    assert step is None or found.total.decimal % step == 0


@laws
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.data())
def test_2_a_discount_is_shared_out_by_weight_to_the_unit(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = allocate(total, weights, range(len(weights)))
    assert sum(shares) == (total if sum(weights) else 0)
    for weight, share in zip(weights, shares, strict=True):
        assert 0 <= share <= weight
        assert not sum(weights) or abs(share - Fraction(total * weight, sum(weights))) < 1
    ordered = sorted(zip(weights, shares, strict=True))
    assert all(later[1] >= earlier[1] - 1 for earlier, later in pairwise(ordered))


def test_2_a_left_over_cent_goes_by_tax_and_line_id_never_by_position() -> None:
    lines = tuple(Line(Decimal(1), Decimal("0.05"), (tax,), key=key)
                  for tax, key in ((some.VAT, "9"), (some.GST, "2"), (some.GST, "1")))  # fmt: skip
    cent = Discount("amount", Decimal("0.01"))
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        found = reckon(tuple(lines[at] for at in order), Policy("GBP"), discount=cent)
        by_key = {lines[at].key: part.discount_share.minor for at, part in zip(order, found.lines, strict=True)}
        assert by_key == {"1": 1, "2": 0, "9": 0}


@laws
@given(documents(), st.randoms())
def test_3_the_order_of_lines_changes_nothing(document: Document, random: object) -> None:
    mixed = list(document.lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = document.reckon(), document.reckon(lines=tuple(mixed))
    assert amounts_of(one) == amounts_of(other)
    assert (one.total, one.amount_due, one.subtotal) == (other.total, other.amount_due, other.subtotal)


@laws
@given(st.decimals("0.01", "9999", places=2), st.integers(1, 50), some.EXCLUSIVE)
def test_4_splitting_a_line_moves_no_tax_of_the_document(price: Decimal, parts: int, policy: Policy) -> None:
    policy = replace(policy, currency="GBP")
    bears = (some.VAT, some.QST)
    whole = reckon((Line(Decimal(parts), price, bears),), policy)
    split = reckon(tuple(Line(Decimal(1), price, bears, key=str(at)) for at in range(parts)), policy)
    for one, other in zip(whole.taxes, split.taxes, strict=True):
        unit = Fraction(1 if policy.rounding_mode in IN_FULL else Fraction(1, 2)) * (parts + 1)
        bound = 0 if policy.rounding == "document" else unit
        assert abs(one.amount.minor - other.amount.minor) <= bound


@laws
@given(documents(policies=some.EXCLUSIVE))
def test_5_a_tax_row_is_near_the_exact_tax(document: Document) -> None:
    for row in document.reckon().taxes:
        if row.kind not in ("percent", "reverse_charge") or row.key == "comp":
            continue
        bearing = sum(row.key in (tax.key for tax in one.taxes) for one in (*document.lines, *document.charges))
        unit = 1 if document.policy.rounding_mode in IN_FULL else Fraction(1, 2)
        bound = unit if document.policy.rounding == "document" else unit * bearing
        assert abs(row.amount.minor - row.base.minor * Fraction(row.rate) / 100) <= bound


@laws
@given(documents(policies=some.POLICIES.map(lambda policy: replace(policy, price_includes_tax=True))))
def test_6_a_price_that_includes_tax_is_kept_to_the_unit(document: Document) -> None:
    found = document.reckon(discount=None)
    for part in found.lines:
        inside = sum(tax.minor for tax, row in zip(part.taxes, found.taxes, strict=True) if row.is_charged)
        assert part.net.minor + inside == part.total.minor
    assert found.subtotal + found.tax_total == Money.total((part.total for part in found.lines), found.total.currency)


@laws
@given(st.decimals("0.01", "99999", places=2), st.sampled_from([some.VAT, some.REDUCED, some.QST]))
def test_6_taking_tax_out_and_putting_it_on_agree_within_a_unit(price: Decimal, tax: LineTax) -> None:
    inside = reckon((Line(Decimal(1), price, (tax,)),), Policy("GBP", price_includes_tax=True))
    on_top = reckon((Line(Decimal(1), inside.subtotal.decimal, (tax,)),), Policy("GBP"))
    assert abs(inside.tax_total.minor - on_top.tax_total.minor) <= 1


@laws
@given(documents())
def test_7_the_opposite_document_has_the_opposite_amounts(document: Document) -> None:
    turned = document.reckon(
        lines=tuple(_turned(line) for line in document.lines), discount=_off_the_turned(document.discount),
        charges=tuple(replace(charge, amount=-charge.amount) for charge in document.charges
                      if not any(tax.kind == "fixed_per_unit" for tax in charge.taxes)),
        adjustment=-document.adjustment, prepaid=Decimal(0),
    )  # fmt: skip
    found = document.reckon(prepaid=Decimal(0))
    assert turned.total == -found.total and turned.amount_due == -found.amount_due
    assert amounts_of(turned) == {key: -amount for key, amount in amounts_of(found).items()}
    assert [part.discount_share for part in turned.lines] == [-part.discount_share for part in found.lines]


def _turned(line: Line) -> Line:
    off = line.discount_amount
    return replace(line, quantity=-line.quantity, discount_amount=None if off is None else -off)


def _off_the_turned(discount: Discount | None) -> Discount | None:
    return replace(discount, value=-discount.value) if discount and discount.kind == "amount" else discount


@laws
@given(some.lines([t for t in some.POOL if t.kind != "fixed_per_unit"]), some.POLICIES)
def test_8_a_hundred_times_dearer_without_decimals_is_the_same(lines: tuple[Line, ...], policy: Policy) -> None:
    dearer = tuple(replace(line, unit_price=line.unit_price * 100) for line in lines)
    pounds, yen = reckon(lines, replace(policy, currency="GBP")), reckon(dearer, replace(policy, currency="JPY"))
    assert amounts_of(pounds) == amounts_of(yen) and pounds.total.minor == yen.total.minor


@laws
@given(documents(most=10))
def test_9_nothing_off_and_a_rate_of_nothing_are_neutral(document: Document) -> None:
    plain = document.reckon(discount=None)
    for applied in ("before_tax", "after_tax"):
        for kind in ("percent", "amount"):
            assert document.reckon(discount=Discount(kind, Decimal(0), applied)) == plain
    extra = LineTax("none", "None", Decimal(0))
    with_nothing = document.reckon(
        discount=None, lines=tuple(replace(line, taxes=(*line.taxes, extra)) for line in document.lines)
    )
    assert with_nothing.total == plain.total
    gone = document.reckon(discount=Discount("percent", Decimal(100)), charges=())
    assert all(row.amount.minor == 0 for row in gone.taxes if row.key not in ("eco", "comp"))


@laws
@given(some.lines([some.VAT]), some.POLICIES, st.none() | some.percent_discounts())
def test_10_both_halves_are_equal_and_near_the_whole(
    lines: tuple[Line, ...], policy: Policy, discount: Discount | None
) -> None:
    within = tuple(replace(line, taxes=(some.CGST, some.SGST)) for line in lines)
    between = tuple(replace(line, taxes=(some.IGST,)) for line in lines)
    halves = reckon(within, policy, discount=discount)
    whole = reckon(between, policy, discount=discount)
    assert halves.taxes[0].amount == halves.taxes[1].amount
    if policy.rounding == "document":
        most = 2 if policy.rounding_mode in IN_FULL else 1
        assert abs(halves.tax_total.minor - whole.tax_total.minor) <= most


@laws
@given(documents(policies=some.EXCLUSIVE, most=12))
def test_11_a_row_depends_only_on_the_lines_that_bear_it(document: Document) -> None:
    document = replace(document, discount=None, charges=())
    for row in document.reckon().taxes:
        bearing = tuple(line for line in document.lines if row.key in (tax.key for tax in line.taxes))
        assert row in document.reckon(lines=bearing).taxes


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("half_up", (1, 2, 3, 1, 2)), ("half_down", (0, 1, 2, 1, 2)), ("half_even", (0, 2, 2, 1, 2)),
     ("down", (0, 1, 2, 0, 1)), ("up", (1, 2, 3, 1, 2))],
)  # fmt: skip
def test_each_mode_rounds_as_it_says(mode: str, expected: tuple[int, ...]) -> None:
    exact = [Fraction(text) for text in ("1/2", "3/2", "5/2", "2/3", "5/3")]
    assert tuple(rounded(one, mode) for one in exact) == expected
    assert tuple(-rounded(-one, mode) for one in exact) == expected


@laws
@given(st.fractions(), st.sampled_from(ROUNDING))
def test_12_rounding_what_is_round_and_reckoning_again_change_nothing(exact: Fraction, mode: str) -> None:
    once = rounded(exact, mode)
    assert rounded(Fraction(once), mode) == once
    assert abs(once - exact) <= (Fraction(1, 2) if mode.startswith("half") else 1)
    assert rounded(-exact, mode) == -once


@laws
@given(documents(policies=some.EXCLUSIVE))
def test_12_a_printed_document_reckons_to_itself(document: Document) -> None:
    """Each line as printed, one of it at its printed price: the same rows."""
    document = replace(document, lines=tuple(
        replace(line, taxes=tuple(tax for tax in line.taxes if tax != some.ECO)) for line in document.lines
    ))  # fmt: skip
    found = document.reckon()
    printed = tuple(
        replace(line, quantity=Decimal(1), unit_price=total.decimal, discount_percent=None, discount_amount=None)
        for line, total in zip(document.lines, found.line_totals, strict=True)
    )
    assert document.reckon(lines=printed) == found


ONE_TAX = [some.VAT, some.REDUCED, some.ZERO, some.EXEMPT, some.OUTSIDE, some.REVERSE]


@laws
@given(documents(policies=st.just(Policy("GBP"))), st.data())
def test_14_the_european_rules_of_sums_hold(document: Document, data: st.DataObject) -> None:
    """EN 16931 (BR-CO-10, 13, 15, 16, 17; BR-S-08, 09): one tax a line, rounded on the document."""
    each = st.sampled_from(ONE_TAX).map(lambda tax: (tax,))
    document = replace(
        document,
        lines=tuple(replace(line, taxes=data.draw(each)) for line in document.lines),
        charges=tuple(replace(charge, taxes=data.draw(each)) for charge in document.charges),
        discount=document.discount and replace(document.discount, applied="before_tax"),
        adjustment=Decimal(0),
    )  # fmt: skip
    found = document.reckon()
    assert sum(money.minor for money in found.line_totals) == found.gross_subtotal.minor  # BR-CO-10
    assert found.subtotal == found.gross_subtotal - found.discount + found.charges  # BR-CO-13
    assert found.total == found.subtotal + found.tax_total + found.rounding_adjustment  # BR-CO-15
    assert found.amount_due == found.total - Money.of(document.prepaid, "GBP")  # BR-CO-16
    assert sum(row.base.minor for row in found.taxes) == found.subtotal.minor
    for row in found.taxes:
        exact = row.base.minor * Fraction(row.rate) / 100 if row.is_charged else Fraction(0)
        shown = row.amount.minor if row.is_charged else 0
        assert shown == rounded(exact, "half_up")  # BR-CO-17, BR-S-09
        bearing = [part.net.minor for part, one in zip(found.lines, (*document.lines, *document.charges), strict=True)
                   if one.taxes[0].key == row.key]  # fmt: skip
        assert row.base.minor == sum(bearing)  # BR-S-08


def test_15_halves_that_a_float_would_lose_go_up() -> None:
    for price, total in (("1.005", 101), ("2.675", 268), ("1.115", 112), ("0.285", 29)):
        assert reckon((Line(Decimal(1), Decimal(price)),), Policy("GBP")).total.minor == total
    lines = (Line(Decimal(1), Decimal("0.1")), Line(Decimal(1), Decimal("0.2")))
    assert reckon(lines, Policy("GBP")).total.minor == 30


def test_a_charge_has_no_share_of_the_discount() -> None:
    found = reckon((Line(Decimal(1), Decimal(100), (some.VAT,)),), Policy("GBP"),
                   discount=Discount("percent", Decimal(50)), charges=(Charge(Decimal(10), (some.VAT,)),))  # fmt: skip
    assert (found.discount.minor, found.subtotal.minor, found.tax_total.minor) == (5000, 6000, 1200)


@pytest.mark.parametrize("rounding", ["document", "line"])
def test_a_tax_is_one_row_however_its_base_is_written(rounding: str) -> None:
    """Compound on "all that are not" and on A by name: the same base, so rounded once where the document is."""
    primary = LineTax("A", "A", Decimal(5))
    top, named = (LineTax("K", "K", Decimal(10), compound=True, base_includes=on) for on in ((), ("A",)))
    policy = Policy("EUR", rounding=rounding)

    def rows(*tops: LineTax) -> list[tuple[str, int, int]]:
        lines = tuple(Line(Decimal(1), Decimal("0.13"), (primary, each)) for each in tops)
        return [(row.name, row.base.minor, row.amount.minor) for row in reckon(lines, policy).taxes]

    assert rows(top, named) == rows(top, top) == rows(named, named)
    assert len(rows(top, named)) == 2

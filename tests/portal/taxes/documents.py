"""Documents for the laws of the arithmetic: every kind of tax, discount and policy; 0, 2 and 3 decimals."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from portal.taxes.arithmetic import ROUNDING, Breakdown, Charge, Discount, Line, LineTax, Policy, reckon
from portal.taxes.arithmetic.rounding import rounded

VAT, REDUCED = LineTax("vat", "VAT", Decimal(20)), LineTax("red", "Reduced", Decimal("5.5"))
GST, QST = LineTax("gst", "GST", Decimal(5)), LineTax("qst", "QST", Decimal("9.975"))
CGST, SGST = LineTax("cgst", "CGST", Decimal(9)), LineTax("sgst", "SGST", Decimal(9))
IGST = LineTax("igst", "IGST", Decimal(18))
COMPOUND = LineTax("comp", "On top", Decimal(7), compound=True)
ZERO, EXEMPT = LineTax("zero", "Zero", Decimal(0), "zero"), LineTax("ex", "Exempt", Decimal(0), "exempt")
OUTSIDE = LineTax("out", "Outside", Decimal(0), "out_of_scope")
REVERSE = LineTax("rc", "Reverse charge", Decimal(19), "reverse_charge")
WITHHELD = LineTax("tds", "TDS", Decimal(10), "withholding")
ECO = LineTax("eco", "Eco fee", Decimal("0.015"), "fixed_per_unit")
POOL = [VAT, REDUCED, GST, QST, CGST, SGST, COMPOUND, ZERO, EXEMPT, OUTSIDE, REVERSE, WITHHELD]
CURRENCIES = {"JPY": 0, "GBP": 2, "KWD": 3}
POLICIES = st.builds(
    Policy, currency=st.sampled_from(sorted(CURRENCIES)), rounding_mode=st.sampled_from(ROUNDING),
    rounding=st.sampled_from(["document", "line"]), price_includes_tax=st.booleans(),
)  # fmt: skip
EXCLUSIVE = POLICIES.map(lambda policy: replace(policy, price_includes_tax=False))


@dataclass(frozen=True)
class Document:
    lines: tuple[Line, ...]
    policy: Policy
    discount: Discount | None = None
    charges: tuple[Charge, ...] = ()
    adjustment: Decimal = Decimal(0)
    prepaid: Decimal = Decimal(0)

    def reckon(self, **change: Any) -> Breakdown:
        other = replace(self, **change)
        return reckon(other.lines, other.policy, discount=other.discount, charges=other.charges,
                      adjustment=other.adjustment, prepaid=other.prepaid)  # fmt: skip


def lines(pool: list[LineTax], most: int = 40, *, discounts: bool = True) -> st.SearchStrategy[tuple[Line, ...]]:
    one = st.builds(
        Line,
        quantity=st.decimals("0.001", "999", places=3),
        unit_price=st.decimals("1", "9999", places=2),
        taxes=st.lists(st.sampled_from(pool), max_size=5, unique=True).map(tuple),
        discount_percent=st.none() | st.decimals("0", "100", places=2) if discounts else st.none(),
    )
    return st.lists(one, min_size=1, max_size=most).map(
        lambda found: tuple(replace(line, key=f"{number:03}") for number, line in enumerate(found))
    )


@st.composite
def documents(draw: Any, *, policies: st.SearchStrategy[Policy] = POLICIES, most: int = 40) -> Document:
    policy = draw(policies)
    pool = POOL if policy.price_includes_tax else [*POOL, ECO]
    places = CURRENCIES[policy.currency]
    amounts = st.decimals("0", "99", places=places)
    step = draw(st.none() | st.sampled_from(["1", "5"] if places == 0 else ["0.05", "0.25", "1"]))
    drawn = tuple(
        line if line.discount_percent is not None else draw(amount_off(line, policy))
        for line in draw(lines(pool, most))
    )
    before_any = reckon(drawn, policy).gross_subtotal.decimal
    return Document(
        lines=drawn,
        policy=replace(policy, round_total_to=step and Decimal(step)),
        discount=draw(st.none() | percent_discounts() | amount_discounts(before_any, places)),
        charges=draw(st.lists(
            st.builds(Charge, amounts, st.lists(st.sampled_from(POOL), max_size=2, unique=True).map(tuple)), max_size=2,
        ).map(tuple)),
        adjustment=draw(st.decimals("-9", "9", places=places)),
        prepaid=draw(amounts),
    )  # fmt: skip


def amount_off(line: Line, policy: Policy) -> st.SearchStrategy[Line]:
    """The line as it is, or with an amount off it, of all it comes to at most."""
    places = CURRENCIES[policy.currency]
    whole = rounded(Fraction(line.quantity * line.unit_price) * 10**places, policy.rounding_mode)
    return st.one_of(
        st.just(line),
        st.integers(0, whole).map(lambda off: replace(line, discount_amount=Decimal(off).scaleb(-places))),
    )


def less(line: Line, policy: Policy) -> st.SearchStrategy[Line]:
    """The line as it is, or with a percentage or an amount off it."""
    percents = st.decimals("0", "100", places=2).map(lambda off: replace(line, discount_percent=off))
    return amount_off(line, policy) | percents


def amount_discounts(most: Decimal, places: int) -> st.SearchStrategy[Discount]:
    """On the whole, of all that the lines come to at most."""
    amounts = st.decimals(0, most, places=places)
    return st.builds(Discount, st.just("amount"), amounts, st.sampled_from(["before_tax", "after_tax"]))


def percent_discounts(applied: tuple[str, ...] = ("before_tax", "after_tax")) -> st.SearchStrategy[Discount]:
    return st.builds(Discount, st.just("percent"), st.decimals("0", "100", places=2), st.sampled_from(applied))


def amounts_of(breakdown: Breakdown) -> dict[LineTax | str, int]:
    """Each tax row's amount, whatever the order of the rows."""
    return {f"{row.key} {row.rate} {row.kind}": row.amount.minor for row in breakdown.taxes}

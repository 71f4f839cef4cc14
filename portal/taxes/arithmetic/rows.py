"""Steps 5 and 6: the rows of taxes. Here an amount is a whole number of minor units, or an exact fraction of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from portal.taxes.arithmetic.document import CHARGED, UNCHARGED, WITHHOLDING, Impossible, LineTax, Policy
from portal.taxes.arithmetic.factors import Factors, factors_of, included
from portal.taxes.arithmetic.rounding import rounded, share_out


@dataclass
class Bearer:
    """A line, or a charge, after every discount before tax: who bears the taxes.

    price   minor units; tax inside where the policy says so
    shares  minor units of each tax, by its row, as shown on the line
    bases   what each was reckoned on, by its row, as shown
    """

    path: str
    price: int
    quantity: Decimal
    taxes: tuple[LineTax, ...]
    key: str
    factors: Factors = field(init=False)
    exact_net: Fraction = field(init=False)
    net: int = field(init=False)
    shares: dict[LineTax, int] = field(default_factory=dict)
    bases: dict[LineTax, int] = field(default_factory=dict)

    @property
    def tie(self) -> tuple[str, str, int]:
        return "\n".join(sorted(tax.key for tax in self.taxes)), self.key, self.price

    def on(self, taxes: Iterable[LineTax]) -> int:
        """What the shown shares of `taxes` come to."""
        return sum(self.shares.get(tax.row, 0) for tax in taxes)

    def bearing(self, row: LineTax) -> LineTax:
        """The tax of that row as this line bears it."""
        return next(tax for tax in self.taxes if tax.row == row)


@dataclass
class Row:
    tax: LineTax
    base: int = 0
    amount: int = 0


def tax_rows(bearers: Sequence[Bearer], policy: Policy) -> list[Row]:
    """One row per tax, in the order of their first line. Fills in each bearer's net price and shares.

    Charged taxes first, rounded as the policy says; net prices absorb the residual of prices that include tax; what
    is only stated or withheld is reckoned on the printed net prices.
    """
    for bearer in bearers:
        _find_net(bearer, policy)
    bearing: dict[LineTax, list[Bearer]] = {}
    for bearer in bearers:
        for tax in bearer.taxes:
            bearing.setdefault(tax.row, []).append(bearer)
    rows = {tax: Row(tax) for tax in bearing}
    for tax, those in bearing.items():
        if tax.kind in CHARGED and policy.rounding == "document":
            exact = [_exact(bearer, tax, policy) for bearer in those]
            rows[tax].amount = rounded(sum(exact), policy.rounding_mode)
            _share(rows[tax].amount, exact, those, tax)
    if policy.rounding == "line":
        _round_each_line(bearers, policy)
    for bearer in bearers:
        if policy.price_includes_tax:
            bearer.net = bearer.price - sum(bearer.shares.values())
    for tax, those in bearing.items():
        _finish(rows[tax], those, policy)
    return list(rows.values())


def _find_net(bearer: Bearer, policy: Policy) -> None:
    """The exact net price: (price - so much for each unit) ÷ (1 + shares of the net price)."""
    try:
        bearer.factors = factors_of(bearer.taxes)
    except Impossible as problem:
        raise Impossible(f"{bearer.path}.{problem.path}", problem.why) from None
    bearer.net, bearer.exact_net = bearer.price, Fraction(bearer.price)
    if policy.price_includes_tax and bearer.factors.each:
        fixed = _units(bearer, bearer.factors.per_unit, policy)
        bearer.exact_net = (bearer.price - fixed) / (1 + bearer.factors.of_net)
        if not (0 <= fixed <= bearer.price or bearer.price <= fixed <= 0):
            raise Impossible(
                f"{bearer.path}.taxes", "the taxes for each unit are more than the price they are inside of"
            )


def _units(bearer: Bearer, per_unit: Fraction, policy: Policy) -> Fraction:
    return per_unit and per_unit * Fraction(bearer.quantity) * 10**policy.decimals


def _exact(bearer: Bearer, tax: LineTax, policy: Policy) -> Fraction:
    factor = next(one for one in bearer.factors.each if one.tax.row == tax.row)
    exact = factor.of_net * bearer.exact_net
    return exact + _units(bearer, factor.per_unit, policy) if factor.per_unit else exact


def _share(amount: int, exact: Sequence[Fraction | int], those: Sequence[Bearer], tax: LineTax) -> None:
    for bearer, share in zip(those, share_out(amount, exact, [bearer.tie for bearer in those]), strict=True):
        bearer.shares[tax] = share


def _round_each_line(bearers: Sequence[Bearer], policy: Policy) -> None:
    """A compound tax stands on the rounded taxes before it, unless the price includes all of them."""
    for bearer in bearers:
        for factor in bearer.factors.each:
            if factor.on and not policy.price_includes_tax:
                exact = Fraction(factor.tax.rate) / 100 * (bearer.price + bearer.on(factor.on))
            else:
                exact = _exact(bearer, factor.tax, policy)
            bearer.shares[factor.tax.row] = rounded(exact, policy.rounding_mode)


def _finish(row: Row, those: Sequence[Bearer], policy: Policy) -> None:
    """The base as printed, and the amount where it is not charged: nothing, a memo, or withheld."""
    tax = row.tax
    if tax.compound and policy.rounding == "document":
        exact_bases = [_exact_base(bearer, tax, policy) for bearer in those]
        row.base = rounded(sum(exact_bases), policy.rounding_mode)
        bases = share_out(row.base, exact_bases, [bearer.tie for bearer in those])
    else:
        bases = [bearer.net + bearer.on(_base_taxes(bearer, tax)) for bearer in those]
        row.base = sum(bases)
    for bearer, base in zip(those, bases, strict=True):
        bearer.bases[tax] = base
    if tax.kind in CHARGED:
        row.amount = sum(bearer.shares[tax] for bearer in those)
        return
    rate = Fraction(0) if tax.kind in UNCHARGED else Fraction(tax.rate) / (-100 if tax.kind == WITHHOLDING else 100)
    exact = [rate * base for base in bases]
    if policy.rounding == "line":
        exact = [Fraction(rounded(one, policy.rounding_mode)) for one in exact]
    row.amount = rounded(sum(exact), policy.rounding_mode)
    _share(row.amount, exact, those, tax)


def _exact_base(bearer: Bearer, tax: LineTax, policy: Policy) -> Fraction:
    """What a compound tax stands on, before anything is rounded."""
    return bearer.exact_net + sum(_exact(bearer, one, policy) for one in _base_taxes(bearer, tax))


def _base_taxes(bearer: Bearer, row: LineTax) -> tuple[LineTax, ...]:
    tax = bearer.bearing(row)
    if tax.kind in CHARGED:
        return next(one.on for one in bearer.factors.each if one.tax == tax)
    try:
        return included(tax, bearer.taxes)
    except Impossible as problem:
        raise Impossible(f"{bearer.path}.{problem.path}", problem.why) from None

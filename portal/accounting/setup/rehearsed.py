"""What a test invoice is made of: the firm's own taxes and discounts, at amounts that tell how taxes are rounded.

Rounded line by line, such an invoice comes to another amount than rounded on the whole, so that a firm and its books
that round in different ways find out before anything real is sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.catalogue.models import Item
from portal.invoices import billing
from portal.organisations.models import Organisation
from portal.taxes import arithmetic
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes, taxes_by_id

_QUANTITIES = (Decimal("3"), Decimal("1.5"))  # odd ones, where the amount of a line is rounded, too
_PRICE = Decimal("33.33")
_MOST_TAXES, _MOST_PRICES = 4, 100
_PERCENT = Decimal(10)
_LINE = "line"
# A firm that gives discounts as it likes tries the one that Zoho has to spread over lines and taxes.
_ON_ALL = {"before_tax": "before_tax", "after_tax": "after_tax", "free": "before_tax"}


@dataclass(frozen=True)
class TestLine:
    """A line as billing wants it. discount: in percent, of this line alone."""

    __test__ = False  # no test, whatever its name says to a test runner

    name: str
    quantity: Decimal
    unit_price: Decimal
    tax_id: int | None
    discount: Decimal | None = None


def lines_of(session: Session, organisation: Organisation, on: date) -> list[TestLine]:
    """Two for each tax that the firm uses, four taxes at most."""
    taxes = taxes_by_id(session)
    wanted: list[int | None] = [*(tax.id for tax in _used(session, on))] or [None]
    found: list[TestLine] = []
    for tax_id in wanted:
        found += _pair(organisation, taxes, tax_id, len(found) + 1, on)
    return found


def reckon(
    lines: Sequence[TestLine], session: Session, organisation: Organisation, on: date
) -> arithmetic.Breakdown:  # fmt: skip
    return _reckon(lines, taxes_by_id(session), organisation, on, billing.policy_of(organisation))


def _used(session: Session, on: date) -> list[Tax]:
    """Those of the services and parts, the one of most of them first; where none bears any, the first of all."""
    rows = session.execute(select(Item.tax_id, func.count()).where(Item.is_active).group_by(Item.tax_id))
    uses = {tax_id: int(count) for tax_id, count in rows}
    able = [
        tax for tax in list_taxes(session)
        if tax.kind not in rules.TAXES_THAT_STAY_HERE and not (tax.is_withheld or tax.per_unit)
        and not tax.begins_after(on) and not tax.has_ended(on)
    ]  # fmt: skip
    borne = sorted((tax for tax in able if tax.id in uses), key=lambda tax: (-uses[tax.id], tax.id))
    return borne[:_MOST_TAXES] or ([] if uses else able[:1])


def _pair(
    organisation: Organisation, taxes: dict[int, Tax], tax_id: int | None, first: int, on: date
) -> list[TestLine]:  # fmt: skip
    """At the first price at which the ways of rounding differ; at the usual one where none tells them apart."""
    tries = [_at(price, organisation, tax_id, first) for price in _prices(organisation)]
    return next((lines for lines in tries if _tells(lines, taxes, organisation, on)), tries[0])


def _prices(organisation: Organisation) -> Iterator[Decimal]:
    step = Decimal(1).scaleb(-billing.policy_of(organisation).decimals)
    return (_PRICE.quantize(step) + at * step for at in range(_MOST_PRICES))


def _at(price: Decimal, organisation: Organisation, tax_id: int | None, first: int) -> list[TestLine]:
    discount = _PERCENT if organisation.discount_style == _LINE else None
    return [
        TestLine(f"Rehearsal {first + at}", quantity, price, tax_id, discount)
        for at, quantity in enumerate(_QUANTITIES)
    ]


def _tells(lines: Sequence[TestLine], taxes: dict[int, Tax], organisation: Organisation, on: date) -> bool:
    policy = billing.policy_of(organisation)
    ways = [
        _reckon(lines, taxes, organisation, on, replace(policy, rounding=way)).taxes for way in ("document", "line")
    ]
    return [row.amount for row in ways[0]] != [row.amount for row in ways[1]]


def _reckon(
    lines: Sequence[TestLine], taxes: dict[int, Tax], organisation: Organisation, on: date, policy: arithmetic.Policy
) -> arithmetic.Breakdown:  # fmt: skip
    given = zip(billing.reckoned(lines, taxes, on), lines, strict=True)
    applied = _ON_ALL.get(organisation.discount_style)
    on_all = arithmetic.Discount("percent", _PERCENT, applied) if applied else None
    return arithmetic.reckon(
        tuple(replace(each, discount_percent=line.discount) for each, line in given), policy, discount=on_all
    )

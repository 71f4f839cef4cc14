"""What stands on a customer's page about their money that the firm has."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from portal.shared.money import Money


class MoneyKept(NamedTuple):
    """A sum of the customer's that has paid nothing yet."""

    what: str
    why: str
    amount: Money
    url: str = ""


# What layers above keep of a customer's, by the customer's id: payments appends deposits and credit.
MONEY_KEPT: list[Callable[[Session, int], Iterable[MoneyKept]]] = []

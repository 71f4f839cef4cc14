"""What of an invoice nobody is asked for when it is sent. Layers above say it."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money


class Prepaid(NamedTuple):
    """What deposits have paid of an invoice when it is sent, and what of it a bank has under way for them."""

    paid: Money
    under_way: Money


# What layers above put to an invoice in the transaction that sends it, so that nobody is asked for what is paid
# already: payments appends what puts deposits.
PREPAID: list[Callable[[Session, Organisation, Invoice], Prepaid]] = []

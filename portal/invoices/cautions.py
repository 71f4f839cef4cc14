"""What stands above an invoice, and above the code that is held out to the customer."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


class Caution(NamedTuple):
    """What the person who shows the code should know first, and where to mend it, if anywhere.

    is_deed   url is posted to: one tap mends it
    is_first  nothing else is to be decided about the invoice's money before this is over
    tone      late where something went wrong
    """

    title: str
    text: str
    url: str = ""
    label: str = ""
    is_first: bool = False
    tone: str = "late"
    is_deed: bool = False


# What layers above know of paying so much: payments appends whether a card will do.
CAUTIONS: list[Callable[[Session, Money], Caution | None]] = []
# And what they know of an invoice that whoever opens it is to see first.
NOTICES: list[Callable[[Session, Invoice], Iterable[Caution]]] = []
# And what the customer of a job has paid before, which sending its invoice takes off.
PAID_BEFORE: list[Callable[[Session, WorkOrder, str], Money]] = []
# And what of the tips is left that came with an invoice's payments.
TIPS_LEFT: list[Callable[[Session, Invoice], Money]] = []

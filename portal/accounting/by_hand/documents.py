"""Our invoices, payments and credit notes as a person enters them somewhere: amounts, days, and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.by_hand.models import ByHand
from portal.accounting.by_hand.rules import (
    BACK,
    INVOICE,
    LOOK,
    MOVED,
    NEW,
    OFF,
    OWED,
    PUT,
    RETURNED,
    UNDO,
    VOID,
    WRITTEN_OFF,
    Back,
)
from portal.accounting.mirror import push, sources
from portal.invoices import models as invoicing
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.payments.rules import METHODS
from portal.shared import clock
from portal.shared.money import Money

_MODES = {"creditcard": "Card", "cash": "Cash", "banktransfer": "Bank transfer", "check": "Cheque"}
# what → what a person does there
_WORDS = {
    NEW: "Enter it", PUT: "Put it to the invoice", OFF: "Take it off the invoice", BACK: "Enter what was given back",
    UNDO: "Take out what was given back: it did not arrive",
    MOVED: "Record it as given back there: it counts in another organisation now",
    RETURNED: "Take that out again: it counts there after all", LOOK: "It changed here: compare it there",
    INVOICE: "Enter it", VOID: "Void it", WRITTEN_OFF: "Write it off", OWED: "Take the write-off back",
}  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """applied: our invoice → minor units that it pays; unused: of it, what pays nothing. day_and_method: of what was
    given back, by its reference."""

    label: str
    customer_id: int
    day: date
    today: date
    currency: str
    total: Money
    method: str = ""
    status: str = ""
    given_up: Money = field(default_factory=lambda: Money.zero("USD"))
    applied: Mapping[int, int] = field(default_factory=dict)
    backs: Sequence[Back] = ()
    unused: int = 0
    day_and_method: Mapping[str, tuple[date, str]] = field(default_factory=dict)


def invoice(session: Session, invoice_id: int) -> Paper | None:
    """None of a draft."""
    found = get_invoice(session, invoice_id)
    if found.status == invoicing.DRAFT or found.issued_on is None:
        return None
    return Paper(
        f"Invoice {found.number}", found.customer_id, found.issued_on, _today(session), found.currency, found.total,
        status=push.WRITTEN_OFF if balance_of(found).is_written_off else found.status, given_up=found.written_off,
    )  # fmt: skip


def money(session: Session, module: str, local_id: int) -> Paper | None:
    """Of a payment or a credit note, as the mirror would send it."""
    source = sources.read(session, module, local_id)
    found: Any = session.get(Payment if module == "payment" else CreditNote, local_id)
    if source is None or source.uses is None or found is None:
        return None
    applied = {each: Money.rounded(amount, found.currency).minor for each, amount in source.uses.applied.items()}
    given = source.uses.given_back
    backs = [Back(each.reference, Money.rounded(each.amount, found.currency).minor, each.counts) for each in given]
    total, day, method = _facts(found)
    gone = sum(each.amount for each in backs if each.counts)
    return Paper(
        source.label, found.customer_id, day, _today(session), found.currency, total, method, applied=applied,
        backs=backs, unused=total.minor - sum(applied.values()) - gone,
        day_and_method={each.reference: (each.on, _MODES.get(each.mode, "")) for each in given},
    )  # fmt: skip


def words_of(row: ByHand) -> str:
    """For example "Payment R-00012, 120.00 GBP. Enter it"."""
    what = f"{row.label}, given back {row.reference}" if row.what in (BACK, UNDO) else row.label
    return f"{what}, {Money(row.amount_minor, row.currency).decimal} {row.currency}. {_WORDS[row.what]}."


def to_do(row: ByHand) -> str:
    """What a person does there, short."""
    return _WORDS[row.what]


def _facts(found: Payment | CreditNote) -> tuple[Money, date, str]:
    if isinstance(found, CreditNote):
        return found.total, found.issued_on, ""
    return found.amount, found.received_on, "Card" if found.method == "card" else METHODS.get(found.method, "")


def _today(session: Session) -> date:
    return clock.today(session.scalars(select(Organisation.time_zone)).one())

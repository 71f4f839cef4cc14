"""Both sides of a module, each as one ordered stream of plain values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    collate,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from portal.accounting.belonging import note_stays, payment_stays, stays
from portal.accounting.mirror.push import INACTIVE
from portal.accounting.mirror.send import status_of
from portal.accounting.mirror.writing_off import open_there
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull.models import Question
from portal.accounting.reconciliation import aside
from portal.accounting.reconciliation.comparing import VOID, Ours, Theirs
from portal.accounting.reconciliation.models import GONE, PairDifference, ReadRow, Reconciliation
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditApplication, CreditNote, CreditRefund
from portal.invoices.credit_notes.queries import IN_FORCE
from portal.invoices.models import DRAFT, Invoice, InvoiceBalance
from portal.payments.models import Payment
from portal.payments.uses import PaymentUse
from portal.shared.money import Money
from portal.shared.outbox import Change

_AT_ONCE = 500
_NOTHING: tuple[ColumnElement[Any], ...] = (null(), literal(""), literal(0), literal(0), literal(0))


@dataclass(frozen=True)
class Kind:
    """One module: how Zoho's list is asked for, what its rows say, and where ours are.

    number, label  their fields for what pairs a record with ours and for what people call it; of papers, whose they are
    figures        their fields of the day, the total and what is open; none for a module that is only counted
    is_shared      False where Zoho may well hold records that are no business of ours
    """

    module: str
    called: str
    query: Mapping[str, str]
    number: str
    label: str
    figures: tuple[str, str, str] | None
    is_shared: bool
    model: Any
    key: Any
    ours: Callable[[Link], Select[Any]]


def read_row(kind: Kind, row: Mapping[str, Any], status: str, currency: str) -> dict[str, Any]:
    """A row of Zoho's list (or one record) as ReadRow keeps it."""
    day, total, open_ = kind.figures or ("", "", "")
    return {
        "number": str(row.get(kind.number) or "")[:100], "label": str(row.get(kind.label) or "")[:200],
        "day": date.fromisoformat(row[day]) if day else None, "status": status,
        "total_minor": _minor(row.get(total), currency),
        "open_minor": 0 if status == VOID else _minor(row.get(open_), currency),
    }  # fmt: skip


def status_in(module: str, row: Mapping[str, Any]) -> str:
    """As both sides call it. Of customers and items only that they are out of use there; nothing for what has none."""
    if module in ("customer", "item"):
        return INACTIVE if row.get("status") == INACTIVE else ""
    if module == "credit_note":
        return VOID if row.get("status") == VOID else ""
    return status_of(row) if module == "invoice" else ""


def our_side(session: Session, link: Link, run: Reconciliation, kind: Kind) -> Iterator[Ours]:
    """Ordered by key. What changed since the run began, or is on its way, is moving."""
    key = collate(kind.key, "C")
    statement = (
        kind.ours(link)
        .add_columns(
            func.coalesce(MirrorRecord.remote_id, ""),
            func.coalesce(MirrorRecord.last_error, ""),
            aside.is_moving(run),
            or_(aside.is_apart(), PairDifference.left_at.is_not(None)),
            aside.is_asked(link, kind.module, Question.local_id == kind.model.id),
            func.coalesce(PairDifference.fields, literal([], JSONB)),
            MirrorRecord.dated_on,
        )
        .outerjoin(MirrorRecord, _mirrors(link, kind.module, kind.model.id))
        .outerjoin(Change, and_(Change.subject == kind.module, Change.subject_id == kind.model.id))
        .outerjoin(PairDifference, _differs(link, kind))
        .order_by(key)
    )
    for *row, dated_on in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        ours = Ours(*row)
        yield replace(ours, day=dated_on) if dated_on else ours


def their_side(session: Session, link: Link, run: Reconciliation, kind: Kind) -> Iterator[Theirs]:
    """Ordered by key: ours where the record is tied, so that a renumbered one is still found."""
    key = collate(func.coalesce(kind.key, ReadRow.number), "C")
    number = _their_number(kind)
    status = ReadRow.status if kind.figures else literal("")  # by_field says whether a pair is in use on one side only
    statement = (
        select(key, ReadRow.remote_id, number, ReadRow.label, ReadRow.day, status)
        .add_columns(ReadRow.total_minor, ReadRow.open_minor, ReadRow.number)
        .add_columns(aside.is_asked(link, kind.module, Question.remote_id == ReadRow.remote_id))
        .outerjoin(
            MirrorRecord,
            (MirrorRecord.link_id == link.id)
            & (MirrorRecord.module == kind.module)
            & (MirrorRecord.remote_id == ReadRow.remote_id),
        )
        .outerjoin(kind.model, kind.model.id == MirrorRecord.local_id)
        .where(ReadRow.run_id == run.id, ReadRow.module == kind.module, ReadRow.status != GONE)
        .where(~aside.is_their_past(link, kind.key), ~aside.is_rehearsal(), ~aside.is_put_away())
        .order_by(key, ReadRow.remote_id)
    )
    for row in session.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        yield Theirs(*row)


def _their_number(kind: Kind) -> Any:
    """What is only counted is not compared; a payment recorded there keeps whatever was written there as its number."""
    if kind.module == "payment":
        return case((aside.is_recorded_there(), Payment.provider_payment_id), else_=ReadRow.number)
    if kind.module in ("invoice", "credit_note"):  # made there, or our number was taken: it has another number there
        return case((ReadRow.number == MirrorRecord.remote_number, kind.key), else_=ReadRow.number)
    return ReadRow.number if kind.figures else literal("")


def next_unseen(session: Session, link: Link, run: Reconciliation) -> tuple[str, str] | None:
    """(module, remote id) of a record that we know there and that no list has shown."""
    seen = exists().where(
        ReadRow.run_id == run.id, ReadRow.module == MirrorRecord.module, ReadRow.remote_id == MirrorRecord.remote_id
    )
    found = session.execute(
        select(MirrorRecord.module, MirrorRecord.remote_id)
        .outerjoin(Change, and_(Change.subject == MirrorRecord.module, Change.subject_id == MirrorRecord.local_id))
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module.in_(KINDS), MirrorRecord.remote_id.is_not(None))
        .where(~seen, ~aside.is_moving(run))
        .order_by(MirrorRecord.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else (found.module, str(found.remote_id))


def _differs(link: Link, kind: Kind) -> ColumnElement[bool]:
    of = and_(PairDifference.module == kind.module, PairDifference.local_id == kind.model.id)
    return and_(PairDifference.link_id == link.id, of, MirrorRecord.remote_id.is_not(None))


def _mirrors(link: Link, module: str, local_id: Any) -> ColumnElement[bool]:
    return and_(MirrorRecord.link_id == link.id, MirrorRecord.module == module, MirrorRecord.local_id == local_id)


def _minor(value: Any, currency: str) -> int:
    return Money.rounded(wire.amount(value) or Decimal(0), currency).minor


def _invoices(link: Link) -> Select[Any]:
    statement = (
        select(Invoice.number, Invoice.id, Invoice.number, Customer.name, Invoice.issued_on, Invoice.status)
        .add_columns(Invoice.total_minor, Invoice.tax_minor, open_there())
        .join(Customer, Customer.id == Invoice.customer_id)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(Invoice.status != DRAFT)
    )
    return statement.where(~stays(link.id))


def _payments(link: Link) -> Select[Any]:
    key = Payment.provider_payment_id
    statement = (
        select(key, Payment.id, key, Payment.number, Payment.received_on, literal(""))
        .add_columns(Payment.amount_minor, literal(0), PaymentUse.unused_minor)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
    )
    return statement.where(~payment_stays(link.id))


def _credit_notes(link: Link) -> Select[Any]:
    put_to = (
        select(cast(func.coalesce(func.sum(CreditApplication.amount_minor), 0), BigInteger))  # a sum is numeric
        .where(CreditApplication.credit_note_id == CreditNote.id)
        .scalar_subquery()
    )
    given_back = (
        select(cast(func.coalesce(func.sum(CreditRefund.amount_minor), 0), BigInteger))
        .where(CreditRefund.credit_note_id == CreditNote.id)
        .scalar_subquery()
    )
    key = CreditNote.number
    status = case((IN_FORCE, ""), else_=VOID)
    left = case((IN_FORCE, CreditNote.total_minor - put_to - given_back), else_=0)
    statement = (
        select(key, CreditNote.id, key, Customer.name, CreditNote.issued_on, status)
        .add_columns(CreditNote.total_minor, CreditNote.tax_minor, left)
        .join(Customer, Customer.id == CreditNote.customer_id)
    )
    return statement.where(~note_stays(link.id))


def _customers(_link: Link) -> Select[Any]:
    return select(Customer.number, Customer.id, literal(""), Customer.name, *_NOTHING)


def _items(_link: Link) -> Select[Any]:
    return select(Item.code, Item.id, literal(""), Item.name, *_NOTHING)


_BY_AGE = {"sort_column": "created_time", "sort_order": "A"}  # so that what is made meanwhile comes last
KINDS = {
    kind.module: kind
    for kind in (
        Kind("customer", "customers", _BY_AGE | {"filter_by": "Status.All"}, "contact_number", "contact_name", None,
             False, Customer, Customer.number, _customers),
        Kind("item", "services and parts", {"filter_by": "Status.All"}, "sku", "name", None,
             False, Item, Item.code, _items),
        Kind("invoice", "invoices", _BY_AGE, "invoice_number", "customer_name", ("date", "total", "balance"),
             True, Invoice, Invoice.number, _invoices),
        Kind("payment", "payments", _BY_AGE, "reference_number", "payment_number", ("date", "amount", "unused_amount"),
             True, Payment, Payment.provider_payment_id, _payments),
        Kind("credit_note", "credit notes", _BY_AGE, "creditnote_number", "customer_name",
             ("date", "total", "balance"), True, CreditNote, CreditNote.number, _credit_notes),
    )
}  # fmt: skip

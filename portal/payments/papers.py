"""Receipts: what a payment was put to when it came in, kept as papers.py of the invoices keeps documents."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, exists, func, select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.documents.models import Document
from portal.invoices.documents.papers import LOOKED_BACK, MOST_AT_ONCE, Edition, keep, kept_or_made
from portal.invoices.documents.pdf import receipt_pdf
from portal.invoices.documents.receipts import receipt_facts
from portal.invoices.letterhead import drawn_up
from portal.messages.rendering import long_date
from portal.organisations.models import Organisation
from portal.payments.deposits import Deposit
from portal.payments.models import Payment, PaymentReversal
from portal.payments.received import put_at_first, taken_back
from portal.payments.refunds.went_back import given_back
from portal.payments.wording import way_in
from portal.shared import clock, formats, phrases
from portal.shared.money import Money
from portal.shared.phrases import Language
from portal.work_orders.models import WorkOrder


def receipt_paper(session: Session, organisation: Organisation, payment: Payment) -> bytes:
    """The whole payment with every invoice it went to; one that was taken back says so."""
    ended = taken_back(session, payment.id)
    return kept_or_made(
        session, Edition("receipt", payment.id, _TAKEN_BACK if ended else _FIRST),
        lambda: _made(session, organisation, payment),
    )  # fmt: skip


def receipt_for(
    session: Session, organisation: Organisation, payment: Payment, invoice_ids: Collection[int]
) -> bytes:  # fmt: skip
    """What a payment brought to these invoices: the link to them shows nothing of another."""
    if _is_of(session, payment, invoice_ids):
        return receipt_paper(session, organisation, payment)
    return _made(session, organisation, payment, of=invoice_ids)


def receipt_shown(
    session: Session, organisation: Organisation, payment: Payment, language: str,
    invoice_ids: Collection[int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the paper says, in `language`, for a page: receipt_paper's, or that of receipt_for. Where it shows the whole
    payment, it also says what was given back since."""
    of = None if invoice_ids is None or _is_of(session, payment, invoice_ids) else invoice_ids
    facts = _facts(session, organisation, payment, of=of, language=language)
    return facts if of else facts | {"notes": facts["notes"] + _went_back(session, organisation, payment, language)}


def _is_of(session: Session, payment: Payment, invoice_ids: Collection[int]) -> bool:
    """Whether all of it went to these invoices."""
    return all(part.invoice_id in invoice_ids for part in put_at_first(session, payment))


def keep_missing_receipts(session: Session, organisation: Organisation) -> int:
    """As papers.keep_missing does. Does not commit."""
    since: datetime = clock.now() - LOOKED_BACK
    rows = session.execute(_MISSING, {"since": since}).all()
    for payment, edition in rows:
        keep(
            session, organisation.id, Edition("receipt", payment.id, edition), _made(session, organisation, payment)
        )  # fmt: skip
    return len(rows)


_FIRST, _TAKEN_BACK = "1", "1 taken back"
_EDITION = case((PaymentReversal.id.is_not(None), _TAKEN_BACK), else_=_FIRST)
_MISSING = (
    select(Payment, _EDITION)
    .outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id)
    .where(
        func.coalesce(PaymentReversal.created_at, Payment.created_at) >= bindparam("since"),
        ~exists().where(
            Document.kind == "receipt", Document.record_id == Payment.id, Document.edition == _EDITION
        ),
    )
    .order_by(Payment.id.desc())
    .limit(MOST_AT_ONCE)
)  # fmt: skip


# The job that a deposit was taken for.
_JOB = (
    select(WorkOrder.title)
    .join(Deposit, Deposit.work_order_id == WorkOrder.id)
    .where(Deposit.payment_id == bindparam("payment_id"))
)


def _made(
    session: Session, organisation: Organisation, payment: Payment, *, of: Collection[int] | None = None
) -> bytes:  # fmt: skip
    """As it came in; of what was given back since, its page tells."""
    return receipt_pdf(organisation, _facts(session, organisation, payment, of=of), payment.created_at)


def _facts(
    session: Session, organisation: Organisation, payment: Payment, *, of: Collection[int] | None = None,
    language: str = "",
) -> dict[str, Any]:  # fmt: skip
    """of: only what went to these invoices; language: in which it is read, where that is not the payer's own."""
    parts = put_at_first(session, payment)
    payer = session.get_one(Customer, payment.customer_id)
    shown = [part for part in parts if of is None or part.invoice_id in of]
    words = phrases.choose(language, payer.language, organisation.locale)
    job = None if parts else session.scalars(_JOB, {"payment_id": payment.id}).one_or_none()
    amount = payment.taken if of is None else Money.total((part.amount for part in shown), payment.currency)
    ended = taken_back(session, payment.id)
    notes = [words.text("deposit_receipt_note")] if job else []
    if ended:
        day = _day(organisation, words, ended.at)
        notes.append(words.text("paper_taken_back", firm=organisation.name, day=day, reason=ended.reason))
    used = Money.total((part.amount for part in parts), payment.currency)
    kept = max(payment.amount - used, Money.zero(payment.currency))
    return receipt_facts(
        drawn_up(organisation, language or payer.language), number=payment.number, received_on=payment.received_on,
        payer=payer.name, how=way_in(words, payment.method, payment.reference), amount=amount,
        parts=[(part.invoice_number, part.amount) for part in shown],
        advance=words.text("deposit_for", job=job) if job else "", notes=notes, is_taken_back=ended is not None,
        rounding=payment.rounding if of is None else None, tip=payment.tip if of is None else None,
        credit=kept if of is None and not job else None,
    )  # fmt: skip


def _went_back(session: Session, organisation: Organisation, payment: Payment, language: str) -> list[str]:
    words = phrases.choose(language, organisation.locale)
    locale = words.locale(organisation.locale, organisation.country)
    return [
        words.text("paper_went_back", what=words.text(f"given_back_{each.way}"),
                   amount=formats.money(each.amount, locale), day=_day(organisation, words, each.at))
        for each in given_back(session, payment.id)
    ]  # fmt: skip


def _day(organisation: Organisation, words: Language, at: datetime) -> str:
    day = clock.local(at, organisation.time_zone).date()
    return long_date(day, words.locale(organisation.locale, organisation.country))

"""Reads: the latest check of an invoice, what was decided, and which payments wait behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.accounting import tokens
from portal.accounting.agreement import comparison
from portal.accounting.agreement.models import AgreementCheck, AgreementDecision
from portal.accounting.models import Consent, Link, MirrorRecord
from portal.payments.models import Allocation, Payment
from portal.shared.money import Money


def latest_check(session: Session, link_id: int, invoice_id: int) -> AgreementCheck | None:
    return session.scalars(
        select(AgreementCheck)
        .where(AgreementCheck.link_id == link_id, AgreementCheck.invoice_id == invoice_id)
        .order_by(AgreementCheck.id.desc())
        .limit(1)
    ).one_or_none()


def decision_in_force(session: Session, link_id: int, invoice_id: int) -> AgreementDecision | None:
    return session.scalars(
        select(AgreementDecision)
        .where(AgreementDecision.link_id == link_id, AgreementDecision.invoice_id == invoice_id)
        .order_by(AgreementDecision.id.desc())
        .limit(1)
    ).one_or_none()


def sent_beside(session: Session, invoice_id: int, currency: str) -> Decimal:
    """What a person had sent to the live link as an adjustment, beside the invoice's own."""
    minor = session.scalars(
        select(AgreementDecision.adjustment_minor)
        .join(Link, Link.id == AgreementDecision.link_id)
        .where(Link.archived_at.is_(None), AgreementDecision.invoice_id == invoice_id)
        .order_by(AgreementDecision.id.desc())
        .limit(1)
    ).one_or_none()
    return Money(minor or 0, currency).decimal


@dataclass(frozen=True)
class Difference:
    """What the page of one invoice shows.

    is_open   the difference holds the invoice
    rounding  what may be sent as a rounding, 0 for nothing
    waiting   payments that go to Zoho when it is settled
    """

    record: MirrorRecord
    check: AgreementCheck
    pairs: list[comparison.Pair]
    rounding: Decimal
    decision: AgreementDecision | None
    waiting: Sequence[str]
    url: str

    @property
    def is_open(self) -> bool:
        return self.record.state == "mismatch"


def difference_of(session: Session, link: Link, invoice_id: int) -> Difference | None:
    """None for an invoice that was never compared. Five statements."""
    record = session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link.id, MirrorRecord.module == "invoice", MirrorRecord.local_id == invoice_id
        )
    ).one_or_none()
    check = latest_check(session, link.id, invoice_id)
    if record is None or check is None:
        return None
    ours, theirs = comparison.from_text(check.ours), comparison.from_text(check.theirs)
    waiting = session.scalars(
        select(Payment.number)
        .join(MirrorRecord, and_(MirrorRecord.module == "payment", MirrorRecord.local_id == Payment.id))
        .join(Allocation, Allocation.payment_id == Payment.id)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.state == "waiting", Allocation.invoice_id == invoice_id)
        .group_by(Payment.number)
        .order_by(Payment.number)
    ).all()
    centre = tokens.centre_of(session.get_one(Consent, link.consent_id))
    return Difference(
        record, check, comparison.side_by_side(ours, theirs), comparison.rounding_difference(ours, theirs),
        decision_in_force(session, link.id, invoice_id), waiting,
        centre.record_url(link.product, link.remote_organisation_id, "invoice", record.remote_id or ""),
    )  # fmt: skip

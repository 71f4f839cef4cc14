"""Reads: the latest check of an invoice, what was decided, and which payments wait behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from portal.accounting import tied, tokens
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


def lives_with_other_taxes(session: Session, invoice_id: int) -> bool:
    """Has a person let the invoice bear other taxes in the live link's organisation than it bears here?"""
    last = session.execute(
        select(AgreementCheck.ours, AgreementDecision.expects)
        .join(AgreementDecision, AgreementDecision.check_id == AgreementCheck.id)
        .join(Link, Link.id == AgreementDecision.link_id)
        .where(Link.archived_at.is_(None), AgreementDecision.invoice_id == invoice_id)
        .order_by(AgreementDecision.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return False
    pairs = comparison.differences(comparison.from_text(last.ours), comparison.from_text(last.expects))
    return any(pair.kind == "tax" for pair in pairs)


def within_their_totals(
    session: Session, payment_id: int, parts: Sequence[tuple[int, Money]]
) -> list[tuple[int, Money]]:  # fmt: skip
    """What of (invoice, amount) Zoho can take: after a difference was accepted its invoice may come to less than ours,
    and it refuses more than is open there. The rest stays there as the customer's credit."""
    link = select(Link.id).where(Link.archived_at.is_(None)).scalar_subquery()
    decided = session.execute(
        select(AgreementDecision.invoice_id, AgreementDecision.expects)
        .where(AgreementDecision.link_id == link, AgreementDecision.invoice_id.in_([each for each, _ in parts]))
        .order_by(AgreementDecision.id)
    ).all()
    totals = {invoice_id: Decimal(expects["total"]) for invoice_id, expects in decided}
    if not totals:
        return list(parts)
    before = _put_before(session, payment_id, list(totals))
    return [(invoice_id, _within(part, totals, before, invoice_id)) for invoice_id, part in parts]


def _put_before(session: Session, payment_id: int, invoice_ids: list[int]) -> dict[int, int]:
    """invoice → minor units that earlier payments put to it."""
    rows = session.execute(
        select(Allocation.invoice_id, func.sum(Allocation.amount_minor))
        .where(Allocation.invoice_id.in_(invoice_ids), Allocation.payment_id < payment_id)
        .group_by(Allocation.invoice_id)
    )
    return {invoice_id: int(minor) for invoice_id, minor in rows}


def _within(part: Money, totals: dict[int, Decimal], before: dict[int, int], invoice_id: int) -> Money:
    if invoice_id not in totals:
        return part
    open_there = Money.of(totals[invoice_id], part.currency).minor - before.get(invoice_id, 0)
    return Money(max(0, min(part.minor, open_there)), part.currency)


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
        record, check, comparison.side_by_side(ours, theirs), rounding_of(record, ours, theirs),
        decision_in_force(session, link.id, invoice_id), waiting,
        centre.record_url(link.product, link.remote_organisation_id, "invoice", record.remote_id or ""),
    )  # fmt: skip


def rounding_of(record: MirrorRecord, ours: comparison.Figures, theirs: comparison.Figures) -> Decimal:
    """None goes over for an invoice that was made there: its sums are not written over."""
    return Decimal(0) if tied.is_theirs(record) else comparison.rounding_difference(ours, theirs)

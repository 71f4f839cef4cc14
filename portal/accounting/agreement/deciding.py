"""What people do about a difference: live with it and say why, or have it sent to Zoho as a rounding."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.agreement import comparison, queries
from portal.accounting.agreement.models import ACCEPTED, ADJUSTED, AgreementCheck, AgreementDecision
from portal.accounting.invoice_extras import ROUNDING
from portal.accounting.link import hold
from portal.accounting.models import MirrorRecord
from portal.invoices import holds
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken
from portal.shared.money import Money


class CannotDecide(RuleBroken):
    """There is no difference any more, or not one of this kind."""


def accept(session: Session, invoice_id: int, reason: str, *, decided_by: int) -> None:
    """Live with the difference: the invoice counts as agreed while Zoho's side stays as it is. Does not commit.

    Raises CannotDecide.
    """
    record, check = _open(session, invoice_id)
    before = queries.decision_in_force(session, record.link_id, invoice_id)
    _decide(session, check, ACCEPTED, reason, before.adjustment_minor if before else 0, check.theirs, decided_by)
    holds.release(session, "accepted", invoice_id)
    snapshot = record.snapshot or {}
    record.snapshot = {key: value for key, value in snapshot.items() if key != "differs"} | {
        "sent": snapshot.get("differs")
    }
    _go_on(session, record, check, f"Difference to the books accepted: {reason}")


def send_difference(session: Session, invoice_id: int, currency: str, *, decided_by: int) -> None:
    """Have a cent that rounding explains sent as an adjustment called Rounding; Zoho's next answer says whether both
    agree then. Does not commit. Raises CannotDecide."""
    record, check = _open(session, invoice_id)
    ours, theirs = comparison.from_text(check.ours), comparison.from_text(check.theirs)
    gap = queries.rounding_of(record, ours, theirs)
    if not gap:
        raise CannotDecide("This is more than rounding explains. Correct the cause, then try again.")
    before = queries.decision_in_force(session, record.link_id, invoice_id)
    sent = Money.of(gap, currency).minor + (before.adjustment_minor if before else 0)
    expects = comparison.as_text(theirs.with_adjustment(gap))
    _decide(session, check, ADJUSTED, ROUNDING, sent, expects, decided_by)
    _go_on(session, record, check, f"{gap} is sent to the books as {ROUNDING}")


def _open(session: Session, invoice_id: int) -> tuple[MirrorRecord, AgreementCheck]:
    """Raises CannotDecide."""
    link = hold(session)
    found = select(MirrorRecord).where(
        MirrorRecord.module == "invoice", MirrorRecord.local_id == invoice_id, MirrorRecord.state == "mismatch",
        MirrorRecord.link_id == (link.id if link else None),
    )  # fmt: skip
    record = session.scalars(found.with_for_update()).one_or_none()
    check = queries.latest_check(session, record.link_id, invoice_id) if record else None
    if record is None or check is None:
        raise CannotDecide("Somebody was quicker: there is no difference any more.")
    return record, check


def _decide(
    session: Session, check: AgreementCheck, kind: str, reason: str, adjustment_minor: int, expects: dict[str, object],
    decided_by: int,
) -> None:  # fmt: skip
    session.add(
        AgreementDecision(
            organisation_id=check.organisation_id, check_id=check.id, link_id=check.link_id,
            invoice_id=check.invoice_id, kind=kind, reason=reason, adjustment_minor=adjustment_minor, expects=expects,
            decided_by=decided_by,
        )
    )  # fmt: skip


def _go_on(session: Session, record: MirrorRecord, check: AgreementCheck, words: str) -> None:
    record.state, record.attempts, record.last_error, record.last_error_code = "pending", 0, "", ""
    record.next_try_at = func.clock_timestamp()
    session.flush()
    outbox.record(session, record.organisation_id, "invoice", record.local_id)
    audit.note(
        session, record.organisation_id, "difference settled", "invoice", record.local_id, words=words,
        before={"cause": check.cause, "here": check.ours["total"], "there": check.theirs["total"]},
    )  # fmt: skip

"""Invoices leave draft in Zoho together: one call for all that a round has made."""

from collections.abc import Callable

from sqlalchemy import func, select

from portal.accounting import rules
from portal.accounting.mirror import record, records, send
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.remote import STOPS, Remote
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.organisations import audit
from portal.shared import outbox

_MOST_AT_ONCE = 25  # bulk e-mail takes 10 and bulk PDF 25; for status nothing is written down


def mark_sent(turn: Turn, remote: Remote, finish: Callable[[int], None]) -> int:
    """Mark what is still a draft there, then `finish` each record. How many there were."""
    drafts = _claim(turn)
    if not drafts:
        return 0
    try:
        send.mark_sent(remote, list(drafts.values()))
        marked = list(drafts)
    except STOPS:
        record.take_back(turn, list(drafts), None)
        records.forget_try(turn, list(drafts))
        raise
    except Unanswered:
        return 0  # marking twice is marking once: they come back by themselves
    except Refused:
        marked = _mark_one_by_one(turn, remote, drafts)
    _marked_sent(turn, marked)
    for record_id in marked:
        finish(record_id)
    return len(marked)


def _claim(turn: Turn) -> dict[int, str]:
    """record id → remote id. Put off before the call, so that a call that fails is not repeated at once."""
    with held(turn) as session:
        drafts = session.scalars(
            select(MirrorRecord)
            .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "invoice")
            .where(MirrorRecord.state == "pending", MirrorRecord.remote_status == "draft")
            .where(MirrorRecord.remote_id.is_not(None), MirrorRecord.next_try_at <= func.clock_timestamp())
            .order_by(MirrorRecord.id)
            .limit(_MOST_AT_ONCE)
            .with_for_update()
        ).all()
        for each in drafts:
            each.state = "sending"
            each.attempts += 1
            records.put_off(each, rules.pause_after(each.attempts))
        return {each.id: each.remote_id or "" for each in drafts}


def _mark_one_by_one(turn: Turn, remote: Remote, drafts: dict[int, str]) -> list[int]:
    marked = []
    for record_id, remote_id in drafts.items():
        try:
            send.mark_one_sent(remote, remote_id)
            marked.append(record_id)
        except Unanswered:
            continue
        except Refused as problem:
            _not_marked(turn, record_id, problem)
    return marked


def _marked_sent(turn: Turn, record_ids: list[int]) -> None:
    """These invoices have left draft in Zoho."""
    with held(turn) as session:
        for record_id in record_ids:
            record = session.get_one(MirrorRecord, record_id, with_for_update=True)
            record.remote_status = "sent"
            record.state, record.attempts, record.sending_since = "pending", 0, None
            record.next_try_at = func.clock_timestamp()
            audit.note(
                session, turn.organisation_id, "marked sent", "invoice", record.local_id,
                words=f"Marked as sent in {turn.product_name}",
            )  # fmt: skip


def _not_marked(turn: Turn, record_id: int, problem: Refused) -> None:
    """Zoho has the invoice, but keeps it a draft."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True)
        record.state, record.last_error, record.last_error_code = "failed", problem.words[:500], problem.code[:20]
        version = records.version_of(session, record)
        outbox.settle(session, record.organisation_id, record.module, record.local_id, version)

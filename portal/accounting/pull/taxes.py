"""Zoho's taxes, looked at once a day: what was changed, added or switched off there is offered here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import cursors, questions, tax_changes
from portal.accounting.pull.models import NEW_TAX, OFF, STATUS, Question
from portal.accounting.setup import tax_reading
from portal.accounting.setup.tax_reading import GROUP, TheirTax
from portal.gateways.zoho.errors import Refused
from portal.taxes.models import Tax

_GONE = ("5", "1002")


def look(turn: Turn, remote: Remote) -> None:
    """One call, one more for each group and for each tax that is missing. Raises GatewayError."""
    theirs = tax_reading.read(remote)
    with held(turn) as session:
        missing = _compare(session, turn, theirs)
    for record_id, path in missing:
        is_off = _is_off(remote, path)
        with held(turn) as session:
            if is_off:
                _ask_about_one_switched_off(session, session.get_one(MirrorRecord, record_id))
    with held(turn) as session:
        cursors.finish_for_a_day(session, cursors.of(session, turn.link_id, "tax"))


def _compare(session: Session, turn: Turn, theirs: Sequence[TheirTax]) -> list[tuple[int, str]]:
    """(record, its address) of those that are not in the list any more."""
    records = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "tax", MirrorRecord.remote_id.is_not(None))
        .with_for_update()
    ).all()
    by_id = {their.id: their for their in theirs}
    missing = []
    for record in records:
        their = by_id.get(str(record.remote_id))
        if their is not None:
            tax_changes.compare(session, record, tax_changes.Known(their.name, their.rate))
        else:
            group = session.scalars(select(Tax.kind).where(Tax.id == record.local_id)).first() == "group"
            missing.append((record.id, f"/settings/{'taxgroups' if group else 'taxes'}/{record.remote_id}"))
    tied = {str(record.remote_id) for record in records}
    is_first = cursors.of(session, turn.link_id, "tax").looked_at is None
    for their in theirs:
        if their.id not in tied and their.kind in (tax_reading.TAX, GROUP):
            _offer(session, turn, their, by_id, is_known=is_first)
    return missing


def _offer(session: Session, turn: Turn, their: TheirTax, theirs: dict[str, TheirTax], *, is_known: bool) -> None:
    """Once. What was there before both sides agreed on their taxes was not wanted then."""
    of: dict[str, Any] = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "tax", "local_id": None,
        "remote_id": their.id,
    }  # fmt: skip
    asked = select(Question.id).where(
        Question.link_id == turn.link_id, Question.module == "tax", Question.remote_id == their.id,
        Question.field == NEW_TAX,
    )  # fmt: skip
    if session.scalars(asked.limit(1)).first() is not None:
        return
    members = [theirs[one] for one in their.members if one in theirs]
    questions.ask(
        session, of, STATUS, field=NEW_TAX, ours="is not here", theirs=f"{their.rate.normalize():f} %",
        facts={"label": f"Tax {their.name}", "title": "A new tax in Zoho",
               "why": "Use it here too, and lines may bear it.",
               "taxes": [each.as_text() for each in (their, *members)]},
        is_settled=is_known,
    )  # fmt: skip


def _is_off(remote: Remote, path: str) -> bool:
    """Asked for by its id: a list that was cut short is no sighting."""
    try:
        found = remote.call("GET", path)
    except Refused as problem:
        if problem.code in _GONE:
            return True
        raise
    tax = found.get("tax") or found.get("tax_group") or {}
    return str(tax.get("status") or "Active") != "Active"


def _ask_about_one_switched_off(session: Session, record: MirrorRecord) -> None:
    tax = session.get_one(Tax, record.local_id)
    asked = select(Question.id).where(
        Question.link_id == record.link_id, Question.module == "tax", Question.remote_id == record.remote_id,
        Question.field == OFF, Question.decision != questions.SETTLED,
    )  # fmt: skip
    if not tax.is_active or session.scalars(asked.limit(1)).first() is not None:
        return
    questions.ask(
        session, questions.of(record), STATUS, field=OFF, ours="offered", theirs="switched off",
        facts={"label": f"Tax {tax.name}", "title": "Switched off in Zoho",
               "why": "Lines that bear it keep it. Zoho may refuse new ones."},
    )  # fmt: skip

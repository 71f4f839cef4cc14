"""Zoho's taxes, looked at once a day: what was changed, added, switched off or deleted there is offered here; where
taxes are kept from both sides, it comes over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import TAX_RATE, MirrorRecord
from portal.accounting.pull import cursors, questions, tax_changes, tax_merging, tax_twins
from portal.accounting.pull.asking import DELETED
from portal.accounting.pull.changes import in_the_name_of
from portal.accounting.pull.models import NEW_TAX, OFF, STATUS, Question
from portal.accounting.pull.tax_changes import Known
from portal.accounting.setup import tax_reading
from portal.accounting.setup.taking_taxes import Taker
from portal.accounting.setup.tax_reading import GROUP, TheirTax
from portal.gateways.zoho.errors import Refused
from portal.shared.errors import RuleBroken
from portal.taxes.models import Tax

_GONE = ("5", "1002")
_OFF = "switched off"
_ENDED = {DELETED: "Was deleted in Zoho", _OFF: "Switched off in Zoho"}
_WANTED = "Use it here too, and lines may bear it."


def look(turn: Turn, remote: Remote) -> None:
    """One call, one more for each group and for each tax that is missing. Raises GatewayError."""
    with held(turn) as session:
        cursors.note_begin(session, cursors.of(session, turn.link_id, "tax"))
    theirs = tax_reading.read(remote)
    with held(turn) as session:
        missing = _compare(session, turn, theirs)
    for record_id, path in missing:
        became = _what_became_of(remote, path)
        with held(turn) as session:
            if became:
                _ask_about_one_that_ended(session, session.get_one(MirrorRecord, record_id), became)
    with held(turn) as session:
        cursors.finish_for_a_day(session, cursors.of(session, turn.link_id, "tax"))


def _compare(session: Session, turn: Turn, theirs: Sequence[TheirTax]) -> list[tuple[int, str]]:
    """(record, its address) of those that are not in the list any more."""
    tax_twins.tie_alike(session, turn, theirs)
    records = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "tax", MirrorRecord.remote_id.is_not(None))
        .with_for_update()
    ).all()
    by_id = {their.id: their for their in theirs}
    is_two_way = directions.direction_of(session, turn.link_id, "tax") == directions.BOTH
    missing = []
    for record in records:
        their = by_id.get(str(record.remote_id))
        if their is not None:
            _look_at(session, turn, record, Known(their.name, their.rate), is_two_way=is_two_way)
        else:
            group = session.scalars(select(Tax.kind).where(Tax.id == record.local_id)).first() == "group"
            missing.append((record.id, f"/settings/{'taxgroups' if group else 'taxes'}/{record.remote_id}"))
    _let_go_of_what_changed(session, turn.link_id, by_id)
    _welcome(session, turn, theirs, is_two_way=is_two_way)
    return missing


def _let_go_of_what_changed(session: Session, link_id: int, theirs: dict[str, TheirTax]) -> None:
    """A twin for an older rate that has another one now is none any more: the next paper looks for one anew."""
    for record in session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == TAX_RATE, MirrorRecord.remote_id.in_(theirs)
        )
    ):
        known = tax_changes.known_there(record)
        if known is not None and known.rate != theirs[str(record.remote_id)].rate:
            record.remote_id, record.snapshot, record.remote_number = None, None, ""
            record.state, record.sending_since = "pending", func.clock_timestamp()


def _look_at(session: Session, turn: Turn, record: MirrorRecord, there: Known, *, is_two_way: bool) -> None:
    if is_two_way:
        tax_merging.bring_together(session, record, there, turn.product_name)
    else:
        tax_changes.keep(record, stands=there.as_text())
        tax_changes.compare(session, record, there)


def _welcome(session: Session, turn: Turn, theirs: Sequence[TheirTax], *, is_two_way: bool) -> None:
    """What nobody here knows yet. What was there before both sides agreed on their taxes was not wanted then."""
    by_id, tied = {their.id: their for their in theirs}, _tied(session, turn.link_id)
    is_first, coming = cursors.of(session, turn.link_id, "tax").looked_at is None, _under_way(session, turn.link_id)
    groups_last = sorted(theirs, key=lambda their: their.kind == GROUP)
    for their in groups_last:
        is_ours = their.id in tied or their.name.casefold() in coming
        if is_ours or their.kind not in (tax_reading.TAX, GROUP) or _was_asked(session, turn.link_id, their.id):
            continue
        why = _take(session, turn, their, theirs) if is_two_way and not is_first else _WANTED
        if why:
            _offer(session, turn, their, by_id, why, is_known=is_first)


def _tied(session: Session, link_id: int) -> set[str]:
    found = select(MirrorRecord.remote_id).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module.in_(("tax", TAX_RATE)), MirrorRecord.remote_id.is_not(None)
    )
    return {str(each) for each in session.scalars(found)}


def _under_way(session: Session, link_id: int) -> set[str]:
    """Names of ours that are being made there, whose answer is still open: the next try finds and adopts them."""
    found = (
        select(func.lower(Tax.name))
        .join(MirrorRecord, MirrorRecord.local_id == Tax.id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "tax", MirrorRecord.remote_id.is_(None))
        .where(MirrorRecord.sending_since.is_not(None))
    )
    return set(session.scalars(found))


def _was_asked(session: Session, link_id: int, remote_id: str) -> bool:
    asked = select(Question.id).where(
        Question.link_id == link_id, Question.module == "tax", Question.remote_id == remote_id,
        Question.field == NEW_TAX,
    )  # fmt: skip
    return session.scalars(asked.limit(1)).first() is not None


def _take(session: Session, turn: Turn, their: TheirTax, theirs: Sequence[TheirTax]) -> str:
    """Why it cannot be taken over as it is; empty when it was."""
    try:
        with session.begin_nested(), in_the_name_of(turn.product_name):
            Taker(session, turn.organisation_id, turn.link_id, theirs).take(their.id)
    except RuleBroken as problem:
        return problem.sentence
    return ""


def _offer(
    session: Session, turn: Turn, their: TheirTax, theirs: dict[str, TheirTax], why: str, *, is_known: bool
) -> None:
    """Once."""
    of: dict[str, Any] = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "tax", "local_id": None,
        "remote_id": their.id,
    }  # fmt: skip
    members = [theirs[one] for one in their.members if one in theirs]
    questions.ask(
        session, of, STATUS, field=NEW_TAX, ours="is not here", theirs=f"{their.rate.normalize():f} %",
        facts={"label": f"Tax {their.name}", "title": "A new tax in Zoho", "why": why,
               "taxes": [each.as_text() for each in (their, *members)]},
        is_settled=is_known,
    )  # fmt: skip


def _what_became_of(remote: Remote, path: str) -> str:
    """switched off, deleted, or nothing. Asked for by its id: a list that was cut short is no sighting."""
    try:
        found = remote.call("GET", path)
    except Refused as problem:
        if problem.code in _GONE:
            return DELETED
        raise
    tax = found.get("tax") or found.get("tax_group") or {}
    return "" if str(tax.get("status") or "Active") == "Active" else _OFF


def _ask_about_one_that_ended(session: Session, record: MirrorRecord, became: str) -> None:
    tax = session.get_one(Tax, record.local_id)
    asked = select(Question.id).where(
        Question.link_id == record.link_id, Question.module == "tax", Question.remote_id == record.remote_id,
        Question.field == OFF, Question.decision != questions.SETTLED,
    )  # fmt: skip
    if not tax.is_active or session.scalars(asked.limit(1)).first() is not None:
        return
    questions.ask(
        session, questions.of(record), STATUS, field=OFF, ours="offered", theirs=became,
        facts={"label": f"Tax {tax.name}", "title": _ENDED[became],
               "why": "Lines that bear it keep it. Zoho may refuse new ones."},
    )  # fmt: skip

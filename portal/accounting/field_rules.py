"""The mapping of a link in its versions: what is in force, what a change would do, and going back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from portal.accounting import fields, mapped_records
from portal.accounting.directions import CALLED
from portal.accounting.fields import Rule
from portal.accounting.models import FieldRule, Link, MirrorRecord
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken


@dataclass(frozen=True)
class Version:
    """One state of one module's mapping: who kept it, and when."""

    number: int
    made_by: str
    made_at: datetime


class KeptMeanwhile(RuleBroken):
    """Another version came in between: whoever keeps must have seen it."""


def rules_of(session: Session, link_id: int, module: str, version: int | None = None) -> list[Rule]:
    """What is in force (or was, in `version`); the usual rows where nobody has changed anything."""
    newest = _newest(session, link_id, module) if version is None else version
    kept = {
        row.ours: Rule(row.ours, row.theirs, row.direction, row.wins)
        for row in session.scalars(
            select(FieldRule).where(
                FieldRule.link_id == link_id, FieldRule.module == module, FieldRule.version == newest
            )
        )
    }
    return [kept.get(rule.ours, rule) for rule in fields.usual(module)]


def versions_of(session: Session, link_id: int, module: str) -> list[Version]:
    """Newest first."""
    rows = session.execute(
        select(FieldRule.version, func.min(FieldRule.made_by), func.min(FieldRule.created_at))
        .where(FieldRule.link_id == link_id, FieldRule.module == module)
        .group_by(FieldRule.version)
        .order_by(FieldRule.version.desc())
        .limit(20)
    )
    return [Version(*row) for row in rows]


def kept_since(session: Session, link_id: int, module: str, based_on: int) -> Version | None:
    """The newest version, where it is another than the one that somebody's rows began from (0: the usual rows)."""
    newest = next(iter(versions_of(session, link_id, module)), None)
    return newest if newest is not None and newest.number != based_on else None


def told_of(session: Session, link_id: int) -> dict[str, str]:
    """module → its mapping in a few words, of those that have one."""
    kept = {
        module: f"version {number}, kept by {made_by}"
        for module, number, made_by in session.execute(
            select(FieldRule.module, FieldRule.version, FieldRule.made_by)
            .where(FieldRule.link_id == link_id)
            .distinct()
            .order_by(FieldRule.version)  # the newest stays
        )
    }
    return {module: kept.get(module, "the usual mapping") for module in fields.MAPPED}


def dresser(
    session: Session, link_id: int, module: str, local_id: int
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What turns the usual payload of one record into the one that the mapping wants."""
    if module not in fields.MAPPED or not _newest(session, link_id, module):
        return dict
    rules = rules_of(session, link_id, module)
    values = mapped_records.values_of(session.get_one(mapped_records.MODELS[module], local_id), module)
    return lambda payload: fields.dress(payload, module, rules, values)


def for_update(session: Session, link_id: int, module: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What an update says: nothing about fields that only Zoho decides."""
    if module not in fields.MAPPED or not _newest(session, link_id, module):
        return dict(payload)
    return fields.without_pulled(payload, module, rules_of(session, link_id, module))


def would_change(session: Session, link_id: int, module: str, wanted: Sequence[Rule]) -> list[mapped_records.Touched]:
    """Those records of ours that would look different in Zoho."""
    return mapped_records.touched_by(session, link_id, module, rules_of(session, link_id, module), wanted)


def keep(
    session: Session, link: Link, module: str, wanted: Sequence[Rule], *, made_by: str, based_on: int | None = None
) -> int:  # fmt: skip
    """A new version; the records that it changes go over again. How many those are. Does not commit.

    based_on  the version that was in force when these rows were looked at; None where nobody looked
    Raises KeptMeanwhile when there is another one by now; two at the same moment come one after the other.
    """
    changed = would_change(session, link.id, module, wanted)
    session.execute(select(Link.id).where(Link.id == link.id).with_for_update())
    if based_on is not None and (since := kept_since(session, link.id, module, based_on)):
        raise KeptMeanwhile(f"{since.made_by} kept version {since.number} meanwhile.")
    before = rules_of(session, link.id, module)
    number = _newest(session, link.id, module) + 1
    session.add_all(
        FieldRule(
            organisation_id=link.organisation_id, link_id=link.id, module=module, version=number, ours=rule.ours,
            theirs=rule.theirs, direction=rule.direction, wins=rule.wins, made_by=made_by[:200],
        )
        for rule in wanted
    )  # fmt: skip
    session.flush()
    then = {rule.ours: rule.theirs for rule in before}
    _forget_common(session, link.id, module, [rule.ours for rule in wanted if rule.theirs != then[rule.ours]])
    for each in changed:
        outbox.record(session, link.organisation_id, module, each.id)
    audit.note(
        session, link.organisation_id, "mapping changed", "link", link.id,
        words=f"Mapping of {CALLED[module].lower()}: version {number}",
        before={module: _told(before)}, after={module: _told(wanted), "version": number},
    )  # fmt: skip
    return len(changed)


def _forget_common(session: Session, link_id: int, module: str, moved: Sequence[str]) -> None:
    """A field that goes elsewhere has nothing in common with what is there: else an empty field there would be taken
    for one that was emptied there, and ours would be emptied too."""
    for key in moved:
        path = ["common", key]
        session.execute(
            update(MirrorRecord)
            .where(MirrorRecord.link_id == link_id, MirrorRecord.module == module)
            .where(MirrorRecord.snapshot["common"].has_key(key))
            .values(snapshot=MirrorRecord.snapshot.op("#-")(cast(path, ARRAY(Text))))
        )


def _newest(session: Session, link_id: int, module: str) -> int:
    """0 while the usual rows are in force."""
    newest = select(func.max(FieldRule.version)).where(FieldRule.link_id == link_id, FieldRule.module == module)
    return session.scalars(newest).one() or 0


def _told(rules: Sequence[Rule]) -> dict[str, str]:
    return {rule.ours: f"{rule.theirs} · {rule.direction} · {rule.wins}" for rule in rules}

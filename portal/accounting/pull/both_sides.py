"""One record as both sides have it: what changed there is taken over, what changed here stays to be sent, and what both
changed is asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal.accounting import field_rules, fields, incoming, merging
from portal.accounting.fields import Rule
from portal.accounting.merging import Merged
from portal.accounting.mirror import records
from portal.accounting.mirror.lease import Turn
from portal.accounting.mirror.payloads import left_fields, payload_now
from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import changes, persons, questions, tax_changes, tax_merging
from portal.accounting.pull.sightings import stamp_of
from portal.shared import outbox
from portal.shared.errors import RuleBroken

INVENTED = "invented"  # of what is kept of an item that came from there without a code: the one that it got here


def bring_together(session: Session, turn: Turn, record: MirrorRecord, theirs: Mapping[str, Any]) -> bool:
    """`theirs` is the whole record, as Zoho answers it alone. True when anything differed. Does not commit."""
    if record.module == "tax":
        tax_merging.bring_together(session, record, tax_changes.known_in(theirs), turn.product_name)
        record.state, record.next_try_at = "pending", func.clock_timestamp()
        return True
    rules = field_rules.rules_of(session, record.link_id, record.module)
    base, there = _common(record, rules), _values(session, record, theirs, rules)
    source, payload = payload_now(session, record)
    here = incoming.values_of(record.module, payload, rules) | changes.own_state(session, record)
    if "code" in here and here["code"] == (record.snapshot or {}).get(INVENTED):
        here["code"] = ""  # nobody wrote it: one that is written there takes its place
    ways = fields.ways_of(record.module, rules)
    merged = merging.merge(base, here, there, fields.winners_of(record.module, rules), ways)
    merged = changes.sort_out(record.module, merged)
    with changes.in_the_name_of(turn.product_name):
        why = _take(session, record, merged)
        if why:
            merged = replace(merged, take={}, ask=merged.ask | {name: (here.get(name, ""), there[name])
                                                                for name in merged.take})  # fmt: skip
        persons.take_over(session, record, theirs, only_new=ways.get("first_name") == fields.PUSH)
    record.remote_modified_at = stamp_of(theirs) or record.remote_modified_at
    record.remote_status = "" if there["is_active"] else INACTIVE
    _keep(session, record, merged, theirs, why)
    questions.ask_about_fields(session, record, source.label, merged.ask, why)
    return not merged.is_equal


def common_of(session: Session, link_id: int, module: str, theirs: Mapping[str, Any]) -> dict[str, str]:
    """What is to count as the common state where one of ours has just been tied to `theirs`."""
    return incoming.values_of(module, theirs, field_rules.rules_of(session, link_id, module))


def looks_changed(record: MirrorRecord, row: Mapping[str, Any], rules: Sequence[Rule]) -> bool:
    """Does a row of Zoho's list say anything else than what both sides had in common, as far as it tells?"""
    common, ways = _common(record, rules), fields.ways_of(record.module, rules)
    there = incoming.listed_values(record.module, row, rules)
    return any(common.get(name, there[name]) != there[name] and ways.get(name) != fields.PUSH for name in there)


def _common(record: MirrorRecord, rules: Sequence[Rule]) -> dict[str, str]:
    kept, is_active = record.snapshot or {}, "" if record.remote_status == INACTIVE else "yes"
    if kept.get("common") is not None:
        return {**kept["common"], "is_active": is_active}
    if kept.get("sent") is None:
        return {"is_active": is_active}
    return incoming.values_of(record.module, kept["sent"], rules) | {"is_active": is_active}


def _values(session: Session, record: MirrorRecord, theirs: Mapping[str, Any], rules: list[Rule]) -> dict[str, str]:
    values = incoming.values_of(record.module, theirs, rules)
    if values.get("tax") and not changes.knows_tax(session, record.link_id, values["tax"]):
        values["tax"] = _common(record, rules).get("tax", "")  # a tax that is not here cannot be taken over
    return values


def _take(session: Session, record: MirrorRecord, merged: Merged) -> str:
    """Why it cannot be taken over; empty when it was."""
    if not merged.take:
        return ""
    try:
        with session.begin_nested():
            changes.make(session, record, merged.take)
    except RuleBroken as problem:
        return problem.sentence
    return ""


def _keep(session: Session, record: MirrorRecord, merged: Merged, theirs: Mapping[str, Any], why: str) -> None:
    source, payload = payload_now(session, record)
    kept = record.snapshot or {}
    ids = persons.ids_of(source, theirs, kept.get("persons") or {})
    common = dict(merged.common)
    fresh = {"sent": kept.get("sent"), "persons": ids, "common": common}
    fresh |= {INVENTED: kept[INVENTED]} if INVENTED in kept else {}
    record.sending_since, record.next_try_at = None, func.clock_timestamp()
    if merged.ask:
        record.state, record.snapshot, record.last_error_code = "conflict", fresh, ""
        record.last_error = (why or _said(record.module, merged))[:500]
        version = records.version_of(session, record)
        outbox.settle(session, record.organisation_id, record.module, record.local_id, version)
        return
    if merged.send or left_fields(kept.get("sent") or {}, payload):
        outbox.record(session, record.organisation_id, record.module, record.local_id)
        session.flush()
        record.state, record.attempts = "pending", 0
        record.snapshot = fresh | {"read": records.version_of(session, record)}
        return
    record.snapshot = fresh | {"sent": payload}
    records.bring_in_step(session, record, records.version_of(session, record), source.label)


def _said(module: str, merged: Merged) -> str:
    names = ", ".join(fields.label_of(module, name) for name in sorted(merged.ask))
    return f"Changed here and in Zoho: {names}. Choose which one counts."

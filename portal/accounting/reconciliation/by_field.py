"""Customers and items that are one on both sides, field by field: as far as Zoho's list tells, at no call more.

What was compared once is compared again only after something of it has changed, there, here or in the mapping.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting import field_rules, fields, incoming
from portal.accounting.fields import Rule
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.payloads import payload_now
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import changes
from portal.accounting.pull.both_sides import INVENTED
from portal.accounting.reconciliation.models import PairDifference
from portal.shared.outbox import Change
from portal.taxes.models import Tax

HERE, THERE = 3, 4  # where one of PairDifference.fields has what people read
# Our field → where a row of Zoho's list tells it; what a row leaves out says nothing.
_TOLD: dict[str, dict[str, str]] = {
    "customer": {
        "name": "contact_name", "first_name": "first_name", "last_name": "last_name", "email": "email",
        "phone": "phone", "is_active": "status",
    },
    "item": {
        "name": "name", "code": "sku", "kind": "product_type", "unit_price": "rate", "tax": "tax_id",
        "is_active": "status",
    },
}  # fmt: skip


def compare(session: Session, link: Link, module: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down in what the pairs among these rows differ, and forget what they no longer do. Does not commit."""
    there = {str(row[MODULES[module].id_key]): row for row in rows}
    rules = field_rules.rules_of(session, link.id, module)
    change = and_(Change.subject == MirrorRecord.module, Change.subject_id == MirrorRecord.local_id)
    at_rest = session.execute(
        select(MirrorRecord, Change.version)
        .outerjoin(Change, change)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == module, MirrorRecord.state == "in_step")
        .where(MirrorRecord.remote_id.in_(list(there)), or_(Change.is_settled, Change.version.is_(None)))
    )
    for record, version in at_rest.all():
        told = _told(module, there[record.remote_id or ""], rules)
        mark = _mark(told, version, rules)
        if record.compared != mark:
            record.compared = mark
            _keep(session, record, _differing(session, record, told, rules))


def words_of(module: str, differing: Sequence[Sequence[str]], side: int) -> str:
    """What one side says of the fields that differ: "Price 95, E-mail none". side: HERE or THERE."""
    return ", ".join(f"{fields.label_of(module, each[0])} {each[side] or 'none'}" for each in differing)


def _told(module: str, row: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, str]:
    keys = _TOLD[module] | {
        rule.ours: "custom_fields" if rule.theirs.startswith(fields.CUSTOM) else rule.theirs for rule in rules
    }
    listed = incoming.listed_values(module, row, rules)
    return {name: value for name, value in listed.items() if keys.get(name) in row}


def _differing(
    session: Session, record: MirrorRecord, told: Mapping[str, str], rules: Sequence[Rule]
) -> list[list[str]]:  # fmt: skip
    """[our field, its value here, its value there, and both as people read them]"""
    _, payload = payload_now(session, record)
    here = incoming.values_of(record.module, payload, rules) | changes.own_state(session, record)
    return [
        [name, here.get(name, ""), there, _said(session, record, name, here.get(name, "")),
         _said(session, record, name, there)]
        for name, there in sorted(told.items())
        if _plain(name, here.get(name, "")) != _plain(name, there) and not _is_invented(record, name, here, there)
    ]  # fmt: skip


def _is_invented(record: MirrorRecord, name: str, here: Mapping[str, str], there: str) -> bool:
    """A code that only ours must have: nobody wrote it, and theirs never had one."""
    return name == "code" and not there and here.get(name) == (record.snapshot or {}).get(INVENTED)


def _plain(name: str, value: str) -> str:
    """As a person compares: capitals of an address and the way in which a telephone is written count for nothing."""
    if name == "email":
        return value.casefold()
    return re.sub("[^0-9]", "", value)[-9:] or value if name == "phone" else value


def _said(session: Session, record: MirrorRecord, name: str, value: str) -> str:
    if name == "is_active":
        return "yes" if value else "no"
    if name != "tax" or not value:
        return value
    twin = select(MirrorRecord.local_id).where(
        MirrorRecord.link_id == record.link_id, MirrorRecord.module == "tax", MirrorRecord.remote_id == value
    )
    return session.scalars(select(Tax.name).where(Tax.id.in_(twin))).first() or "one that is not here"


def _mark(told: Mapping[str, str], version: int | None, rules: Sequence[Rule]) -> str:
    text = json.dumps([told, version, [[rule.ours, rule.theirs] for rule in rules]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(session: Session, record: MirrorRecord, differing: list[list[str]]) -> None:
    """What differs in the same way as when somebody left it so, stays left."""
    of = (record.link_id, record.module, record.local_id)
    keys = (PairDifference.link_id, PairDifference.module, PairDifference.local_id)
    if not differing:
        session.execute(delete(PairDifference).where(*(key == value for key, value in zip(keys, of, strict=True))))
        return
    row = insert(PairDifference).values(
        organisation_id=record.organisation_id, link_id=of[0], module=of[1], local_id=of[2], fields=differing,
        left_by="",
    )  # fmt: skip
    anew = {"fields": differing, "left_at": None, "left_by": ""}
    session.execute(
        row.on_conflict_do_update(
            index_elements=["link_id", "module", "local_id"], set_=anew,
            where=PairDifference.fields != row.excluded.fields,
        )
    )  # fmt: skip

"""Custom fields of the linked organisation: read from its records; one that no record shows is tried on one of ours.

Zoho documents no list of an organisation's custom fields (zoho/API.md §6.3 has only those on records), so one that no
record has filled yet can only be named by people, and only Zoho can say whether it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import custom_fields_there, field_rules, fields
from portal.accounting.fields import Facts, Rule, Theirs
from portal.accounting.mirror.modules import MODULES, Module
from portal.accounting.mirror.send import other_custom_fields
from portal.accounting.models import Consent, Link, MirrorRecord
from portal.accounting.setup.desk import Desk
from portal.gateways.zoho.errors import Refused

_NEVER_CUSTOM = "tax"
_NO_RECORD = (
    "Zoho shows {name} on no record, and nothing of yours is there yet on which it could be tried. Fill it in on one"
    " record in Zoho, or come back when the first of yours has gone over."
)
_REFUSED = (
    "Zoho did not take {name} when it was tried just now: {said} Look up its API name in Zoho, in the settings of"
    " {called} under custom fields, or choose another field."
)
_ODD = "{name} is no field for text, numbers or addresses in Zoho, so it cannot be filled from here. Choose another."


def facts_of(
    session: Session, tied: Link, module: str, typed: Sequence[str], country: str, *, anew: bool = True
) -> tuple[Facts, int | None]:
    """What a mapping is checked against, with the custom fields as Zoho's records show them, those in force, and those
    typed (API names); and how many records were looked at, where that was not all. Commits, as Zoho is called. Raises
    GatewayError.

    anew  whatever was found a few minutes ago
    """
    if module == _NEVER_CUSTOM:
        return Facts(module, tied.product, country=country), None
    consent = session.get_one(Consent, tied.consent_id)
    known = facts_without_asking(session, tied, module, typed, country)
    session.commit()  # no transaction stays open while Zoho is called
    there = custom_fields_there.shown(tied, consent, module, anew=anew)
    found = {each.key: each for each in (*known.custom, *there.fields)}
    return replace(known, custom=sorted(found.values(), key=lambda each: each.label)), there.looked_at


def facts_without_asking(session: Session, tied: Link, module: str, typed: Sequence[str], country: str) -> Facts:
    """The same while Zoho is silent: of the custom fields, those in force and those typed."""
    in_force = [rule.theirs for rule in field_rules.rules_of(session, tied.id, module)]
    named = [each for each in in_force if each.startswith(fields.CUSTOM)] + [fields.CUSTOM + each for each in typed]
    found = {each: fields.custom_field(each) for each in named}
    return Facts(module, tied.product, sorted(found.values(), key=lambda each: each.label), country=country)


def try_out(session: Session, tied: Link, facts: Facts, wanted: Sequence[Rule]) -> tuple[Facts, dict[str, str]]:
    """The facts as Zoho tells them of each custom field that only people have named, and our field → why it cannot be
    filled. Tried without a value, on a record of ours. Commits, as Zoho is called. Raises GatewayError."""
    unseen = {each.key for each in facts.custom if not each.is_seen}
    named = {rule.theirs: rule.ours for rule in wanted if rule.theirs in unseen}
    if not named:
        return facts, {}
    remote_id = _one_of_ours(session, tied.id, facts.module)
    if remote_id is None:
        return facts, {ours: _NO_RECORD.format(name=_name(key)) for key, ours in named.items()}
    consent = session.get_one(Consent, tied.consent_id)
    session.commit()
    seen: dict[str, Theirs] = {}
    wrong: dict[str, str] = {}
    with Desk(tied, consent) as desk:
        for key, ours in named.items():
            words = _try_one(desk, MODULES[facts.module], remote_id, key, seen)
            if words:
                wrong[ours] = words
    return replace(facts, custom=[seen.get(each.key, each) for each in facts.custom]), wrong


def _try_one(desk: Desk, module: Module, remote_id: str, key: str, seen: dict[str, Theirs]) -> str:
    """Why it cannot be filled; "" where it can. `seen` gets what the record shows."""
    address, name = f"{module.path}/{remote_id}", _name(key)
    there = desk.call("GET", address)[module.key]
    if not _shows(there, name):
        body = {"custom_fields": [{"api_name": name, "value": ""}, *other_custom_fields(there, {name})]}
        try:
            there = desk.call("PUT", address, body=body)[module.key]
        except Refused as problem:
            return _REFUSED.format(name=name, said=problem.words, called=fields.SIDES[module.name][1])
    known = {each.key: each for each in fields.custom_fields_of(there)}
    if _shows(there, name) and key not in known:
        return _ODD.format(name=name)
    seen.update(known)
    return ""


def _shows(record: Mapping[str, Any], name: str) -> bool:
    return any(each.get("api_name") == name for each in record.get("custom_fields") or [])


def _one_of_ours(session: Session, link_id: int, module: str) -> str | None:
    """Zoho's id of a record of ours that is there, the newest of those that are in step."""
    found = select(MirrorRecord.remote_id).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.is_not(None)
    )
    newest_in_step = (MirrorRecord.state == "in_step").desc(), MirrorRecord.id.desc()
    return session.scalars(found.order_by(*newest_in_step).limit(1)).first()


def _name(key: str) -> str:
    return key.removeprefix(fields.CUSTOM)

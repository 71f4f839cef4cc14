"""Region packs: what a new organisation in a country starts with. Data, not code: one file a region in packs/.

A pack of a country: tax_number_label, source, taxes (name, rate or dated rates, until, kind, why, default), groups;
check (the rule of its tax numbers), places (of supply, code → name), inclusive (false where prices with tax are not
offered), rounding (the levels that the law allows, where it does not allow all).
"""

import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.organisations.places import countries
from portal.shared import clock
from portal.taxes.actions import add_group, add_rate, add_tax, set_between_states
from portal.taxes.determination import GULF
from portal.taxes.regions.standing import exemptions_of, place_code, standing_of
from portal.taxes.standing.models import Exemption, LocalTax

_FOLDER = Path(__file__).parent / "packs"
_ELSEWHERE = "*"


@cache
def packs() -> dict[str, dict[str, Any]]:
    """Country → its pack; "*" is for all that have none. Raises ValueError when two files name one country."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(_FOLDER.glob("*.json")):
        countries = json.loads(path.read_text("utf-8"))
        twice = found.keys() & countries.keys()
        if twice:
            raise ValueError(f"{path.name}: {twice} stand in another file, too")
        found |= countries
    return found


def pack(country: str) -> dict[str, Any]:
    return packs().get(country, packs()[_ELSEWHERE])


def tax_number_label(country: str) -> str:
    return str(pack(country)["tax_number_label"])


def start_taxes(session: Session, organisation_id: int, country: str) -> None:
    """The taxes that a new organisation in `country` begins with. Does not commit."""
    made = {each["name"]: _start_tax(session, organisation_id, each) for each in pack(country)["taxes"]}
    for each in pack(country)["taxes"]:
        if "between_states" in each:
            set_between_states(session, made[each["name"]], made[each["between_states"]])
    groups = []
    for group in pack(country).get("groups", ()):
        members = [made[name] for name in group["members"]]
        added = add_group(
            session, organisation_id, group["name"], members, why=group.get("why", ""),
            is_default=group.get("default", False),
        )  # fmt: skip
        added.is_active = all(member.is_active for member in members)
        groups.append(added)
        if "between_states" in group:
            set_between_states(session, added, made[group["between_states"]])
    rows = [
        {"organisation_id": organisation_id, "name": name, "applies_to": applies_to}
        for applies_to, names in exemptions_of(country).items()
        for name in names
    ]
    session.execute(insert(Exemption).values(rows).on_conflict_do_nothing())
    named = {tax.name: tax.id for tax in [*made.values(), *groups]}
    local = [
        {"organisation_id": organisation_id, "state": state, "city": "", "postal_code": "", "tax_id": named[name]}
        for state, name in standing_of(country).get("by_state", {}).items()
    ]
    if local:
        session.execute(insert(LocalTax).values(local).on_conflict_do_nothing())


def _start_tax(session: Session, organisation_id: int, each: dict[str, Any]) -> Any:
    first, *later = each.get("rates") or [{"rate": each["rate"], "from": "2000-01-01"}]
    tax = add_tax(
        session, organisation_id, each["name"], Decimal(first["rate"]), kind=each.get("kind", "percent"),
        why=each.get("why", ""), is_default=each.get("default", False), valid_from=date.fromisoformat(first["from"]),
        ends_on=date.fromisoformat(each["until"]) if "until" in each else None,
    )  # fmt: skip
    for rate in later:
        add_rate(tax, Decimal(rate["rate"]), date.fromisoformat(rate["from"]))
    tax.is_active = tax.ends_on is None or tax.ends_on >= clock.now().date()
    return tax


@cache
def places(country: str) -> dict[str, str]:
    """Places of supply, code → name, where the region asks for one."""
    asked = standing_of(country)
    if not asked.get("asks_place"):
        return {}
    abroad = {code: countries()[code] for code in sorted(GULF)} if asked.get("gulf_places") else {}
    return dict(pack(country).get("places", {})) | abroad


def own_places(country: str) -> dict[str, str]:
    """To choose a firm's own place from, code → name, where the law of its country asks for one."""
    return dict(pack(country).get("places", {})) if standing_of(country).get("own_place") else {}


def place_of(country: str, written: str) -> str:
    """The place of supply that an address's state is, or nothing."""
    return place_code(country, written, places(country))

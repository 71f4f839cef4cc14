"""The taxes, reasons and places that a new organisation begins with. Apart from the packs: it needs the verbs on taxes,
and those ask the packs."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.shared import clock
from portal.taxes.actions import add_group, add_rate, add_tax, set_between_states
from portal.taxes.regions import pack
from portal.taxes.regions.standing import exemptions_of, standing_of
from portal.taxes.standing.models import Exemption, LocalTax


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
    outside = standing_of(country).get("outside", ())
    rows = [
        {"organisation_id": organisation_id, "name": name, "applies_to": applies_to, "is_outside": name in outside}
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

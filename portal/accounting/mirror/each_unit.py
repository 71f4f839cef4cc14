"""Taxes that are so much for each unit: Zoho has none. What is left of a group goes there; their sum stands on the
invoice as an adjustment that bears their names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.taxes.models import Tax, TaxGroupMember

EACH_UNIT = "fixed_per_unit"


def stand_ins(session: Session) -> dict[int, int]:
    """Group → the tax that a line bears there in its place, where only one of its members is known there."""
    members: dict[int, list[int]] = {}
    rows = session.execute(
        select(TaxGroupMember.group_id, TaxGroupMember.tax_id)
        .join(Tax, Tax.id == TaxGroupMember.tax_id)
        .where(Tax.kind.not_in(rules.TAXES_THAT_STAY_HERE))
    )
    for group_id, tax_id in rows:
        members.setdefault(group_id, []).append(tax_id)
    return {group_id: known[0] for group_id, known in members.items() if len(known) == 1}


def charged_beside(breakdown: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Name and amount of each, of a frozen breakdown. None where prices include tax: there they are inside the lines,
    and only people can tell what Zoho is to make of them."""
    if breakdown.get("policy", {}).get("price_includes_tax"):
        return []
    return [
        (row["name"], Decimal(row["amount"]))
        for row in breakdown.get("taxes", ()) if row["kind"] == EACH_UNIT and Decimal(row["amount"])
    ]  # fmt: skip

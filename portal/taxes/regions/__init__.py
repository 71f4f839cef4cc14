"""Region packs: what a new organisation in a country starts with. Data, not code."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from portal.taxes.actions import add_tax

_EDITIONS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "editions.json").read_text("utf-8"))


def tax_number_label(country: str) -> str:
    return str(_edition(country)["tax_number_label"])


def start_taxes(session: Session, organisation_id: int, country: str) -> None:
    """The taxes that a new organisation in `country` begins with. Does not commit."""
    for tax in _edition(country)["taxes"]:
        add_tax(
            session, organisation_id, tax["name"], Decimal(tax["rate"]), kind=tax.get("kind", "percent"),
            why=tax.get("why", ""), is_default=tax.get("default", False),
        )  # fmt: skip


def _edition(country: str) -> dict[str, Any]:
    return _EDITIONS.get(country, _EDITIONS["*"])

"""Region packs: what a new organisation in a country starts with. Data, not code: one file a region in packs/.

A pack of a country: tax_number_label, source, taxes (name, dated rates or one that is older than 2000, until, kind,
why, default), groups;
check (the rule of its tax numbers), places (of supply, code → name), inclusive (false where prices with tax are not
offered), rounding (the levels that the law allows, where it does not allow all).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from portal.organisations.places import countries
from portal.taxes.determination import GULF
from portal.taxes.regions.standing import place_code, standing_of

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

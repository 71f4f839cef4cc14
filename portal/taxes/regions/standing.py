"""What a region asks of customers and items: how they may stand, which places there are. Data: treatments.json.

Of a family of countries: treatments (code in Zoho's words → label; numbered: which of them nobody has without a tax
number of this country; India's begins with the code of its state), exemptions to begin with (of customers, of items;
outside: which of these are outside the tax), asks_place and gulf_places (of supply), own_place (what the firm's own
place is called, where the law asks for one),
replaced_in (where another tax takes the usual one's place), in_halves (a tax of the state is a group, whose members
never stand alone; no_halves: what stands in such a group's tax that is no half, by a part of its name), codes (what
items are numbered with), buildings (work on them is taxed where they stand), domestic_reverse_charge, by_address (the
tax of the service address goes first) with states and by_state (the tax that a state's addresses begin with),
without_number (invoices need no tax number), aliases (of places).
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "treatments.json"


@cache
def _families() -> dict[str, dict[str, Any]]:
    """Country → what is asked there; "*" is for all that no family names."""
    families = json.loads(_FILE.read_text("utf-8"))
    return {country: family for family in families.values() for country in family["countries"]}


def standing_of(country: str) -> dict[str, Any]:
    return _families().get(country, _families()["*"])


def exemptions_of(country: str) -> dict[str, list[str]]:
    return dict(standing_of(country)["exemptions"])


def place_code(country: str, written: str, places: Mapping[str, str]) -> str:
    """The code of a place as people write it in an address: Maharashtra, MH or 27. Nothing where it is none."""
    said = written.strip().casefold()
    if not said:
        return ""
    named = next((code for code, name in places.items() if said in (code.casefold(), name.casefold())), "")
    return named or str(standing_of(country).get("aliases", {}).get(said.upper(), ""))

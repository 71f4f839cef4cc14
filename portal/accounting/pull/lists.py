"""How each module's changes are listed, as far as Zoho's lists allow (zoho/API.md §8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.pull.rules import Place

PER_PAGE = 200


@dataclass(frozen=True)
class Listing:
    """
    by_change  the list can be narrowed to what changed since an instant
    is_sorted  it can be sorted by the instant of the change, too
    """

    by_change: bool
    is_sorted: bool
    query: Mapping[str, str]


LISTS = {
    "customer": Listing(True, True, {"filter_by": "Status.All"}),
    "item": Listing(False, False, {"filter_by": "Status.All"}),
    "payment": Listing(True, True, {}),
    "credit_note": Listing(True, True, {}),
    "invoice": Listing(True, False, {}),
}


def page(remote: Remote, module: str, place: Place) -> tuple[list[dict[str, Any]], bool]:
    """The rows of one page, and whether there are more. One call."""
    listing = LISTS[module]
    query = {"per_page": str(PER_PAGE), "page": str(place.page), **listing.query}
    if listing.by_change:
        query["last_modified_time"] = _said(place.lower)
    if listing.is_sorted:
        query |= {"sort_column": "last_modified_time", "sort_order": "A"}
    elif listing.by_change:
        query |= {"sort_column": "created_time", "sort_order": "A"}
    body = remote.call("GET", MODULES[module].path, query)
    return list(body.get(MODULES[module].list_key, [])), bool(body.get("page_context", {}).get("has_more_page"))


def _said(instant: datetime) -> str:
    """Zoho writes offsets without a colon; the plus sign is escaped by whoever sends the query."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S%z")

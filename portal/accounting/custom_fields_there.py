"""The custom fields that an organisation's records show: every page of the list is looked at, once for each visit.

Zoho's list shows a custom field only on the records that have a value in it, so one on the last page counts too. What
was found is remembered for a few minutes: seeing what would change and keeping it ask for no page again.
"""

import contextlib
import json
import time
from collections.abc import Sequence
from typing import NamedTuple

from redis.exceptions import RedisError

from portal.accounting import fields
from portal.accounting.fields import Theirs
from portal.accounting.mirror.modules import MODULES
from portal.accounting.models import Consent, Link
from portal.accounting.setup.desk import Desk, page_of
from portal.shared.running import here

_REMEMBERED_S = 600
_PATIENCE_S = 10  # somebody waits for the page
_MOST_PAGES = 50  # half of the calls of a minute: the workers need the others


class Shown(NamedTuple):
    """looked_at: how many records, where that was not all of them."""

    fields: Sequence[Theirs]
    looked_at: int | None = None


def shown(tied: Link, consent: Consent, module: str, *, anew: bool) -> Shown:
    """anew: whatever was found a few minutes ago. Calls Zoho, so no transaction may be open. Raises GatewayError."""
    key = f"custom-fields:{tied.id}:{module}"
    found = None if anew else _remembered(key)
    if found is None:
        found = _look(tied, consent, module)
        with contextlib.suppress(RedisError):
            text = json.dumps([[vars(each) for each in found.fields], found.looked_at])
            here().redis.set(key, text, ex=_REMEMBERED_S)
    return found


def _remembered(key: str) -> Shown | None:
    with contextlib.suppress(RedisError):
        text = here().redis.get(key)
        if text:
            listed, looked_at = json.loads(text)
            tuples = ("products", "countries")
            return Shown([Theirs(**each | {name: tuple(each[name]) for name in tuples}) for each in listed], looked_at)
    return None


def _look(tied: Link, consent: Consent, module: str) -> Shown:
    known: dict[str, Theirs] = {}
    until, page, count = time.monotonic() + _PATIENCE_S, 0, 0
    has_more = True
    with Desk(tied, consent) as desk:
        while has_more and page < _MOST_PAGES and (page == 0 or time.monotonic() < until):
            page += 1
            records, has_more = page_of(desk, MODULES[module].path, MODULES[module].list_key, page)
            count += len(records)
            known |= {each.key: each for record in records for each in fields.custom_fields_of(record)}
    return Shown(list(known.values()), count if has_more else None)

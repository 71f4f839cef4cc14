"""An invoice that was made in Zoho, and of which a person said that it is one of ours.

It counts as in step only once both were compared to the cent; its customer, lines and sums are never written over.
"""

from collections.abc import Mapping
from typing import Any

from portal.accounting.models import MirrorRecord

TIED = "tied"
_SAID, _AGREED = "said", "agreed"
_FREE = {"reference_number", "due_date", "payment_terms", "notes", "terms", "custom_fields"}


def as_said() -> dict[str, Any]:
    """The snapshot that such a record begins with."""
    return {TIED: _SAID, "sent": None}


def is_theirs(record: MirrorRecord) -> bool:
    return TIED in (record.snapshot or {})


def is_to_be_compared(record: MirrorRecord) -> bool:
    """Before anything else is done about it."""
    return (record.snapshot or {}).get(TIED) == _SAID


def agree(record: MirrorRecord) -> None:
    """Both sides were found to come to the same, or a person lives with the difference."""
    if is_theirs(record):
        record.snapshot = {**(record.snapshot or {}), TIED: _AGREED}


def left_as_it_is(record: MirrorRecord, payload: Mapping[str, Any]) -> frozenset[str]:
    """The parts of an update that are not sent."""
    return frozenset(payload.keys() - _FREE) if is_theirs(record) else frozenset()

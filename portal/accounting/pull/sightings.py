"""Telling news from the echo of what is known. Zoho's stamps have whole seconds: a change within the second of our own
write carries the stamp of ours. So beside the stamp it is kept what was last seen under it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire

# What the lists tell of a record, and the answers to our writes as well.
_AMOUNTS = {
    "invoice": ("total", "balance", "write_off_amount"),
    "payment": ("amount", "unused_amount"),
    "credit_note": ("total", "balance"),
}
_SECOND = timedelta(seconds=1)
PAPER = "paper"  # of what is kept of an invoice: what it says there beside its money, as it was last seen
_PAPER = ("customer_id", "customer_name", "due_date", "reference_number", "notes", "terms")


def stamp_of(record: Mapping[str, Any]) -> datetime | None:
    """When Zoho changed it last. Some answers say it in another word than the lists."""
    text = str(record.get("last_modified_time") or record.get("updated_time") or "")
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return None
    return stamp if stamp.tzinfo is not None else None


def is_news(record: MirrorRecord, row: Mapping[str, Any]) -> bool:
    """Does a row of Zoho's list tell of a change since the record was last seen or written?"""
    stamp, known = stamp_of(row), record.remote_modified_at
    if stamp is None or (known is not None and stamp < known):
        return False
    return stamp != known or record.last_seen != _told(record.module, row)


def is_unexplained(record: MirrorRecord, row: Mapping[str, Any]) -> bool:
    """Changed since, though all that the list tells is as it was."""
    stamp, known = stamp_of(row), record.remote_modified_at
    is_later = stamp is not None and known is not None and stamp > known
    return is_later and record.last_seen == _told(record.module, row)


def paper_of(invoice: Mapping[str, Any]) -> dict[str, str] | None:
    """None where an answer does not tell."""
    return {part: str(invoice.get(part) or "") for part in _PAPER} if "due_date" in invoice else None


def remember(record: MirrorRecord, seen: Mapping[str, Any]) -> None:
    """`seen` is a row of the list, or the answer to a write: met again, it tells nothing new. Where the row says it in
    other words than the answer, the record is looked at once more."""
    record.remote_modified_at = stamp_of(seen) or record.remote_modified_at
    if record.module in _AMOUNTS:
        record.last_seen = _told(record.module, seen)


def wrote(session: Session, record: MirrorRecord, answer: Mapping[str, Any], *, is_new: bool) -> None:
    """We have just written it. Does not commit."""
    remember(record, answer)
    if record.module == "invoice" and (paper := paper_of(answer)) is not None:
        record.snapshot = {**(record.snapshot or {}), PAPER: paper}
    if record.module != "customer" or is_new:
        return
    if directions.direction_of(session, record.link_id, record.module) == directions.BOTH:
        doubt(record)


def doubt(record: MirrorRecord) -> None:
    """Of this module the list tells too little to see what else was changed in the second of our write: so the whole
    record is read once more."""
    if record.remote_modified_at is not None:
        record.remote_modified_at -= _SECOND


def doubt_still(record: MirrorRecord, known_before: datetime | None, now: datetime) -> None:
    """The record was read while the second of our write, as Zoho counts, may have lasted: it may be changed in it yet.

    known_before  the stamp that was known before it was read
    """
    stamp = record.remote_modified_at
    was_in_doubt = stamp is not None and known_before == stamp - _SECOND
    if was_in_doubt and record.pushed_at is not None and now - record.pushed_at < 2 * _SECOND:
        doubt(record)


def _told(module: str, seen: Mapping[str, Any]) -> str:
    amounts = [wire.amount(seen.get(name)) or Decimal(0) for name in _AMOUNTS[module]]
    words = [_used_for(seen) if module == "payment" else str(seen.get("status", ""))]
    text = " ".join([*(f"{amount.normalize():f}" for amount in amounts), *words])
    return sha256(text.encode()).hexdigest()


def _used_for(payment: Mapping[str, Any]) -> str:
    """The numbers of the invoices that it pays: the list names them, an answer holds them."""
    listed = payment.get("invoice_numbers")
    numbers = [each.get("invoice_number", "") for each in payment.get("invoices") or []]
    found = str(listed).split(",") if listed is not None else numbers
    return ",".join(sorted(str(each).strip() for each in found))

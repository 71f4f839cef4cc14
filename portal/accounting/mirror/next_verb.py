"""Which of the verbs a record needs next."""

from typing import Any

from sqlalchemy.orm import Session

from portal.accounting import directions, tied
from portal.accounting.incoming import READ_BACK
from portal.accounting.mirror import reopening, writing_off
from portal.accounting.mirror.push import ACT, COMPARE, CREATE, DRAFT, INACTIVE, LOOK, SENT, UPDATE, VOID, Act
from portal.accounting.mirror.sources import Source
from portal.accounting.models import TAX_RATE, MirrorRecord
from portal.accounting.pull import tax_changes, tax_merging


def of(record: MirrorRecord, source: Source, snapshot: dict[str, Any]) -> str | None:
    """A create whose outcome is unknown is looked for first. An update may be sent again: the same twice is once."""
    if record.remote_id is None:
        return CREATE if record.sending_since is None else LOOK
    if tied.is_to_be_compared(record):
        return COMPARE
    if writing_off.is_to_be_opened(record, source):  # before anything else
        return ACT
    if record.module == "invoice" and source.is_void:  # nothing else about it matters any more, nor what differs
        return VOID if record.remote_status == SENT else None
    if record.module == "invoice" and reopening.next_act(record) is not None:
        return ACT
    if source.uses is not None:
        return None  # nothing about a payment changes but where its money is
    is_inactive = record.remote_status == INACTIVE
    if is_inactive and not source.is_inactive:
        return ACT
    if _without_taxes((record.snapshot or {}).get("sent")) != _without_taxes(snapshot):
        return UPDATE
    is_to_be_marked = (source.is_inactive and not is_inactive) or writing_off.next_act(record, source) is not None
    return ACT if is_to_be_marked else None


def _without_taxes(payload: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a paper's lines bear is frozen: which twin says so there by now is no reason to write it anew."""
    if payload is None or "line_items" not in payload:
        return payload
    lines = [{key: value for key, value in line.items() if key != "tax_id"} for line in payload["line_items"]]
    return {key: value for key, value in payload.items() if key != "shipping_charge_tax_id"} | {"line_items": lines}


def marking(record: MirrorRecord, source: Source) -> Act:
    """Twice is once."""
    of_invoice = reopening.next_act(record) or writing_off.next_act(record, source)
    if of_invoice is not None:
        return of_invoice
    return Act("POST", "/inactive", marks=INACTIVE) if source.is_inactive else Act("POST", "/active", marks="")


def told(act: Act | None, source: Source, product_name: str) -> str:
    """What an invoice's timeline says of it."""
    if act is None:
        return ""
    return reopening.told(source, product_name) if act.marks == DRAFT else writing_off.told(source, act, product_name)


def instead_of_update(session: Session, record: MirrorRecord, version: int, snapshot: dict[str, Any]) -> str | None:
    """UPDATE itself; COMPARE where what was changed there meanwhile must not be overwritten unseen; None for a tax
    that is to stay there as it is."""
    if record.module == TAX_RATE:
        return None  # made once: nothing about a rate of the past changes
    if record.module == "tax":
        if tax_changes.is_wanted_there(session, record, snapshot):
            return UPDATE
        return COMPARE if tax_merging.is_to_be_compared(session, record, version) else None
    return COMPARE if _is_to_be_compared(session, record, version) else UPDATE


def _is_to_be_compared(session: Session, record: MirrorRecord, version: int) -> bool:
    """A module kept from both sides: what was changed there meanwhile must not be overwritten unseen."""
    if record.module not in READ_BACK or (record.snapshot or {}).get("read") == version:
        return False
    return directions.direction_of(session, record.link_id, record.module) == directions.BOTH

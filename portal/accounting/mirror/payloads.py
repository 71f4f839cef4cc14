"""What one of our records looks like on its way to Zoho at this moment, as it is kept for comparison."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import field_rules
from portal.accounting.mirror import sources
from portal.accounting.mirror.sources import Source
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import tax_changes


def frozen(payload: Any) -> Any:
    """The payload as JSON keeps it: decimals as text, so that comparing is exact."""
    if isinstance(payload, Mapping):
        return {key: frozen(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [frozen(value) for value in payload]
    return str(payload) if isinstance(payload, Decimal) else payload


def emptied(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that were sent with a value and have none any more: what is left out of an update would stay there."""
    gone = {key: value for key, value in (before or {}).items() if key not in now}
    return {key: "" if isinstance(value, str) else 0 for key, value in gone.items() if isinstance(value, str | int)}


def reference_of(record: MirrorRecord, source: Source) -> str:
    """The name it goes by there: with its number behind it, where somebody else's record has the plain one; a tax that
    was tied keeps theirs."""
    if record.module == "tax" and record.remote_id is not None:
        there = tax_changes.known_there(record)
        return there.name if there else source.name
    is_spare = source.spare_name != "" and record.remote_number == source.spare_name
    return source.spare_name if is_spare else source.name


def dresser(session: Session, record: MirrorRecord) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the firm's own mapping makes of a payload, with the day that a person chose for it there."""
    mapped = field_rules.dresser(session, record.link_id, record.module, record.local_id)
    if record.dated_on is None:
        return mapped
    day = {"date": record.dated_on.isoformat()}
    return lambda payload: mapped(payload) | day


def payload_now(session: Session, record: MirrorRecord) -> tuple[Source, dict[str, Any]]:
    """Of a record that is in Zoho already, with whatever it needs. Raises LookupError when ours is gone."""
    source = sources.read(session, record.module, record.local_id)
    if source is None:
        raise LookupError(record.id)
    twins = {
        (module, local_id): remote_id or ""
        for module, local_id, remote_id in session.execute(
            select(MirrorRecord.module, MirrorRecord.local_id, MirrorRecord.remote_id).where(
                MirrorRecord.link_id == record.link_id,
                MirrorRecord.module.in_({module for module, _ in source.needs}),
                MirrorRecord.local_id.in_({local_id for _, local_id in source.needs}),
            )
        )
    }
    dress = dresser(session, record)

    def twin_id(module: str, local_id: int | None) -> str:
        return twins.get((module, local_id or 0), "")

    return source, frozen(dress(source.build(twin_id, reference_of(record, source), {})))

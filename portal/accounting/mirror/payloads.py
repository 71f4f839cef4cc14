"""What one of our records looks like on its way to Zoho at this moment, as it is kept for comparison."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import field_rules, fields
from portal.accounting.agreement import comparison
from portal.accounting.agreement.queries import latest_check
from portal.accounting.incoming import READ_BACK
from portal.accounting.mirror import sources, uses
from portal.accounting.mirror.sources import Source
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import tax_changes

_PERSONS = "contact_persons"


def frozen(payload: Any) -> Any:
    """The payload as JSON keeps it: decimals as text, so that comparing is exact."""
    if isinstance(payload, Mapping):
        return {key: frozen(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [frozen(value) for value in payload]
    return str(payload) if isinstance(payload, Decimal) else payload


def update_of(
    session: Session, record: MirrorRecord, payload: Mapping[str, Any], snapshot: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """What an update says: also what has been emptied or goes elsewhere now, as what is left out would stay there, and
    nothing about fields that only Zoho decides."""
    sent = (record.snapshot or {}).get("sent") or {}
    left = left_fields(sent, snapshot)
    custom = [*payload.get("custom_fields", ()), *({"api_name": name, "value": ""} for name in sorted(left))]
    full = _emptied(record.module, sent, snapshot) | dict(payload) | ({"custom_fields": custom} if custom else {})
    if full.get(_PERSONS) and sent.get(_PERSONS) == snapshot.get(_PERSONS):
        del full[_PERSONS]  # Zoho replaces the whole list: as nothing in it changed here, it stays as it is there
    if record.module == "invoice" and not sent:  # written anew, as it differs there
        full = _beside_nothing(session, record) | full
    return field_rules.for_update(session, record.link_id, record.module, full)


def _beside_nothing(session: Session, record: MirrorRecord) -> dict[str, Any]:
    """What the invoice was seen to have beside its lines there: what is left out of an update would stay."""
    check = latest_check(session, record.link_id, record.local_id)
    if check is None:
        return {}
    there = comparison.from_text(check.theirs)
    payload: dict[str, Any] = {"discount_type": "item_level", "discount": 0} if there.discount else {}
    payload |= {"shipping_charge": 0} if there.shipping else {}
    return payload | ({"adjustment": 0} if there.adjustment else {})


def left_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """API names of the custom fields that were filled, and that no row of the mapping goes to any more."""
    filled, wanted = ({each["api_name"] for each in payload.get("custom_fields", ())} for payload in (before, now))
    return filled - wanted


def _emptied(module: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that were sent with a value and have none any more; of an invoice only those that the mapping may fill.
    What was said not to be so is so again."""
    free = {each.key for each in fields.THEIRS[module]}
    gone = {key: value for key, value in before.items() if key not in now and (module in READ_BACK or key in free)}
    nothing = {
        key: not value if isinstance(value, bool) else 0 for key, value in gone.items() if isinstance(value, int)
    }
    return nothing | {key: "" for key, value in gone.items() if isinstance(value, str)}


def reference_of(record: MirrorRecord, source: Source) -> str:
    """The name it goes by there: with its number behind it, where somebody else's record has the plain one; a tax that
    was tied keeps theirs until somebody says otherwise."""
    if record.module == "tax" and record.remote_id is not None:
        there = tax_changes.stands_at(record)
        return there.name if there and not tax_changes.is_name_wanted(record, source.name) else source.name
    if record.module == "payment":
        return (record.snapshot or {}).get(uses.SAID) or source.name
    is_spare = source.spare_name != "" and record.remote_number == source.spare_name
    return source.spare_name if is_spare else source.name


def dresser(session: Session, record: MirrorRecord) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the firm's own mapping makes of a payload, with the day that a person chose for it there, and the reference
    that people wrote of a payment there."""
    mapped = field_rules.dresser(session, record.link_id, record.module, record.local_id)
    own = {"date": record.dated_on.isoformat()} if record.dated_on else {}
    said = (record.snapshot or {}).get(uses.SAID) if record.module == "payment" else ""
    own |= {"reference_number": said} if said else {}
    return lambda payload: mapped(payload) | own


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

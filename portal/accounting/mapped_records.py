"""The records that a mapping is about: a real one for samples, their values, and those that a change would touch."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.accounting import fields, rules
from portal.accounting.fields import Rule
from portal.accounting.models import MirrorRecord
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import DRAFT, VOID, Invoice
from portal.payments.models import Payment
from portal.taxes.models import Tax

MODELS: dict[str, Any] = {
    "customer": Customer, "item": Item, "invoice": Invoice, "payment": Payment, "credit_note": CreditNote, "tax": Tax,
}  # fmt: skip


class Touched(NamedTuple):
    """One record of ours that would look different in Zoho, as people call it."""

    id: int
    name: str


def real_record(session: Session, link_id: int, module: str) -> Any:
    """The one changed last that Zoho has, else the newest of ours; None where there is none."""
    model = MODELS[module]
    records = list(session.scalars(_mirrored(link_id, module).limit(1)))
    return records[0] if records else session.scalars(select(model).order_by(model.id.desc()).limit(1)).first()


def touched_by(
    session: Session, link_id: int, module: str, now: Sequence[Rule], wanted: Sequence[Rule]
) -> list[Touched]:  # fmt: skip
    """The records that Zoho has from us and that would be written anew, newest first.

    Not those whose change lies in a field that only Zoho decides, and not those that nothing is sent about any more:
    void, left out, or left to go their own way.
    """
    if module in fields.STAYING:
        return []
    is_theirs = MirrorRecord.snapshot["is_theirs"].as_boolean()
    found = _mirrored(link_id, module).where(
        MirrorRecord.state != rules.LEFT_OUT_STATE, func.coalesce(is_theirs, False).is_(False)
    )
    sent = [MirrorRecord.snapshot["sent"][key] for key in _sent_keys(module)]
    return [
        Touched(record.id, record.number if module == "invoice" else record.name)
        for record, *told in session.execute(found.add_columns(*sent))
        if _differs(record, module, dict(zip(_sent_keys(module), told, strict=True)), now, wanted)
    ]  # fmt: skip


def longest(session: Session, module: str) -> dict[str, int]:
    """our field → length of its longest value, of those that may go elsewhere; one statement."""
    model = MODELS[module]
    texts = [field.key for field in _free(module) if field.kind == fields.TEXT and hasattr(model, field.key)]
    if not texts:
        return {}
    row = session.execute(select(*(func.max(func.length(getattr(model, key))) for key in texts))).one()
    return {key: length or 0 for key, length in zip(texts, row, strict=True)}


def values_of(record: Any, module: str) -> dict[str, Any]:
    """Of the rows that may go elsewhere."""
    values = {field.key: getattr(record, field.key, None) for field in _free(module)}
    if module == "payment":
        values["words"] = " · ".join(filter(None, [record.number, record.reference]))
    return values


def keys_of(module: str) -> list[str]:
    """Of all rows."""
    return [field.key for field in fields.OURS[module]]


def _free(module: str) -> list[fields.Ours]:
    return [field for field in fields.OURS[module] if not field.locked]


def _mirrored(link_id: int, module: str) -> Select[Any]:
    """Ours that Zoho has, newest first."""
    model = MODELS[module]
    found = (
        select(model)
        .join(MirrorRecord, MirrorRecord.local_id == model.id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.is_not(None))
        .order_by(MirrorRecord.id.desc())
    )
    return found.where(Invoice.status.not_in((DRAFT, VOID))) if module == "invoice" else found


def _sent_keys(module: str) -> list[str]:
    """What a payload may have of the fields that the mapping fills."""
    return [*(each.key for each in fields.THEIRS[module]), "custom_fields"]


def _differs(
    record: Any, module: str, sent: Mapping[str, Any], now: Sequence[Rule], wanted: Sequence[Rule]
) -> bool:  # fmt: skip
    """Would the wanted rows send something that neither the rows in force nor what was sent say already?"""
    before, after = _dressed(record, module, now), _dressed(record, module, wanted)
    if before == after:
        return False
    there = _flat(sent) if any(value is not None for value in sent.values()) else before
    decided_there = {rule.theirs for rule in wanted if rule.direction == fields.PULL}
    return any(there.get(key, "") != after.get(key, "") for key in {*there, *after} - decided_there)


def _dressed(record: Any, module: str, rows: Sequence[Rule]) -> dict[str, str]:
    """Only what the rows of the mapping decide, as text."""
    values = values_of(record, module)
    plain = {
        field.usual: values.get(field.key) for field in fields.OURS[module]
        if field.usual and not field.locked and values.get(field.key) not in (None, "")
    }  # fmt: skip
    return _flat({key: value for key, value in fields.dress(plain, module, rows, values).items()
                  if key in _sent_keys(module)})  # fmt: skip


def _flat(payload: Mapping[str, Any]) -> dict[str, str]:
    """field of theirs → value as text; custom fields each by itself."""
    plain = {key: str(value) for key, value in payload.items() if key != "custom_fields" and value is not None}
    custom = payload.get("custom_fields") or ()
    return plain | {fields.CUSTOM + each["api_name"]: str(each["value"]) for each in custom}

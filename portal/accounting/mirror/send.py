"""Send: the only step that touches the network. No transaction is open, and nothing is written here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.accounting.mirror.modules import MODULES, Module, is_alike_tax, is_ours, may_be_ours, written_as
from portal.accounting.mirror.persons_there import with_theirs
from portal.accounting.mirror.push import COMPARE, DRAFT, LOOK, READ, SENT, UPDATE, VOID, WRITTEN_OFF, Act, Push
from portal.accounting.mirror.remote import Remote
from portal.accounting.mirror.writing_off import is_written_off
from portal.accounting.setup.people import MARK
from portal.gateways.zoho.errors import GONE, Refused

_MOST_LOOKED_AT = 5


@dataclass(frozen=True)
class Done:
    """Zoho has it. `record` is its answer; adopted when we found our own record after a lost answer."""

    record: dict[str, Any]
    adopted: bool = False


@dataclass(frozen=True)
class Absent:
    """We looked, and it is not there. numbers: where another invoice has ours, those that were given there of late;
    namesake: who has the name of ours."""

    numbers: tuple[str, ...] = ()
    namesake: Mapping[str, Any] | None = None


def send(remote: Remote, push: Push) -> Done | Absent:
    """Raises the gateway's errors, BudgetEmpty, LeaseLost."""
    if push.verb == LOOK:
        return look(remote, MODULES[push.module], push)
    module = written_as(push.module, push.payload)
    if push.verb == COMPARE:
        return Done(remote.detail(module, push.remote_id))
    if push.verb == READ:
        return Done(_read(remote, module, push.remote_id))
    if push.act is not None:
        return Done(_act(remote, module, push.remote_id, push.act))
    if push.verb == VOID:
        remote.call("POST", f"{module.path}/{push.remote_id}/status/void")
        return Done({"status": "void"})
    if push.verb == UPDATE:
        body = _beside_theirs(remote, module, push, _for_update(push))
        return Done(remote.call("PUT", f"{module.path}/{push.remote_id}", body=body)[module.key])
    if module.name == "tax":
        known = _known_tax(remote, MODULES["tax"], push)
        if known is not None:
            return known
    query = {"ignore_auto_number_generation": "true"} if module.name in ("invoice", "credit_note") else None
    return Done(remote.call("POST", module.path, query, _for_create(push))[module.key])


def _read(remote: Remote, module: Module, remote_id: str) -> dict[str, Any]:
    """With what only an address of its own is documented to tell: a payment's refunds, where credit was put to."""
    record = remote.detail(module, remote_id)
    if module.name == "credit_note":
        refunds = {} if "creditnote_refunds" in record else remote.call("GET", f"{module.path}/{remote_id}/refunds")
        return record | remote.call("GET", f"{module.path}/{remote_id}/invoices") | refunds
    if "payment_refunds" in record:
        return record
    return record | remote.call("GET", f"{module.path}/{remote_id}/refunds")


def _act(remote: Remote, module: Module, remote_id: str, act: Act) -> dict[str, Any]:
    own = f"{module.path}/{remote_id}"
    try:
        return remote.call(act.method, act.address or own + act.path_end, body=act.body)
    except Refused as problem:
        if act.method == "DELETE" and problem.code in GONE:
            return {}  # it is away, whoever did it
        if act.marks in (DRAFT, SENT, WRITTEN_OFF, VOID) and _is_so(remote.call("GET", own)[module.key], act.marks):
            return {}  # already: an earlier try was heard, and its answer lost
        raise


def _is_so(there: Mapping[str, Any], marked: str) -> bool:
    if marked == VOID:
        return status_of(there) == VOID
    if marked == DRAFT:
        return status_of(there) != "void"
    return status_of(there) == SENT and is_written_off(there) == (marked == WRITTEN_OFF)


def look(remote: Remote, module: Module, push: Push) -> Done | Absent:
    """Search by our own reference, and read what looks right to be sure."""
    if module.name == "tax":
        return _known_tax(remote, module, push) or Absent()
    wanted = push.payload | _named(module, push)
    looked_at, namesake = 0, None
    for row in remote.rows(module, push.reference):
        if not may_be_ours(module.name, row, wanted):
            continue
        record = remote.detail(module, str(row[module.id_key]))
        if is_ours(module.name, record, wanted) and not _is_of_another(push, record):
            return Done(record, adopted=True)
        looked_at, namesake = looked_at + 1, namesake or record
        if looked_at == _MOST_LOOKED_AT:
            break
    return Absent(_numbers(remote) if looked_at and module.name == "invoice" else (), namesake)


def _numbers(remote: Remote) -> tuple[str, ...]:
    """One call."""
    newest = {"per_page": "200", "page": "1", "sort_column": "created_time", "sort_order": "D"}
    rows = remote.call("GET", MODULES["invoice"].path, newest).get(MODULES["invoice"].list_key, [])
    return tuple(str(row.get("invoice_number", "")) for row in rows)


def _is_of_another(push: Push, record: Mapping[str, Any]) -> bool:
    """A reference that people wrote may be on other payments, too; the number before our words is on one."""
    if push.module != "payment" or push.reference == push.source.name:
        return False
    return _number_in(record) != _number_in(push.payload)


def _number_in(payment: Mapping[str, Any]) -> str:
    return str(payment.get("description", "")).partition(" · ")[0]


def _known_tax(remote: Remote, module: Module, push: Push) -> Done | None:
    """The tax of equal name and rate, whoever made it; else the only one of that rate, as many editions of Zoho have
    fixed taxes under names of their own and let nobody add another."""
    rows = [row for row in remote.rows(module, push.reference) if str(row[module.id_key]) not in push.taken]
    equal = [row for row in rows if is_ours(module.name, row, push.payload)]
    alike = [row for row in rows if is_alike_tax(row, push.payload)]
    found = equal[:1] or (alike if len(alike) == 1 else [])
    return Done(found[0], adopted=True) if found else None


def mark_sent(remote: Remote, remote_ids: list[str]) -> None:
    """All of the round in one call."""
    remote.call("POST", "/invoices/status/sent", {"invoice_ids": ",".join(remote_ids)})


def mark_one_sent(remote: Remote, remote_id: str) -> None:
    """One by one, to find the culprit after a refusal. One that left draft already is as it should be."""
    try:
        remote.call("POST", f"/invoices/{remote_id}/status/sent")
    except Refused as problem:
        if problem.code in GONE or status_of(remote.detail(MODULES["invoice"], remote_id)) == "draft":
            raise


def status_of(record: Mapping[str, Any]) -> str:
    """draft, sent or void: all that the mirror needs of Zoho's many words."""
    status = str(record.get("status", "draft"))
    if status in ("draft", "pending_approval", "approved"):
        return "draft"
    return "void" if status == "void" else "sent"


def _named(module: Module, push: Push) -> dict[str, Any]:
    """An earlier create may have gone out under an earlier name."""
    key = {"customer": "contact_name", "item": "name"}.get(module.name)
    return {key: push.reference} if key else {}


def _for_create(push: Push) -> dict[str, Any]:
    if push.module == "customer":
        mark = MARK + push.payload["contact_number"]
        return push.payload | {"notes": f"{push.payload.get('notes', '')}\n{mark}".strip()}
    return push.payload


def _for_update(push: Push) -> dict[str, Any]:
    if push.kept:
        return {key: value for key, value in push.payload.items() if key not in push.kept}
    if push.module == "customer":
        return {key: value for key, value in push.payload.items() if key != "ignore_auto_number_generation"}
    return push.payload


def _beside_theirs(remote: Remote, module: Module, push: Push, body: dict[str, Any]) -> dict[str, Any]:
    """Lists that Zoho replaces as a whole, with what is there and no matter of ours: read once, where there are any."""
    if "custom_fields" not in body and push.our_persons is None:
        return body
    there = remote.detail(module, push.remote_id)
    if "custom_fields" in body:
        body = body | {"custom_fields": _with_others(there, body["custom_fields"])}
    if push.our_persons is not None:
        listed = there.get("contact_persons") or []
        body = body | {"contact_persons": with_theirs(body["contact_persons"], listed, push.our_persons)}
    return body


def _with_others(there: Mapping[str, Any], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are no matter of ours stay as they are; one that we have left is emptied only where it still is."""
    listed = {str(each.get("api_name")) for each in there.get("custom_fields") or []}
    others = other_custom_fields(there, {each["api_name"] for each in ours})
    return [*(each for each in ours if each["value"] != "" or each["api_name"] in listed), *others]


def other_custom_fields(there: Mapping[str, Any], named: Collection[str]) -> list[dict[str, Any]]:
    """Whatever the record has besides the named ones, as it must be sent along: Zoho replaces the whole list
    (zoho/API.md §11)."""
    return [
        {"customfield_id": each["customfield_id"], "value": _as_text(each.get("value", ""))}
        for each in there.get("custom_fields") or []
        if str(each.get("api_name")) not in named and each.get("customfield_id")
    ]  # fmt: skip


def _as_text(value: Any) -> Any:
    """A number as Zoho's documents want it; lists and ticks as they came."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value

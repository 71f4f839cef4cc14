"""The dry run of the first import: every customer and item there is read and compared; nothing is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import matching
from portal.accounting.setup.desk import Caller, page_of
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared.running import job_session

READ = "match_read"
_AS_ANOTHER = ", as another one there"


@dataclass(frozen=True)
class Kind:
    """How one module is read and shown."""

    module: str
    path: str
    key: str
    id_key: str
    known: Callable[[Mapping[str, Any]], matching.Known]
    kept: tuple[str, ...]


KINDS = {
    kind.module: kind
    for kind in (
        Kind("customer", "/contacts", "contacts", "contact_id", matching.customer_of,
             ("contact_name", "company_name", "customer_sub_type", "email", "phone", "mobile", "first_name",
              "last_name", "payment_terms", "contact_number")),
        Kind("item", "/items", "items", "item_id", matching.item_of,
             ("name", "sku", "rate", "description", "unit", "product_type", "tax_id")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """How far the reading is: the module and page that come next, and whether all is read."""

    module: str = "customer"
    page: int = 1
    is_done: bool = False


def progress_of(link: Link) -> Progress | None:
    """None before the first look."""
    kept = link.setup_steps.get(READ)
    return Progress(**kept) if kept else None


def read_on(caller: Caller, organisation_id: int, link_id: int, *, most: int) -> Progress:
    """`most` pages more, each kept before the next is asked for. Raises GatewayError; what was read stays."""
    with job_session(organisation_id) as session:
        progress = progress_of(session.get_one(Link, link_id)) or Progress()
    for _ in range(most):
        if progress.is_done:
            break
        progress = _read_page(caller, organisation_id, link_id, progress)
    return progress


def _read_page(caller: Caller, organisation_id: int, link_id: int, at: Progress) -> Progress:
    kind = KINDS[at.module]
    rows, has_more = page_of(caller, kind.path, kind.key, at.page, filter_by="Status.Active")
    following = _after(at, has_more)
    with job_session(organisation_id) as session:
        keep(session, organisation_id, link_id, kind, rows)
        link = session.get_one(Link, link_id, with_for_update=True)
        link.setup_steps = link.setup_steps | {READ: asdict(following)}
    return following


def _after(at: Progress, has_more: bool) -> Progress:
    if has_more:
        return Progress(at.module, at.page + 1)
    names = list(KINDS)
    place = names.index(at.module) + 1
    return Progress(names[place]) if place < len(names) else Progress(at.module, at.page, is_done=True)


def keep(session: Session, of: int, link_id: int, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    """Compare rows of Zoho's list with ours, and keep what was found. Does not commit."""
    ours, linked = _ours(session, kind.module), _linked(session, link_id, kind.module)
    for row in rows:
        remote_id = str(row[kind.id_key])
        if row.get("contact_type", "customer") != "customer":
            continue
        found = (
            matching.Match(matching.MATCHED, linked[remote_id], "linked before")
            if remote_id in linked else matching.match(kind.known(row), ours)
        )  # fmt: skip
        _write(session, of, link_id, kind, remote_id, row, found)
    _doubt_doubles(session, link_id, kind.module)


def _write(
    session: Session, of: int, link_id: int, kind: Kind, remote_id: str, row: Mapping[str, Any], found: matching.Match
) -> None:
    facts = {key: str(row[key]) for key in kind.kept if row.get(key) not in (None, "")}
    values = {"facts": facts, "found": found.found, "basis": found.basis[:36], "local_id": found.local_id}
    fresh = insert(ImportRow).values(
        organisation_id=of, link_id=link_id, module=kind.module, remote_id=remote_id, decision="", problem="", **values
    )
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["link_id", "module", "remote_id"], set_=values,
            where=ImportRow.done_at.is_(None) & (ImportRow.decision == ""),
        )
    )  # fmt: skip


def _doubt_doubles(session: Session, link_id: int, module: str) -> None:
    """Two records there that look like one of ours: neither is taken for granted."""
    of = (ImportRow.link_id == link_id) & (ImportRow.module == module)
    twice = (
        select(ImportRow.local_id)
        .where(of, (ImportRow.found == matching.MATCHED) | ImportRow.basis.endswith(_AS_ANOTHER))
        .group_by(ImportRow.local_id)
        .having(func.count() > 1)
    )
    doubled = session.scalars(
        select(ImportRow).where(of, ImportRow.local_id.in_(twice), ImportRow.found == matching.MATCHED)
    )
    for row in doubled:
        row.found, row.basis = matching.UNSURE, row.basis + _AS_ANOTHER


def _ours(session: Session, module: str) -> matching.Ours:
    if module == "item":
        items = session.execute(select(Item.id, Item.code, Item.name).where(Item.is_active))
        return matching.Ours(matching.Known(*row) for row in items)
    columns = (Customer.id, Customer.number, Customer.name, Customer.email, Customer.phone, Customer.tax_number)
    customers = session.execute(select(*columns).where(Customer.is_active))
    return matching.Ours(matching.Known(*row) for row in customers)


def _linked(session: Session, link_id: int, module: str) -> dict[str, int]:
    """Remote ids that this link knows already, for example after reconnecting."""
    rows = session.execute(
        select(MirrorRecord.remote_id, MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.is_not(None)
        )
    )
    return {str(remote_id): local_id for remote_id, local_id in rows}

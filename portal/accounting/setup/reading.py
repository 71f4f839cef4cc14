"""The dry run of the first import: every customer and item there is read and compared; nothing is written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import matching
from portal.accounting.setup.alike import ours_like
from portal.accounting.setup.desk import Caller, page_of
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
              "last_name", "payment_terms", "contact_number", "status", "tax_reg_no", "vat_reg_no", "gst_no",
              "tax_id")),
        Kind("item", "/items", "items", "item_id", matching.item_of,
             ("name", "sku", "rate", "description", "unit", "product_type", "tax_id", "purchase_description",
              "status")),
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
    rows, has_more = page_of(caller, kind.path, kind.key, at.page, filter_by="Status.All")
    following = _after(at, has_more)
    with job_session(organisation_id) as session:
        keep(session, organisation_id, link_id, kind, rows)
        if following.is_done:
            _drop_what_is_gone(session, link_id)
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
    """Compare rows of Zoho's list with ours, and keep what was found: four statements for a page. What is out of use
    there and like nothing of ours stays there. Does not commit."""
    listed = {str(row[kind.id_key]): row for row in rows if row.get("contact_type", "customer") == "customer"}
    linked = _linked(session, link_id, kind.module, listed)  # these are one already: there is nothing to compare
    known = {remote_id: kind.known(row) for remote_id, row in listed.items() if remote_id not in linked}
    ours = ours_like(session, kind.module, list(known.values()))
    found = {remote_id: matching.match(each, ours) for remote_id, each in known.items()}
    read = {
        remote_id: listed[remote_id] for remote_id, each in found.items()
        if each.found != matching.NEW or not is_out_of_use(listed[remote_id])
    }  # fmt: skip
    if not read:
        return
    _write(session, of, link_id, kind, read, found)
    _doubt_doubles(session, link_id, kind.module, {each.local_id for each in found.values() if each.local_id})


def several_like(session: Session, rows: Sequence[ImportRow]) -> dict[int, list[int]]:
    """Import row → those of ours that are equally like it, in the order of their numbers; only where it is more than
    one. A statement for each module."""
    found: dict[int, list[int]] = {}
    for module, kind in KINDS.items():
        known = {row.id: kind.known(row.facts) for row in rows if row.module == module}
        ours = ours_like(session, module, list(known.values()))
        found |= {id_: [one.id for _, one in matching.likeliest(each, ours)] for id_, each in known.items()}
    return {row_id: ids for row_id, ids in found.items() if len(ids) > 1}


def is_out_of_use(facts: Mapping[str, Any]) -> bool:
    """Is this record of theirs, or what its list said of it, marked as inactive there?"""
    return str(facts.get("status", "active")) == INACTIVE


def _write(
    session: Session, of: int, link_id: int, kind: Kind, read: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, matching.Match],
) -> None:  # fmt: skip
    """In the order of the list. What people decided already stays decided, of what the list says now."""
    fresh = insert(ImportRow).values(
        [
            {
                "organisation_id": of, "link_id": link_id, "module": kind.module, "remote_id": remote_id,
                "decision": "", "problem": "", "found": found[remote_id].found, "basis": found[remote_id].basis[:36],
                "local_id": found[remote_id].local_id,
                "facts": _facts(kind, row),
            }
            for remote_id, row in read.items()
        ]
    )  # fmt: skip
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["link_id", "module", "remote_id"],
            set_={"facts": fresh.excluded["facts"]} | {
                name: case((ImportRow.decision == "", fresh.excluded[name]), else_=getattr(ImportRow, name))
                for name in ("found", "basis", "local_id")
            },
            where=ImportRow.done_at.is_(None),
        )
    )  # fmt: skip


def forget(session: Session, link_id: int) -> None:
    """For another look at Zoho: what is not taken over yet is read again. What people decided waits for it, without
    facts. Does not commit."""
    of = (ImportRow.link_id == link_id, ImportRow.done_at.is_(None))
    usual = case((ImportRow.found == matching.MATCHED, "same"), (ImportRow.found == matching.NEW, "new"), else_="")
    session.execute(delete(ImportRow).where(*of, ImportRow.decision.in_(("", usual))))
    session.execute(update(ImportRow).where(*of).values(facts={}))


def _drop_what_is_gone(session: Session, link_id: int) -> None:
    """Decided before, but no longer in Zoho's lists."""
    session.execute(
        delete(ImportRow).where(ImportRow.link_id == link_id, ImportRow.done_at.is_(None), ImportRow.facts == {})
    )


def _facts(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """An item's list tells all of it, custom fields too, as the firm's mapping may want them."""
    told: dict[str, Any] = {key: str(row[key]) for key in kind.kept if row.get(key) not in (None, "")}
    listed = row.get("custom_fields") if kind.module == "item" else None
    custom = [{"api_name": str(each.get("api_name")), "value": str(each.get("value", ""))} for each in listed or []]
    return told | ({"custom_fields": custom} if custom else {})


def _doubt_doubles(session: Session, link_id: int, module: str, local_ids: Collection[int]) -> None:
    """Two records there that look like one of ours, or one where ours has its twin already: none is taken for
    granted."""
    of = (ImportRow.link_id == link_id) & (ImportRow.module == module) & ImportRow.local_id.in_(local_ids)
    twice = (
        select(ImportRow.local_id)
        .where(of, (ImportRow.found == matching.MATCHED) | ImportRow.basis.endswith(_AS_ANOTHER))
        .group_by(ImportRow.local_id)
        .having(func.count() > 1)
    )
    has_twin = exists().where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.local_id == ImportRow.local_id,
        MirrorRecord.remote_id != ImportRow.remote_id,
    )  # fmt: skip
    session.execute(
        update(ImportRow)
        .where(of, ImportRow.local_id.in_(twice) | has_twin, ImportRow.found == matching.MATCHED)
        .where(ImportRow.done_at.is_(None))
        .values(found=matching.UNSURE, basis=ImportRow.basis + _AS_ANOTHER)
        .execution_options(synchronize_session=False)
    )


def _linked(session: Session, link_id: int, module: str, remote_ids: Collection[str]) -> set[str]:
    """Those that this link knows already, for example after reconnecting."""
    rows = session.scalars(
        select(MirrorRecord.remote_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.in_(remote_ids)
        )
    )
    return {str(remote_id) for remote_id in rows}

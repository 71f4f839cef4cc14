"""Customers and items that were made in Zoho: compared with ours as at the first import, then taken over.

What may be one of ours is left for a person to compare, on the page of the first import.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import ImportRow, MirrorRecord
from portal.accounting.pull.changes import in_the_name_of
from portal.accounting.pull.sightings import stamp_of
from portal.accounting.setup import reading, taking
from portal.catalogue.models import Item
from portal.customers.models import Customer

Row = Mapping[str, Any]


def welcome(turn: Turn, remote: Remote, module: str, rows: Sequence[Row]) -> int:
    """How many of these unknown rows became records here."""
    if not rows:
        return 0
    with held(turn) as session:
        chosen = _choose(session, turn, module, rows)
    by_id = {str(row[MODULES[module].id_key]): row for row in rows}
    for row_id, remote_id in chosen:
        theirs = by_id[remote_id] if module == "item" else remote.detail(MODULES[module], remote_id)
        with in_the_name_of(turn.product_name):
            taking.take_one(turn.organisation_id, row_id, theirs)
        with held(turn) as session:
            session.execute(
                update(MirrorRecord)
                .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == module)
                .where(MirrorRecord.remote_id == remote_id)
                .values(remote_modified_at=stamp_of(by_id[remote_id]))
            )
    return len(chosen)


def _choose(session: Session, turn: Turn, module: str, rows: Sequence[Row]) -> list[tuple[int, str]]:
    """(import row, remote id) of those that are plainly new, or plainly one of ours."""
    id_key, kind = MODULES[module].id_key, reading.KINDS[module]
    ids = [str(row[id_key]) for row in rows]
    of = (ImportRow.link_id == turn.link_id, ImportRow.module == module, ImportRow.remote_id.in_(ids))
    is_over = ImportRow.done_at.is_not(None) | (ImportRow.decision == taking.SKIP)
    is_off = [str(row[id_key]) for row in rows if row.get("status", "active") == "inactive"]
    # Read while it was in use there, and nobody has taken it over yet: it is offered no more.
    was_used = func.coalesce(ImportRow.facts["status"].astext, "") != "inactive"
    session.execute(
        delete(ImportRow).where(*of, ImportRow.remote_id.in_(is_off), ImportRow.done_at.is_(None), was_used)
    )
    decided = set(session.scalars(select(ImportRow.remote_id).where(*of, is_over)))
    on_its_way = _under_way(session, turn.link_id, module)
    fresh = [
        row for row in rows
        if str(row[id_key]) not in {*decided, *is_off}
        and (kind.known(row).number or "-") not in on_its_way
    ]  # fmt: skip
    reading.keep(session, turn.organisation_id, turn.link_id, kind, fresh)
    session.flush()
    taken = []
    for found, decision in (("new", taking.OWN), ("matched", taking.SAME)):
        chosen = session.execute(
            update(ImportRow)
            .where(*of, ImportRow.found == found, ImportRow.decision.in_(("", decision)), ImportRow.done_at.is_(None))
            .values(decision=decision)
            .returning(ImportRow.id, ImportRow.remote_id)
        )
        taken += [(row_id, remote_id) for row_id, remote_id in chosen]
    return taken


def _under_way(session: Session, link_id: int, module: str) -> set[str]:
    """Numbers of ours that are being made there, whose answer is still open: the next try finds and adopts them."""
    model, number = (Item, Item.code) if module == "item" else (Customer, Customer.number)
    return set(
        session.scalars(
            select(number)
            .join(MirrorRecord, MirrorRecord.local_id == model.id)
            .where(MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.is_(None))
            .where(MirrorRecord.sending_since.is_not(None))
        )
    )

"""In which direction each module of a link is kept, and which of them rest."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.link import hold
from portal.accounting.models import MODULES, TAX_RATE, Link, MirrorRecord, ModuleSetting
from portal.accounting.pull import cursors
from portal.organisations import audit
from portal.shared import queues
from portal.shared.errors import RuleBroken

PUSH, BOTH = "push", "both"
WAYS = (PUSH, BOTH)
_TOLD = {PUSH: ": from here to Zoho only", BOTH: ": kept from both sides"}
COMPARED_FIRST = ("customer", "item", "tax")
AGAIN = "again"  # among a link's set-up steps: taken up once more, and what was added since is compared first
CALLED = {
    "tax": "Taxes", "customer": "Customers", "item": "Services and parts", "invoice": "Invoices",
    "payment": "Payments", "credit_note": "Credit notes",
}  # fmt: skip


class CannotKeepSo(RuleBroken):
    """This module cannot be kept in that way."""


def resting(link_id: int) -> CompoundSelect[Any]:
    """Names of the modules that are paused, to be used in statements. Taxes at older rates rest with the taxes."""
    paused = (ModuleSetting.link_id == link_id, ModuleSetting.is_paused)
    older = select(literal(TAX_RATE)).where(*paused, ModuleSetting.module == "tax")
    return union_all(select(ModuleSetting.module).where(*paused), older)


def settings_of(session: Session, link_id: int) -> Mapping[str, ModuleSetting]:
    """Only those that somebody has set; what is missing is pushed and awake."""
    rows = session.scalars(select(ModuleSetting).where(ModuleSetting.link_id == link_id))
    return {row.module: row for row in rows}


def direction_of(session: Session, link_id: int, module: str) -> str:
    """push or both."""
    row = settings_of(session, link_id).get(module)
    return row.direction if row is not None else PUSH


def modules() -> Sequence[str]:
    return MODULES


def keep(session: Session, link: Link, module: str, direction: str) -> None:
    """Raises CannotKeepSo. Does not commit."""
    if module not in MODULES or direction not in WAYS:
        raise CannotKeepSo("Choose one of the two ways from the list.", field="direction")
    _set(session, link, module, "direction changed", _TOLD[direction], direction=direction)
    _read_back(session, link, module)


def pause(session: Session, link: Link, module: str) -> None:
    """Nothing of this module goes over until it is resumed; nothing is lost. Does not commit."""
    _set(session, link, module, "module paused", is_paused=True)
    _read_back(session, link, module)


def resume(session: Session, link: Link, module: str) -> None:
    """What waited meanwhile is looked at again at once. Does not commit."""
    _set(session, link, module, "module resumed", is_paused=False)
    _read_back(session, link, module)
    wake(session, link)


def is_compared_first(session: Session, record: MirrorRecord) -> bool:
    """Of a customer, an item or a tax that never reached an organisation which is linked once more: it may be there by
    now, added by somebody else, and goes nowhere before people have confirmed what is the same."""
    if record.module not in COMPARED_FIRST or record.remote_id is not None or record.sending_since is not None:
        return False
    is_again: bool = session.scalars(select(Link.setup_steps.has_key(AGAIN)).where(Link.id == record.link_id)).one()
    return is_again


def wake(session: Session, link: Link) -> None:
    """What waits is looked at again at once. Does not commit."""
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.state == "waiting")
        .values(next_try_at=func.clock_timestamp())
    )
    queues.wake(session, "mirror", link.organisation_id)


def _read_back(session: Session, link: Link, module: str) -> None:
    """Zoho's changes are looked for while the module goes both ways and does not rest; those of taxes in any case, as
    each side's are offered on the other."""
    row = session.scalars(
        select(ModuleSetting)
        .where(ModuleSetting.link_id == link.id, ModuleSetting.module == module)
        .execution_options(populate_existing=True)
    ).one()
    if module == "tax" and not row.is_paused:
        cursors.begin(session, link, module)
    elif row.direction == BOTH and not row.is_paused:
        unkeyed = update(Link).where(Link.id == link.id, Link.hint_key == "")
        session.execute(unkeyed.values(hint_key=secrets.token_urlsafe(24)))
        cursors.begin(session, link, module)
    else:
        cursors.rest(session, link, module)


def _set(session: Session, link: Link, module: str, action: str, more: str = "", **values: object) -> None:
    """more: what is added to the action in the words of the history."""
    if module not in MODULES:
        raise CannotKeepSo("There is no such kind of record.")
    hold(session)
    row = {"organisation_id": link.organisation_id, "link_id": link.id, "module": module, **values}
    session.execute(
        insert(ModuleSetting).values(row).on_conflict_do_update(index_elements=["link_id", "module"], set_=values)
    )
    audit.note(
        session, link.organisation_id, action, "link", link.id, words=f"{CALLED[module]}: {action}{more}",
        after={"module": module, **values},
    )  # fmt: skip

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
    """Those only that somebody has set, as they are now; what is missing is pushed and awake."""
    of_link = select(ModuleSetting).where(ModuleSetting.link_id == link_id)
    rows = session.scalars(of_link.execution_options(populate_existing=True))
    return {row.module: row for row in rows}


def direction_of(session: Session, link_id: int, module: str) -> str:
    """push or both."""
    row = settings_of(session, link_id).get(module)
    return row.direction if row is not None else PUSH


def modules() -> Sequence[str]:
    return MODULES


def keep(session: Session, link: Link, modules: str | Sequence[str], direction: str) -> None:
    """One module, or several by one press. Raises CannotKeepSo. Does not commit."""
    named = (modules,) if isinstance(modules, str) else tuple(modules)
    if not set(named) <= set(MODULES) or direction not in WAYS:
        raise CannotKeepSo("Choose one of the two ways from the list.", field="direction")
    _set(session, link, named, "direction changed", _TOLD[direction], direction=direction)


def pause(session: Session, link: Link, *modules: str) -> None:
    """Nothing of these goes over until they are resumed; nothing is lost. Does not commit."""
    _set(session, link, modules, "module paused", is_paused=True)


def resume(session: Session, link: Link, *modules: str) -> None:
    """What waited meanwhile is looked at again at once. Does not commit."""
    _set(session, link, modules, "module resumed", is_paused=False)
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


def _set(
    session: Session, link: Link, modules: Sequence[str], action: str, more: str = "", **values: object
) -> None:  # fmt: skip
    """One line in the history for all whose setting it changes, and none where it changes nothing. more: what is added
    to the action in its words."""
    if not set(modules) <= set(MODULES):
        raise CannotKeepSo("There is no such kind of record.")
    hold(session)
    now = settings_of(session, link.id)
    usual = {"direction": PUSH, "is_paused": False}
    changed = [
        each for each in modules
        if any((getattr(now[each], name) if each in now else usual[name]) != value for name, value in values.items())
    ]  # fmt: skip
    for module in modules:
        row = {"organisation_id": link.organisation_id, "link_id": link.id, "module": module, **values}
        session.execute(
            insert(ModuleSetting).values(row).on_conflict_do_update(index_elements=["link_id", "module"], set_=values)
        )
        _read_back(session, link, module)
    if changed:
        audit.note(
            session, link.organisation_id, action, "link", link.id, words=f"{named(changed)}: {action}{more}",
            after={"modules": changed, **values},
        )  # fmt: skip


def named(modules: Sequence[str]) -> str:
    """For example "Customers, invoices and payments"."""
    names = [CALLED[each] if at == 0 else CALLED[each].lower() for at, each in enumerate(modules)]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

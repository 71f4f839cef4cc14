"""Adding and correcting who gets taxes."""

from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken
from portal.taxes.models import Authority, Tax

LONGEST_NAME = 100
STILL_NAMED = "Taxes name it as who gets them. Choose another one on their pages first."


class CannotChangeAuthority(RuleBroken):
    """The authority cannot become that."""


@dataclass(frozen=True)
class Said:
    """registration_number: the firm's own, with this authority."""

    name: str
    registration_number: str = ""
    description: str = ""


def add_authority(session: Session, organisation_id: int, said: Said) -> Authority:
    """Raises CannotChangeAuthority for a name that is taken. Does not commit."""
    _check_free(session, said.name)
    added = Authority(organisation_id=organisation_id, **asdict(said))
    session.add(added)
    session.flush()
    audit.note(
        session, organisation_id, "authority added", "authority", added.id, words=f"Added {said.name}",
        after=asdict(said),
    )  # fmt: skip
    return added


def change_authority(session: Session, authority: Authority, said: Said) -> None:
    """Its taxes name it so from now on; no invoice does. Raises CannotChangeAuthority. Does not commit."""
    after = asdict(said)
    before = {name: getattr(authority, name) for name in after}
    if before == after:
        return
    _check_free(session, said.name, but=authority.id)
    for name, value in after.items():
        setattr(authority, name, value)
    if before["name"] != said.name:
        for tax_id in session.scalars(select(Tax.id).where(Tax.authority_id == authority.id)):
            outbox.record(session, authority.organisation_id, "tax", tax_id)
    audit.note(
        session, authority.organisation_id, "authority changed", "authority", authority.id, words="Changed",
        before=before, after=after,
    )  # fmt: skip


def remove_authority(session: Session, authority: Authority) -> None:
    """One that no tax names. Raises CannotChangeAuthority. Does not commit."""
    if session.scalar(select(func.count()).where(Tax.authority_id == authority.id)):
        raise CannotChangeAuthority(STILL_NAMED, field="removal")
    audit.note(
        session, authority.organisation_id, "authority removed", "authority", authority.id,
        words=f"Removed {authority.name}",
    )  # fmt: skip
    session.delete(authority)
    session.flush()


def named(session: Session, organisation_id: int, name: str) -> int | None:
    """The id of the one of this name, added where there is none; None for no name. Does not commit."""
    short = name.strip()[:LONGEST_NAME].strip()
    if not short:
        return None
    known = session.scalars(select(Authority.id).where(func.lower(Authority.name) == short.lower())).first()
    return known or add_authority(session, organisation_id, Said(short)).id


def _check_free(session: Session, name: str, *, but: int = 0) -> None:
    taken = select(func.count()).where(func.lower(Authority.name) == name.lower(), Authority.id != but)
    if session.scalar(taken):
        raise CannotChangeAuthority("Another authority has this name. Choose another one.", field="name")

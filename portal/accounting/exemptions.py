"""Which exemption in the linked organisation says the same as our reason for no tax."""

from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.models import ExemptionTwin, Link
from portal.taxes.standing.models import Exemption

REFUSED = ""  # in the place of the id there: Zoho does not take this reason


@dataclass(frozen=True)
class ReasonsThere:
    """Our reason, our tax of the kind exempt, and our reason's words → the id there."""

    of_reasons: dict[int, str] = field(default_factory=dict)
    of_taxes: dict[int, str] = field(default_factory=dict)
    of_words: dict[str, str] = field(default_factory=dict)

    def of_line(self, tax_id: int | None, reason: str) -> str:
        """ "" where there is none. reason: as it was frozen on the line, with a certificate's number behind it."""
        if tax_id is not None:
            return self.of_taxes.get(tax_id, "")
        words = (name for name in self.of_words if reason == name or reason.startswith(f"{name}, certificate "))
        return self.of_words.get(max(words, key=len, default=""), "")


def tie_reason(
    session: Session, organisation_id: int, link_id: int, remote_id: str, *, exemption_id: int | None = None,
    tax_id: int | None = None,
) -> None:  # fmt: skip
    """The later word counts. Does not commit."""
    own = "exemption_id" if tax_id is None else "tax_id"
    session.execute(
        insert(ExemptionTwin)
        .values(
            organisation_id=organisation_id, link_id=link_id, remote_id=remote_id, exemption_id=exemption_id,
            tax_id=tax_id,
        )
        .on_conflict_do_update(index_elements=["link_id", own], set_={"remote_id": remote_id})
    )  # fmt: skip


def try_again(session: Session, link_id: int) -> None:
    """What Zoho refused before is sent once more. Does not commit."""
    session.execute(delete(ExemptionTwin).where(ExemptionTwin.link_id == link_id, ExemptionTwin.remote_id == REFUSED))


def refused_ones(session: Session) -> set[int]:
    """Of our reasons, those that the linked organisation did not take."""
    live = select(Link.id).where(Link.archived_at.is_(None))
    found = select(ExemptionTwin.exemption_id).where(ExemptionTwin.link_id.in_(live))
    return {each for each in session.scalars(found.where(ExemptionTwin.remote_id == REFUSED)) if each is not None}


def reason_there(session: Session, exemption_id: int | None) -> str:
    """What says the same as this one of our reasons; "" where nothing does."""
    return reasons_there(session).of_reasons.get(exemption_id, "") if exemption_id is not None else ""


def reasons_there(session: Session) -> ReasonsThere:
    """Of the live link."""
    rows = session.execute(
        select(ExemptionTwin, Exemption.name)
        .join(Link, (Link.id == ExemptionTwin.link_id) & Link.archived_at.is_(None))
        .outerjoin(Exemption, Exemption.id == ExemptionTwin.exemption_id)
    ).all()
    return ReasonsThere(
        {twin.exemption_id: twin.remote_id for twin, _ in rows if twin.exemption_id is not None},
        {twin.tax_id: twin.remote_id for twin, _ in rows if twin.tax_id is not None},
        {name: twin.remote_id for twin, name in rows if name},
    )

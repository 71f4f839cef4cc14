"""The firm's logo: kept in two sizes, and found by anybody who knows its name."""

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, object_session

from portal.organisations import audit
from portal.organisations.models import Logo, Organisation
from portal.shared.drawing import draw_logo
from portal.shared.running import here


def keep_logo(session: Session, organisation: Organisation, file: bytes) -> None:
    """From now on; what was sent keeps the one before. Raises RuleBroken. Does not commit."""
    drawn = draw_logo(file)
    name = f"{drawn.digest.hex()[:32]}-{drawn.width}x{drawn.height}"
    session.execute(
        insert(Logo)
        .values(organisation_id=organisation.id, name=name, content=drawn.content, preview=drawn.preview)
        .on_conflict_do_nothing()
    )
    if organisation.logo != name:
        organisation.logo = name
        audit.note(session, organisation.id, "logo changed", "organisation", organisation.id, words="Logo changed")


def remove_logo(session: Session, organisation: Organisation) -> None:
    """From pages and from what is sent from now on. Does not commit."""
    if organisation.logo:
        organisation.logo = ""
        audit.note(session, organisation.id, "logo removed", "organisation", organisation.id, words="Logo removed")


def find_preview(session: Session, name: str) -> bytes | None:
    """The small one, whosever it is: it stands on pages that anybody with a link may see."""
    found: bytes | None = session.execute(text("SELECT gate.logo(:name)"), {"name": name}).scalar_one_or_none()
    return found


def logo_address(organisation: Organisation) -> str:
    """Whole, for mails; "" where the firm has none. As organisations.show_logo answers."""
    return f"{here().settings.public_url}/logos/{organisation.logo}.png" if organisation.logo else ""


def for_paper(organisation: Organisation, name: str) -> bytes:
    """The large one of this firm; nothing where it has none of that name."""
    session = object_session(organisation)
    if not name or session is None:
        return b""
    found = select(Logo.content).where(Logo.organisation_id == organisation.id, Logo.name == name)
    return session.scalars(found).one_or_none() or b""

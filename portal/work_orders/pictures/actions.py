"""Keeping pictures and taking them away again. Callers hold the job's row lock, and commit."""

from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.shared import drawing
from portal.shared.drawing import Drawn
from portal.shared.errors import RuleBroken
from portal.work_orders.models import WorkOrder
from portal.work_orders.pictures import queries
from portal.work_orders.pictures.models import PHOTO, SIGNATURE, JobPicture

MOST_OF_A_JOB = 40


def add_photo(session: Session, work_order: WorkOrder, file: bytes, taken_by_id: int) -> None:
    """The same photo twice is kept once. Raises RuleBroken."""
    _keep(session, work_order, JobPicture(kind=PHOTO, taken_by_id=taken_by_id), drawing.draw(file), "Photo added")


def sign(session: Session, work_order: WorkOrder, file: bytes, signed_by: str, taken_by_id: int) -> None:
    """Raises RuleBroken, where nothing was drawn too."""
    if not drawing.has_ink(file):
        raise RuleBroken("Nothing was drawn yet. Sign in the box.", field="picture")
    picture = JobPicture(kind=SIGNATURE, taken_by_id=taken_by_id, signed_by=signed_by)
    _keep(session, work_order, picture, drawing.draw(file), f"Signed by {signed_by}")


def remove(session: Session, work_order: WorkOrder, picture: JobPicture) -> None:
    session.delete(picture)
    words = f"Signature of {picture.signed_by} removed" if picture.is_signature else "Photo removed"
    audit.note(session, work_order.organisation_id, "picture removed", "work_order", work_order.id, words=words)


def _keep(session: Session, work_order: WorkOrder, picture: JobPicture, drawn: Drawn, words: str) -> None:
    if queries.find_same(session, work_order.id, drawn.digest) is not None:
        return
    if queries.count_of(session, work_order.id) >= MOST_OF_A_JOB:
        raise RuleBroken(f"A job keeps {MOST_OF_A_JOB} pictures. Remove one that says little first.", field="picture")
    picture.organisation_id, picture.work_order_id = work_order.organisation_id, work_order.id
    picture.content, picture.preview, picture.digest = drawn.content, drawn.preview, drawn.digest
    picture.width, picture.height = drawn.width, drawn.height
    session.add(picture)
    audit.note(session, work_order.organisation_id, "picture added", "work_order", work_order.id, words=words)

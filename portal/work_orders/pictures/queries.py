"""Pictures of jobs, without their contents until one is opened."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, undefer

from portal.shared.errors import NotFound
from portal.work_orders.models import WorkOrderLine
from portal.work_orders.pictures.models import JobPicture

Jobs = Sequence[int] | Select[int]  # ids of work orders


def jobs_of(line_ids: Sequence[int | None]) -> Jobs:
    """The jobs of these lines of theirs."""
    return select(WorkOrderLine.work_order_id).where(WorkOrderLine.id.in_([one for one in line_ids if one]))


def pictures_of(session: Session, jobs: Jobs) -> Sequence[JobPicture]:
    """In the order in which they were taken, signatures last."""
    return session.scalars(
        select(JobPicture)
        .where(JobPicture.work_order_id.in_(jobs))
        .order_by(JobPicture.kind, JobPicture.id)
        .options(joinedload(JobPicture.taken_by))
    ).all()


def get_picture(session: Session, jobs: Jobs, picture_id: int, *, small: bool = False) -> JobPicture:
    """With its content, or the small one. Raises NotFound unless it belongs to one of these jobs."""
    wanted = JobPicture.preview if small else JobPicture.content
    found = select(JobPicture).where(JobPicture.id == picture_id, JobPicture.work_order_id.in_(jobs))
    picture = session.scalars(found.options(undefer(wanted))).one_or_none()
    if picture is None:
        raise NotFound
    return picture


def contents_of(session: Session, jobs: Jobs) -> Sequence[JobPicture]:
    """All of them whole, as pictures_of lists them."""
    found = select(JobPicture).where(JobPicture.work_order_id.in_(jobs)).order_by(JobPicture.kind, JobPicture.id)
    return session.scalars(found.options(undefer(JobPicture.content))).all()


def find_same(session: Session, work_order_id: int, digest: bytes) -> JobPicture | None:
    found = select(JobPicture).where(JobPicture.work_order_id == work_order_id, JobPicture.digest == digest)
    return session.scalars(found).one_or_none()


def count_of(session: Session, work_order_id: int) -> int:
    found = select(func.count()).select_from(JobPicture).where(JobPicture.work_order_id == work_order_id)
    return session.scalars(found).one()

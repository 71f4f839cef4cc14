"""Pictures as they are kept: drawn anew by us, so that nothing of the file that came in is ever handed out."""

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.people.models import Person
from portal.shared.db import Base, Tenant, belongs_to

PHOTO, SIGNATURE = "photo", "signature"


class JobPicture(Tenant, Base):
    """A photo, or a signature with the name of who signed. content and preview are loaded only when asked for.

    digest  of the content: the same picture sent twice is kept once
    """

    __tablename__ = "job_pictures"
    __table_args__ = (
        belongs_to("work_orders", "work_order_id"),
        belongs_to("people", "taken_by_id"),
        UniqueConstraint("organisation_id", "work_order_id", "digest"),
        CheckConstraint("kind IN ('photo', 'signature')", name="kind"),
        CheckConstraint("(kind = 'signature') = (signed_by <> '')", name="signed_by"),
        Index("ix_job_pictures_work_order", "organisation_id", "work_order_id"),
    )

    work_order_id: Mapped[int] = mapped_column(BigInteger)
    taken_by_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    signed_by: Mapped[str] = mapped_column(String(100), default="")
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    preview: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    taken_by: Mapped[Person] = relationship(
        primaryjoin="foreign(JobPicture.taken_by_id) == Person.id", lazy="raise_on_sql", viewonly=True
    )

    @property
    def is_signature(self) -> bool:
        return self.kind == SIGNATURE

"""Papers as they went out: made once, kept, never changed."""

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant


class Document(Tenant, Base):
    """One PDF. edition: which one of the record's papers, such as "1" or "1 void" for an invoice's revision 1."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("organisation_id", "kind", "record_id", "edition"),
        CheckConstraint("kind IN ('invoice', 'credit_note', 'receipt')", name="kind"),
        CheckConstraint("sha256 = sha256(content)", name="sha256"),
    )

    kind: Mapped[str] = mapped_column(String(20))
    record_id: Mapped[int] = mapped_column(BigInteger)
    edition: Mapped[str] = mapped_column(String(40))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)

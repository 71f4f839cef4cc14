"""Photos of cheques and slips, kept with the payment: drawn anew by us, as the pictures of a job are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, undefer
from werkzeug.datastructures import FileStorage

from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared.db import Base, Tenant, belongs_to
from portal.shared.drawing import LARGEST_FILE, Drawn, draw
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form

MOST_OF_A_PAYMENT = 4  # both sides of a cheque, and once more


class PaymentPhoto(Tenant, Base):
    """Only ever added. content and preview are loaded only when asked for."""

    __tablename__ = "payment_photos"
    __table_args__ = (
        belongs_to("payments", "payment_id"),
        belongs_to("people", "taken_by_id"),
        UniqueConstraint("organisation_id", "payment_id", "digest"),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger)
    taken_by_id: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    preview: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


def read_photo(form: Form, files: Mapping[str, FileStorage]) -> Drawn | None:
    """None where none was chosen, or where it is no picture: the form says so."""
    file = files.get("picture")
    if file is None:
        return None
    with file.stream:
        content = file.read(LARGEST_FILE + 1)
    if not content:
        return None
    try:
        return draw(content)
    except RuleBroken as problem:
        form.refuse(problem)
    return None


def keep_photo(session: Session, payment: Payment, drawn: Drawn, *, taken_by: int) -> None:
    """The same photo twice is kept once. Expects the customer's lock. Raises RuleBroken. Does not
    commit."""
    known = session.execute(
        select(func.count(), func.count().filter(PaymentPhoto.digest == drawn.digest)).where(
            PaymentPhoto.payment_id == payment.id
        )
    ).one()
    if known[1]:
        return
    if known[0] >= MOST_OF_A_PAYMENT:
        raise RuleBroken(f"A payment keeps {MOST_OF_A_PAYMENT} photos.", field="picture")
    session.add(
        PaymentPhoto(
            organisation_id=payment.organisation_id, payment_id=payment.id, taken_by_id=taken_by, width=drawn.width,
            height=drawn.height, digest=drawn.digest, content=drawn.content, preview=drawn.preview,
        )
    )  # fmt: skip
    audit.note(session, payment.organisation_id, "photo added", "payment", payment.id, words="Photo added")


def photos_of(session: Session, payment_id: int) -> Sequence[PaymentPhoto]:
    """In the order in which they were taken."""
    found = select(PaymentPhoto).where(PaymentPhoto.payment_id == payment_id).order_by(PaymentPhoto.id)
    return session.scalars(found).all()


def get_photo(session: Session, payment_id: int, photo_id: int, *, small: bool = False) -> bytes:
    """Raises NotFound unless it is of this payment."""
    wanted = PaymentPhoto.preview if small else PaymentPhoto.content
    found = select(PaymentPhoto).where(PaymentPhoto.id == photo_id, PaymentPhoto.payment_id == payment_id)
    photo = session.scalars(found.options(undefer(wanted))).one_or_none()
    if photo is None:
        raise NotFound
    return photo.preview if small else photo.content

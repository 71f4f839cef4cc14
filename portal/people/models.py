"""Staff who sign in, what their roles may do, and their open sign-ins."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced

ROLES = ("administrator", "manager", "field_agent", "limited_field_agent")


class Role(Base):
    """What one role may do in one organisation: data, so that a firm can change it."""

    __tablename__ = "roles"
    __table_args__ = (CheckConstraint(f"name IN {ROLES}", name="name"),)

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    rights: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    discount_limit: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(0))  # percent


class Person(Tenant, Base):
    """Someone on the staff. An e-mail address signs in to one organisation."""

    __tablename__ = "people"
    __table_args__ = (
        referenced(),
        Index("uq_people_email", text("lower(email)"), unique=True),
        CheckConstraint(f"role IN {ROLES}", name="role"),
    )

    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(30))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)


class PasswordToken(Base):
    """A link by which somebody chooses a password. The mail holds the secret, this row only its SHA-256."""

    __tablename__ = "password_tokens"
    __table_args__ = (belongs_to("people", "person_id"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    person_id: Mapped[int] = mapped_column(BigInteger, index=True)
    expires_at: Mapped[datetime]


class SignIn(Base):
    """One open sign-in. The cookie holds the secret, this row only its SHA-256; deleting the row ends it."""

    __tablename__ = "sign_ins"
    __table_args__ = (belongs_to("people", "person_id"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]

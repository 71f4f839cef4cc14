"""The day on which a firm goes over to another Zoho organisation, set in advance."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to

OPEN, GONE_OVER, CALLED_OFF = "", "gone over", "called off"


class PlannedSwitch(Tenant, Base):
    """The organisation of `link_id` is left for another one, which was chosen and has given its consent.

    is_new        it was made for the firm, and was empty then: nobody has to compare anything with it
    next_look_at  when the workers look at it again
    checked_at    when Zoho was last asked whether the other organisation can be gone over to; problem: why not
    """

    __tablename__ = "planned_switches"
    __table_args__ = (
        belongs_to("links", "link_id"),
        belongs_to("zoho_consents", "consent_id"),
        Index("uq_planned_switches_open", "organisation_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("product IN ('books', 'invoice')", name="product"),
        CheckConstraint("outcome IN ('', 'gone over', 'called off')", name="outcome"),
        CheckConstraint("(ended_at IS NULL) = (outcome = '')", name="ended"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    consent_id: Mapped[int] = mapped_column(BigInteger)
    product: Mapped[str] = mapped_column(String(10))
    remote_organisation_id: Mapped[str] = mapped_column(String(20))
    remote_name: Mapped[str] = mapped_column(String(200))
    is_new: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    cut_over_on: Mapped[date]
    planned_by: Mapped[int | None] = mapped_column(BigInteger)
    next_look_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(300), default="", server_default=text("''"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(10), default=OPEN, server_default=text("''"))

"""Drafts follow what they rest on: the firm's settings and the rates of its taxes. What was sent never moves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from portal.invoices import drafts
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.pricing import CannotPrice
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.actions import CannotChangeTax
from portal.taxes.queries import taxes_by_id


@dataclass(frozen=True)
class Followed:
    """How many drafts there are, how many say something else now, and a sentence for each that could not."""

    looked_at: int
    changed: int
    refused: list[str]


def reckon_drafts(session: Session, organisation: Organisation) -> Followed:
    """All of them, as of today; one that cannot be reckoned stays as it was. Does not commit."""
    session.flush()
    taxes = taxes_by_id(session)
    found = session.scalars(
        select(Invoice).where(Invoice.status == DRAFT).options(selectinload(Invoice.lines)).order_by(Invoice.id)
        .with_for_update(of=Invoice)
    ).all()  # fmt: skip
    changed, refused = 0, []
    for invoice in found:
        try:
            changed += drafts.rewrite(session, organisation, invoice, taxes)
        except CannotPrice as problem:
            refused.append(
                f"The draft for {invoice.bill_to.get('name', '')} ({invoice.reference}) would not go with it:"
                f" {problem.sentence} Send it or discard it first."
            )
    return Followed(len(found), changed, refused)


def follow_rates(session: Session, organisation_id: int) -> int:
    """A tax costs something else. Returns how many drafts do, too. Raises CannotChangeTax. Does not commit."""
    found = reckon_drafts(session, session.get_one(Organisation, organisation_id))
    if found.refused:
        raise CannotChangeTax(found.refused[0], field="rate")
    return found.changed


def follow_the_day(at: datetime) -> int:
    """A rate that was entered beforehand begins: the drafts of its firms come to what they come to today.

    Returns how many changed. One that cannot be reckoned stays; who sends it is told.
    """
    with job_session(None) as session:
        firms = list(session.scalars(text("SELECT gate.rates_beginning(:day)"), {"day": at.date()}))
    return sum(map(_follow_in, firms))


def _follow_in(organisation_id: int) -> int:
    with job_session(organisation_id) as session:
        return reckon_drafts(session, session.get_one(Organisation, organisation_id)).changed

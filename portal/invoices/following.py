"""Drafts follow what they rest on: settings, rates of taxes, the days of their jobs. What was sent never moves."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from portal.invoices import billing, drafts, retaxing, shipping
from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.invoices.pricing import CannotPrice
from portal.invoices.rules import CannotIssue
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.actions import CannotChangeTax
from portal.taxes.queries import taxes_by_id
from portal.work_orders.models import WorkOrder, WorkOrderLine


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
            retaxing.find_missing(session, organisation, invoice, taxes)
            changed += drafts.rewrite(session, organisation, invoice, taxes)
        except CannotIssue:
            continue  # a tax has no rate on its day yet: no change of another one is to blame, and who sends it is told
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


def follow_job(session: Session, work_order: WorkOrder) -> None:
    """A visit was moved, done or called off: the drafts of its job have that day of supply. Does not commit."""
    of_job = select(InvoiceLine.invoice_id).join(
        WorkOrderLine, WorkOrderLine.id == InvoiceLine.work_order_line_id
    ).where(WorkOrderLine.work_order_id == work_order.id)  # fmt: skip
    found = session.scalars(
        select(Invoice).where(Invoice.status == DRAFT, Invoice.id.in_(of_job)).options(selectinload(Invoice.lines))
        .order_by(Invoice.id).with_for_update(of=Invoice)
    ).all()  # fmt: skip
    if not found:
        return
    organisation = session.get_one(Organisation, work_order.organisation_id)
    for stale in (*work_order.appointments, work_order):  # another technician may come
        session.expire(stale)
    taxes = taxes_by_id(session)
    for invoice in found:
        job = shipping.job_of(session, invoice)
        invoice.supplied_on = billing.supplied_on(job, organisation.time_zone)
        billing.tell_work(organisation, invoice, job)
        with suppress(CannotPrice, CannotIssue):  # whoever sends it is told
            retaxing.find_missing(session, organisation, invoice, taxes)
            drafts.rewrite(session, organisation, invoice, taxes)


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

"""What a job comes to with tax, as far as that is known before it is billed."""

from sqlalchemy.orm import Session

from portal.invoices import billing, taxing
from portal.organisations.models import Organisation
from portal.payments.queries import deposits_of
from portal.shared.money import Money
from portal.taxes.queries import taxes_by_id
from portal.work_orders.models import WorkOrder


def worth_of(session: Session, organisation: Organisation, job: WorkOrder) -> Money:
    """Of a job that was read whole: all that is not free of charge, at the firm's usual tax where no rule finds one."""
    lines = [line for line in job.lines if not line.non_billable_reason]
    taxes = taxes_by_id(session)
    day = billing.tax_point_of(organisation, billing.supplied_on(job, organisation.time_zone))
    decided = taxing.with_usual(taxing.decide(session, organisation, job, lines, taxes, day), taxes)
    return billing.preview(taxing.bearing(lines, decided), taxes, organisation, day).total


def most_to_ask(session: Session, organisation: Organisation, job: WorkOrder) -> Money | None:
    """What deposits have not paid of it yet; None for a job without prices: then nobody knows."""
    worth = worth_of(session, organisation, job)
    if not worth:
        return None
    zero = Money.zero(worth.currency)
    uses = [each.use for each in deposits_of(session, job.id) if each.payment.currency == worth.currency]
    return max(worth - Money.total((use.left for use in uses), worth.currency), zero)

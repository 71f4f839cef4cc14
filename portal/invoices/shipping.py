"""Which tax a draft's shipping bears: decided as a line's is, by customer, place and what is shipped."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from portal.invoices import billing, taxing
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.taxes.models import Tax
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import job_of_line


def settle_shipping(
    session: Session, organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax], *,
    with_usual: bool = False,
) -> None:  # fmt: skip
    """By the rules as everything stands today. with_usual: the firm's usual tax where no rule finds one."""
    decided = taxing.OnLine(None)
    if invoice.shipping_minor:
        job = job_of(session, invoice)
        ids = {line.work_order_line_id for line in invoice.lines}
        day = billing.tax_point_of(organisation, invoice.supplied_on)
        case = taxing.case_of(session, organisation, job, taxes, day)
        usual = taxes.get(invoice.shipping_usual_tax_id or 0)
        decided = case.shipping(usual, [line for line in job.lines if line.id in ids])
        decided = taxing.with_usual([decided], taxes)[0] if with_usual else decided
    name = taxes[decided.tax_id].name if decided.tax_id is not None else ""
    invoice.shipping_tax_id = decided.tax_id
    invoice.shipping_tax_why = ", ".join(filter(None, (name, decided.why)))[:200]
    invoice.shipping_tax_reason, invoice.shipping_tax_missing = decided.reason, decided.missing


def job_of(session: Session, invoice: Invoice) -> WorkOrder:
    """Read whole."""
    return job_of_line(session, next(line.work_order_line_id for line in invoice.lines if line.work_order_line_id))

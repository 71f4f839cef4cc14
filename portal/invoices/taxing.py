"""Which tax each line of a job gets, and why: rows to the plain values of taxes.determination, and its answer back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.invoices.models import InvoiceLine
from portal.invoices.tax_case import Case, OnLine, usual_tax
from portal.organisations.models import Organisation
from portal.taxes.models import Tax
from portal.taxes.naming import with_reason
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing.queries import local_tax_of
from portal.work_orders.models import WorkOrder, WorkOrderLine

__all__ = ["Case", "OnLine", "usual_tax"]
USUAL_CHOSEN = "the firm's usual tax"


@dataclass(frozen=True)
class Bearing:
    """What the arithmetic needs of a line."""

    quantity: Decimal
    unit_price: Decimal
    tax_id: int | None


def decide(
    session: Session, organisation: Organisation, work_order: WorkOrder, lines: Sequence[WorkOrderLine],
    taxes: Mapping[int, Tax], tax_point: date,
) -> list[OnLine]:  # fmt: skip
    """For each line of a job that was read whole."""
    case = case_of(session, organisation, work_order, taxes, tax_point)
    return [case.line(line) for line in lines]


def case_of(
    session: Session, organisation: Organisation, work_order: WorkOrder, taxes: Mapping[int, Tax], tax_point: date
) -> Case:
    """Of a job that was read whole."""
    return Case(organisation, work_order, taxes, tax_point, _address_tax(session, organisation, work_order))


def with_usual(decided: Sequence[OnLine], taxes: Mapping[int, Tax]) -> list[OnLine]:
    """A person has said so: the firm's usual tax, as this supply has it, where no rule finds one."""
    return [
        chosen(each, taxes[each.usual_id], USUAL_CHOSEN) if each.missing and each.usual_id else each for each in decided
    ]


def chosen(instead_of: OnLine, tax: Tax | None, reason: str) -> OnLine:
    """A person's choice; tax None: the line bears none, and `reason` says why."""
    return replace(
        instead_of, tax_id=tax.id if tax else None, why=f"chosen: {reason}"[:200], reason="" if tax else reason,
        missing="", override=reason,
    )  # fmt: skip


def bearing(lines: Sequence[WorkOrderLine], decided: Sequence[OnLine]) -> list[Bearing]:
    return [
        Bearing(line.quantity, line.unit_price, each.tax_id) for line, each in zip(lines, decided, strict=True)
    ]  # fmt: skip


def words_of(each: OnLine, taxes: Mapping[int, Tax]) -> str:
    """The tax and why, as the line will say it."""
    return with_reason(taxes[each.tax_id].name if each.tax_id is not None else "", each.why)


def write_on(line: InvoiceLine, each: OnLine, taxes: Mapping[int, Tax], tax_point: date) -> None:
    """Put a decision on a draft's line."""
    tax = taxes.get(each.tax_id) if each.tax_id is not None else None
    line.tax_id, line.tax_name = each.tax_id, tax.name if tax else ""
    line.tax_rate = tax.rate_on(tax_point) if tax else Decimal(0)
    line.tax_why, line.tax_reason, line.tax_missing = each.why, each.reason, each.missing
    line.tax_override, line.place_of_supply, line.tax_treatment = each.override, each.place, each.treatment


def _address_tax(session: Session, organisation: Organisation, work_order: WorkOrder) -> int | None:
    """Of where the work is done, in the countries where that decides."""
    site, country = work_order.service_address, organisation.country
    if site is None or not standing_of(country).get("by_address") or (site.country or country) != country:
        return None
    return local_tax_of(session, country, site.state, site.city, site.postal_code)

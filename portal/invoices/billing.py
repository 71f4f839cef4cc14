"""From work done to a draft: which lines, at which tax, and what that comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal.invoices.models import Invoice, InvoiceLine
from portal.organisations.models import Organisation
from portal.shared import clock, phrases
from portal.shared.money import Money
from portal.shared.text import clean
from portal.taxes import arithmetic, naming
from portal.taxes.models import Tax
from portal.taxes.queries import members_of
from portal.taxes.tax_point import tax_point
from portal.work_orders.models import WorkOrder, WorkOrderLine

_NO_WORK = ("Cancelled", "Cannot Complete")


def billable_lines(work_order: WorkOrder) -> list[WorkOrderLine]:
    """Lines that are on no invoice and are not marked as free of charge."""
    return [line for line in work_order.lines if not line.claim and not line.non_billable_reason]


def preview(
    lines: Sequence[Any], taxes: Mapping[int, Tax], organisation: Organisation, tax_point: date
) -> arithmetic.Breakdown:
    """What lines (of a work order or of an invoice) come to on `tax_point`."""
    return arithmetic.reckon(reckoned(lines, taxes, tax_point), policy_of(organisation))


def reckoned(lines: Sequence[Any], taxes: Mapping[int, Tax], tax_point: date) -> tuple[arithmetic.Line, ...]:
    """Such lines as they are reckoned, each with what its tax is on that day."""
    return tuple(_reckoned(line, taxes, tax_point) for line in lines)


def printed_lines(
    invoice: Invoice, chosen: Sequence[WorkOrderLine], breakdown: arithmetic.Breakdown
) -> list[InvoiceLine]:
    """The lines of a draft, as yet without their taxes."""
    return [
        InvoiceLine(
            organisation_id=invoice.organisation_id, work_order_line_id=line.id, item_id=line.item_id,
            position=position, kind=line.kind, name=line.name, description=_described(line),
            quantity=line.quantity,
            unit=line.unit, unit_price=line.unit_price, line_total_minor=total.minor, currency=invoice.currency,
            hsn_sac=line.item.hsn_sac if line.item else "",
        )
        for position, (line, total) in enumerate(zip(chosen, breakdown.line_totals, strict=True))
    ]  # fmt: skip


def _described(line: WorkOrderLine) -> str:
    """A share says so: otherwise its quantity looks like a mistake."""
    return "\n".join(filter(None, (line.share, line.description)))[:2000]


def reckon_invoice(
    invoice: Invoice, taxes: Mapping[int, Tax], organisation: Organisation, tax_point: date
) -> arithmetic.Breakdown:
    """What an invoice comes to, with all that it was given beside its lines."""
    lines = tuple(_with_discount(_reckoned(line, taxes, tax_point), line) for line in invoice.lines)
    withheld = _on_line(taxes[invoice.withholding_tax_id], tax_point) if invoice.withholding_tax_id else ()
    lines = tuple(replace(line, taxes=(*line.taxes, *withheld)) for line in lines)
    shipping = Money(invoice.shipping_minor, invoice.currency).decimal
    bears = _reckoned(_Shipping(invoice.shipping_tax_id, shipping), taxes, tax_point).taxes
    discount = arithmetic.Discount(invoice.discount_kind, invoice.discount_value, invoice.discount_applied)
    return arithmetic.reckon(
        lines, policy_of(organisation), discount=discount if invoice.discount_kind else None,
        charges=(arithmetic.Charge(shipping, bears),) if shipping else (),
        adjustment=Money(invoice.adjustment_minor, invoice.currency).decimal,
    )  # fmt: skip


@dataclass(frozen=True)
class _Shipping:
    """Taxed as a line is."""

    tax_id: int | None
    unit_price: Decimal
    quantity: Decimal = Decimal(1)


def _with_discount(reckoned: arithmetic.Line, line: InvoiceLine) -> arithmetic.Line:
    amount = None if line.discount_minor is None else Money(line.discount_minor, line.currency).decimal
    return replace(reckoned, discount_percent=line.discount_percent, discount_amount=amount, key=f"{line.id:020}")


def endings(lines: Sequence[Any], taxes: Mapping[int, Tax], tax_point: date) -> list[tuple[str, str, bool]]:
    """For rules.check_in_force: of lines of a work order or of an invoice."""
    return [
        (line.name, taxes[line.tax_id].name, taxes[line.tax_id].has_ended(tax_point))
        for line in lines if line.tax_id in taxes
    ]  # fmt: skip


def without_rate(invoice: Invoice, taxes: Mapping[int, Tax], tax_point: date) -> tuple[str, str] | None:
    """Of what a draft bears, the first tax that has no rate yet on `tax_point`: the field it is chosen in, and what to
    do. Where the rules decide, such a line is left without a tax, but its day may have moved since."""
    borne = [(f"tax-{line.id}", line.tax_id) for line in invoice.lines]
    borne += [("shipping_tax_id", invoice.shipping_tax_id), ("withholding_tax_id", invoice.withholding_tax_id)]
    for field, tax in ((field, taxes.get(tax_id or 0)) for field, tax_id in borne):
        begins = tax.begins_after(tax_point) if tax else None
        if tax and begins:
            return field, naming.without_rate(tax.name, tax_point, begins)
    return None


def policy_of(organisation: Organisation) -> arithmetic.Policy:
    return arithmetic.Policy(
        currency=organisation.currency, price_includes_tax=organisation.price_includes_tax,
        rounding=organisation.tax_rounding, rounding_mode=organisation.rounding_mode,
        round_total_to=organisation.round_total_to,
    )  # fmt: skip


def supplied_on(work_order: WorkOrder, time_zone: str) -> date | None:
    """The day of the last visit that took place or will; without one, the day the job was completed."""
    visits = [visit.ends_at for visit in work_order.appointments if visit.status not in _NO_WORK]
    last = max(visits, default=work_order.completed_at)
    return clock.local(last, time_zone).date() if last else None


def tax_point_of(organisation: Organisation, day: date | None) -> date:
    """Whose rates count for a draft that is sent today. day: of the work, as supplied_on finds it."""
    return tax_point(organisation.country, day, clock.today(organisation.time_zone))


def work_facts(organisation: Organisation, work_order: WorkOrder) -> dict[str, str]:
    """Where, when and by whom, as far as it is known: what phrases.Language.work tells in one line."""
    site = work_order.service_address
    place = clean(site.one_line) if site else ""
    facts = {"place": place} if place else {}
    if not work_order.appointments:
        return facts
    visit = work_order.appointments[-1]
    begins, ends = (clock.local(at, organisation.time_zone) for at in (visit.starts_at, visit.ends_at))
    return facts | {
        "day": begins.date().isoformat(), "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}",
        "name": clean(visit.technician.name),
    }  # fmt: skip


def tell_work(organisation: Organisation, invoice: Invoice, work_order: WorkOrder) -> None:
    """On a draft, in the customer's language: what makes a customer pay at once."""
    language = phrases.choose(work_order.customer.language, organisation.document_language, organisation.locale)
    invoice.work_facts = work_facts(organisation, work_order)
    invoice.work_done = language.work(invoice.work_facts, organisation.locale, organisation.country)[:500]


def _reckoned(line: Any, taxes: Mapping[int, Tax], tax_point: date) -> arithmetic.Line:
    tax = taxes.get(line.tax_id) if line.tax_id is not None else None
    on_line = _on_line(tax, tax_point) if tax else ()
    return arithmetic.Line(quantity=line.quantity, unit_price=line.unit_price, taxes=on_line)


def _on_line(tax: Tax, tax_point: date) -> tuple[arithmetic.LineTax, ...]:
    """A group is reckoned member by member; a compound member on the price and on those before it."""
    found: list[arithmetic.LineTax] = []
    for member, is_compound in members_of(tax):
        before = tuple(each.key for each in found) if is_compound else ()
        found.append(
            arithmetic.LineTax(
                str(member.id), member.name, member.rate_on(tax_point), member.kind, compound=is_compound,
                base_includes=before,
            )
        )  # fmt: skip
    return tuple(found)

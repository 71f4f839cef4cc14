"""Pricing a draft: discounts, shipping, an adjustment. And writing down what an invoice comes to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.invoices import billing, frozen, pricing, rules
from portal.invoices.models import DRAFT, Invoice, InvoiceTax
from portal.invoices.shipping import settle_shipping
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, Impossible
from portal.taxes.models import Tax
from portal.taxes.queries import taxes_by_id


def gross_of(invoice: Invoice) -> dict[int, Money]:
    """What each line comes to before any discount, by its id."""
    return {line.id: Money.rounded(line.quantity * line.unit_price, line.currency) for line in invoice.lines}


def price_draft(
    session: Session, organisation: Organisation, invoice: Invoice, wanted: pricing.Pricing, limit: Decimal
) -> None:
    """Write the prices of a draft anew. Raises CannotPrice. Does not commit.

    invoice  read with its lines, its row locked
    limit    percent that this person may give away
    """
    if invoice.status != DRAFT:
        raise pricing.CannotPrice("This invoice has been sent: its prices are frozen. Make a credit note instead.")
    pricing.check_style(wanted, organisation.discount_style, _given(invoice))
    pricing.check_pricing(wanted, gross_of(invoice), limit)
    before = invoice.breakdown
    taxes, day = taxes_by_id(session), billing.tax_point_of(organisation, invoice.supplied_on)
    _set(invoice, wanted)
    invoice.shipping_tax_id = wanted.shipping_tax_id  # as chosen: told beside its field, before the rules have a say
    rules.check_begun(billing.without_rate(invoice, taxes, day))
    settle_shipping(session, organisation, invoice, taxes)
    rewrite(session, organisation, invoice, taxes)
    audit.note(
        session, organisation.id, "draft priced", "invoice", invoice.id, words=f"Priced anew: {invoice.total}",
        before={"total": (before or {}).get("total")}, after={"total": str(invoice.total.decimal)},
    )  # fmt: skip


def rewrite(
    session: Session, organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax] | None = None
) -> bool:
    """Reckon a draft as of its tax point; where that changes anything, its totals and tax rows are written anew.

    taxes  all of them, by whoever reckons many drafts
    Returns whether it came to anything else. Raises CannotPrice, or CannotIssue where a tax has no rate on that day,
    with the draft as it was.
    """
    taxes = taxes_by_id(session) if taxes is None else taxes
    tax_point = billing.tax_point_of(organisation, invoice.supplied_on)
    rules.check_begun(billing.without_rate(invoice, taxes, tax_point))
    breakdown = _reckoned(organisation, invoice, taxes, tax_point)
    _name_taxes(session, organisation, invoice, taxes)
    if frozen.as_text(breakdown, billing.policy_of(organisation)) == invoice.breakdown:
        return False
    for line, total in zip(invoice.lines, breakdown.line_totals, strict=True):
        tax = taxes.get(line.tax_id) if line.tax_id is not None else None
        line.tax_rate = tax.rate_on(tax_point) if tax else line.tax_rate
        line.line_total_minor = total.minor
    session.execute(delete(InvoiceTax).where(InvoiceTax.invoice_id == invoice.id))
    set_committed_value(invoice, "taxes", [])
    take_totals(organisation, invoice, breakdown)
    return True


def _name_taxes(
    session: Session, organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax]
) -> None:  # fmt: skip
    """As they are called now: a group's own name is in no breakdown."""
    for line in invoice.lines:
        tax = taxes.get(line.tax_id) if line.tax_id is not None else None
        line.tax_name = tax.name if tax else line.tax_name
    shipped = taxes.get(invoice.shipping_tax_id or 0)
    if shipped is not None and not invoice.names_shippings_tax(shipped.name):
        settle_shipping(session, organisation, invoice, taxes)


def _reckoned(organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax], tax_point: date) -> Breakdown:
    """Raises CannotPrice for what no invoice can say."""
    try:
        breakdown = billing.reckon_invoice(invoice, taxes, organisation, tax_point)
    except Impossible as problem:
        raise pricing.CannotPrice(f"This cannot be reckoned: {problem.why}.") from problem
    if breakdown.total.minor < 0:
        raise pricing.CannotPrice("The total would be less than zero. Give less away.", field="adjustment")
    if -breakdown.withholding.minor > breakdown.total.minor:
        raise pricing.CannotPrice("More would be withheld than there is to pay.", field="withholding_tax_id")
    return breakdown


def take_totals(organisation: Organisation, invoice: Invoice, breakdown: Breakdown) -> None:
    """Of an invoice without tax rows. Its rows add up to its tax: a reverse charge costs nothing, and what is withheld
    stands in the breakdown only."""
    invoice.taxes = [
        InvoiceTax(
            organisation_id=invoice.organisation_id, tax_id=int(row.key), position=position, name=row.name,
            rate=row.rate, base_minor=row.base.minor, amount_minor=row.amount.minor if row.is_charged else 0,
            currency=invoice.currency,
        )
        for position, row in enumerate(breakdown.taxes)
        if row.kind != "withholding"
    ]  # fmt: skip
    invoice.breakdown = frozen.as_text(breakdown, billing.policy_of(organisation))
    invoice.subtotal_minor = breakdown.subtotal.minor
    invoice.tax_minor = breakdown.tax_total.minor
    invoice.total_minor = breakdown.total.minor
    invoice.withheld_minor = -breakdown.withholding.minor


def _given(invoice: Invoice) -> pricing.Pricing:
    """The discounts that a draft has."""
    amount = Money.of(invoice.discount_value, invoice.currency) if invoice.discount_kind == "amount" else None
    percent = invoice.discount_value if invoice.discount_kind == "percent" else None
    zero = Money.zero(invoice.currency)
    return pricing.Pricing(
        adjustment=zero, shipping=zero, whole=pricing.Cut(percent, amount, invoice.discount_applied),
        lines={
            line.id: pricing.Cut(line.discount_percent, None if line.discount_minor is None else line.discount)
            for line in invoice.lines
        },
    )  # fmt: skip


def _set(invoice: Invoice, wanted: pricing.Pricing) -> None:
    for line in invoice.lines:
        cut = wanted.lines.get(line.id) or pricing.Cut()
        line.discount_percent = cut.percent
        line.discount_minor = cut.amount.minor if cut.amount else None
    whole = wanted.whole if wanted.whole else replace(wanted.whole, percent=None, amount=None)
    invoice.discount_kind = "amount" if whole.amount else "percent" if whole.percent else ""
    invoice.discount_value = whole.amount.decimal if whole.amount else whole.percent or Decimal(0)
    invoice.discount_applied = whole.applied
    invoice.withholding_tax_id, invoice.exchange_rate = wanted.withholding_tax_id, wanted.exchange_rate
    invoice.shipping_minor, invoice.shipping_usual_tax_id = wanted.shipping.minor, wanted.shipping_tax_id
    invoice.adjustment_minor, invoice.adjustment_reason = wanted.adjustment.minor, wanted.adjustment_reason

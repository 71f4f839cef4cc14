"""The form of a draft's prices: strings to typed values."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from portal.invoices import pricing
from portal.invoices.models import Invoice
from portal.invoices.retaxing import Choice
from portal.shared.forms import Form
from portal.shared.money import Money, decimals_of
from portal.shared.text import as_typed
from portal.taxes.models import Tax

_MOST = Decimal(10) ** 9
_LEAST_RATE = Decimal(1).scaleb(-9)


def read_pricing(
    form: Form, invoice: Invoice, tax_ids: Collection[int], withholding_ids: Collection[int], *, may_adjust: bool
) -> pricing.Pricing:  # fmt: skip
    """tax_ids: for shipping. may_adjust False: the adjustment stays as it is, whatever was posted."""
    currency = invoice.currency
    cuts = {line.id: _cut(form, f"discount-{line.id}", currency) for line in invoice.lines}
    applied = form.choice("applied", "when it is taken off", ("before_tax", "after_tax"), default="before_tax")
    whole = _cut(form, "discount", currency, applied)
    shipping = _money(form, "shipping", "shipping", currency, least=Decimal(0))
    tax_id = form.record("shipping_tax_id", "a tax for shipping", required=False)
    if tax_id is not None and tax_id not in tax_ids:
        form.errors["shipping_tax_id"] = "Choose a tax for shipping from the list."
    withholding_id = form.record("withholding_tax_id", "what is withheld", required=False)
    if withholding_id is not None and withholding_id not in withholding_ids:
        form.errors["withholding_tax_id"] = "Choose what is withheld from the list."
    rate = form.decimal("exchange_rate", "the exchange rate", least=_LEAST_RATE, most=_MOST, places=9, required=False)
    adjustment = Money(invoice.adjustment_minor, currency)
    reason = invoice.adjustment_reason
    if may_adjust:
        adjustment = _money(form, "adjustment", "the adjustment", currency, least=-_MOST)
        reason = form.text("adjustment_reason", "what the adjustment is for", longest=100, required=False)
    return pricing.Pricing(
        adjustment=adjustment, adjustment_reason=reason if adjustment else "", shipping=shipping,
        shipping_tax_id=tax_id if shipping else None, withholding_tax_id=withholding_id,
        exchange_rate=rate if form.values.get("exchange_rate", "").strip() else None, whole=whole, lines=cuts,
    )  # fmt: skip


def filled_with(invoice: Invoice) -> Form:
    """The form as the draft stands."""
    places = decimals_of(invoice.currency)
    kind = invoice.discount_kind
    values = {
        "discount": _typed(invoice.discount_value if kind == "percent" else None,
                           invoice.discount_value if kind == "amount" else None, places),
        "applied": invoice.discount_applied,
        "shipping": as_typed(Money(invoice.shipping_minor, invoice.currency).decimal, places)
        if invoice.shipping_minor else "",
        "shipping_tax_id": str(invoice.shipping_usual_tax_id or ""),
        "exchange_rate": "" if invoice.exchange_rate is None else as_typed(invoice.exchange_rate),
        "withholding_tax_id": str(invoice.withholding_tax_id or ""),
        "adjustment": as_typed(Money(invoice.adjustment_minor, invoice.currency).decimal, places)
        if invoice.adjustment_minor else "",
        "adjustment_reason": invoice.adjustment_reason,
    }  # fmt: skip
    for line in invoice.lines:
        amount = None if line.discount_minor is None else Money(line.discount_minor, line.currency).decimal
        values[f"discount-{line.id}"] = _typed(line.discount_percent, amount, places)
    return Form(values)


def read_taxes(form: Form, invoice: Invoice, taxes: Mapping[int, Tax]) -> dict[int, Choice]:
    """By the line's id what a person chose, with the reason; lines that are left to the rules are not in it."""
    found = {}
    for line in invoice.lines:
        name, said = f"tax-{line.id}", f"reason-{line.id}"
        picked = form.values.get(name, "")
        reason = form.text(said, "your reason", longest=180, required=False)
        tax = None if picked in ("", "none") else taxes.get(form.record(name, "a tax") or 0)
        if picked not in ("", "none") and tax is None:
            form.errors[name] = "Choose a tax from the list."
        elif picked and not reason:
            form.errors.setdefault(said, "Enter the reason: it is printed on the line.")
        elif picked:
            found[line.id] = Choice(tax, reason)
    return found


def taxes_of(invoice: Invoice) -> Form:
    """The form as the draft stands: only what a person chose is chosen."""
    by_hand = [line for line in invoice.lines if line.tax_override]
    picked = {f"tax-{line.id}": str(line.tax_id or "none") for line in by_hand}
    return Form(picked | {f"reason-{line.id}": line.tax_override for line in by_hand})


def _typed(percent: Decimal | None, amount: Decimal | None, places: int) -> str:
    if percent is not None:
        return f"{as_typed(percent)}%"
    return "" if amount is None else as_typed(amount, places)


def _cut(form: Form, name: str, currency: str, applied: str = "before_tax") -> pricing.Cut:
    """10% or 5.00."""
    typed = form.values.get(name, "").strip()
    if not typed:
        return pricing.Cut(applied=applied)
    if typed.endswith(("%", "\u066a")):  # or Arabic's
        form.values[name] = typed[:-1]
        percent = form.decimal(name, "the discount", least=Decimal(0), most=Decimal(100), places=4)
        form.values[name] = typed
        return pricing.Cut(percent=percent or None, applied=applied)
    amount = _money(form, name, "the discount", currency, least=Decimal(0))
    return pricing.Cut(amount=amount or None, applied=applied)


def _money(form: Form, name: str, label: str, currency: str, *, least: Decimal) -> Money:
    zero = Money.zero(currency)
    if not form.values.get(name, "").strip():
        return zero
    value = form.decimal(name, label, least=least, most=_MOST, places=decimals_of(currency), currency=currency)
    return zero if name in form.errors else Money.of(value, currency)

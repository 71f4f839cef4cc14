"""What staff type about money they took, as typed values."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from portal.payments import rules
from portal.payments.actions import OfflinePayment
from portal.shared.forms import Form
from portal.shared.money import Money, decimals_of

_LARGEST = Decimal(99_999_999)
_LONGEST_AGO = timedelta(days=366)
_REFERENCES = {
    "cheque": "the cheque's number", "terminal": "the slip's number", "bank_transfer": "the transfer's reference",
}  # fmt: skip


def read_payment(
    form: Form, *, customer_id: int, invoice_ids: Sequence[int], currency: str, today: date, taken_by: int
) -> OfflinePayment:  # fmt: skip
    """Good only while form.ok."""
    method = form.choice("method", "how it was paid", tuple(rules.METHODS))
    amount = read_amount(form, "amount", "the amount", currency) or Money.zero(currency)
    is_cash = method == "cash"
    tendered = read_amount(form, "tendered", "what was handed over", currency, required=False) if is_cash else None
    label = _REFERENCES.get(method, "a reference")
    reference = form.text("reference", label, longest=60, required=not is_cash and "method" not in form.errors)
    received_on = form.day("received_on", "the day", earliest=today - _LONGEST_AGO, latest=today)
    names = {invoice_id: f"part_{invoice_id}" for invoice_id in invoice_ids}
    typed = {
        invoice_id: part
        for invoice_id, name in names.items()
        if (part := read_amount(form, name, "the amount for this invoice", currency, required=False)) is not None
    }
    return OfflinePayment(
        customer_id=customer_id, invoice_ids=invoice_ids, amount=amount, method=method, reference=reference,
        received_on=received_on or today, taken_by=taken_by, typed=typed, tendered=tendered,
        form_id=form.text("form_id", "the form's id", longest=40),
        answers=[form.values[name] for name in ("rest", "another") if form.values.get(name)],
    )  # fmt: skip


def read_amount(form: Form, name: str, label: str, currency: str, *, required: bool = True) -> Money | None:
    """Whole minor units above nothing; None for a field left empty, or wrong."""
    if not required and not form.values.get(name, "").strip():
        return None
    places = decimals_of(currency)
    value = form.decimal(name, label, least=Decimal(1).scaleb(-places), most=_LARGEST, places=places, currency=currency)
    return None if name in form.errors else Money.of(value, currency)


def read_count(form: Form, name: str, label: str, currency: str) -> Money:
    """What was counted: nothing at all is an answer, an empty field is none."""
    places = decimals_of(currency)
    value = form.decimal(name, label, least=Decimal(0), most=_LARGEST, places=places, currency=currency)
    return Money.rounded(value, currency)


class GivenBack(NamedTuple):
    """tip: what goes back of it, beside the amount."""

    amount: Money
    tip: Money


def read_given_back(form: Form, currency: str) -> GivenBack:
    """Good only while form.ok. Nothing of what was owed is an answer where some of the tip goes back."""
    zero = Money.zero(currency)
    tip = read_count(form, "tip", "how much of the tip", currency) if form.values.get("tip", "").strip() else zero
    amount = read_count if tip else read_amount
    return GivenBack(amount(form, "amount", "the amount", currency) or zero, tip)


class PartRules(NamedTuple):
    """least: nothing for as little as a card can pay. deposit_percent: 0 for no deposit."""

    are_taken: bool
    least: Money
    deposit_percent: int
    with_tips: bool
    saves_cards: bool


def read_parts(form: Form, currency: str) -> PartRules:
    """Good only while form.ok."""
    are_taken = form.choice("are_taken", "what customers pay", ("", "yes"), default="") == "yes"
    least = read_amount(form, "least", "the least amount", currency, required=False) or Money.zero(currency)
    percent = Decimal(0)
    if form.values.get("deposit", "").strip():
        percent = form.decimal("deposit", "the deposit", least=Decimal(0), most=Decimal(90), places=0)
    return PartRules(
        are_taken, least, int(percent), form.choice("tips", "tips", ("", "yes"), default="") == "yes",
        form.choice("cards", "saved cards", ("yes", "no"), default="yes") == "yes",
    )  # fmt: skip

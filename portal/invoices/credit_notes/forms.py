"""The form of a credit note: strings to typed values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.invoices.credit_notes.models import CreditNote
from portal.shared.formats import without_sign
from portal.shared.forms import Form
from portal.shared.money import Money, decimals_of
from portal.shared.text import as_typed, decimal_from


@dataclass(frozen=True)
class Wanted:
    """parts: by position of the line, charges after the lines. keep: all of it stays the customer's credit.

    back  how what was paid is handed back: stripe (to the card), cash, bank_transfer; empty: it is not
    tip   of the tips that came with it, how much goes back beside it
    """

    parts: Mapping[int, Money]
    reason: str
    keep: bool
    back: str = ""
    tip: Money | None = None


BACK = ("stripe", "cash", "bank_transfer")


def read_credit_note(
    form: Form, left: Sequence[Money], currency: str, *, may_give_back: bool = False
) -> Wanted:  # fmt: skip
    """left: of each line. Good only while form.ok."""
    choices = ("apply", "keep", "refund") if may_give_back else ("apply", "keep")
    then = form.choice("then", "what happens with the money", choices, default="apply")
    return Wanted(
        parts={at: _amount(form, at, most) for at, most in enumerate(left)},
        reason=form.text("reason", "why it is taken back", longest=200),
        keep=then == "keep",
        back=form.choice("back", "how it goes back", BACK) if then == "refund" else "",
        tip=_tip(form, currency) if then == "refund" and form.values.get("tip", "").strip() else None,
    )


def is_as_made(form: Form, note: CreditNote) -> bool:
    """Whether a form that comes once more asks for the very lines of the note that it made (read with its lines)."""
    typed = {name.removeprefix("line-"): raw for name, raw in form.values.items() if name.startswith("line-")}
    try:
        asked = {
            int(at): Money.of(decimal_from(without_sign(raw, note.currency)), note.currency)
            for at, raw in typed.items() if raw.strip()
        }  # fmt: skip
    except ValueError:
        return False
    return {at: each for at, each in asked.items() if each} == {line.position: line.line_total for line in note.lines}


def filled_with(left: Sequence[Money], form_id: str, then: str = "apply") -> Form:
    """All that is left of each line."""
    typed = {f"line-{at}": as_typed(amount.decimal, decimals_of(amount.currency)) for at, amount in enumerate(left)}
    return Form(typed, form_id=form_id, then=then, back="stripe", tip="0")


def _tip(form: Form, currency: str) -> Money:
    most, places = Decimal(99_999_999), decimals_of(currency)
    tip = form.decimal("tip", "how much of the tip", least=Decimal(0), most=most, places=places, currency=currency)
    return Money.rounded(tip, currency)


def _amount(form: Form, at: int, most: Money) -> Money:
    """Of one line; a deduction on the invoice is taken back with its sign."""
    zero = Money.zero(most.currency)
    least, greatest = sorted((zero.decimal, most.decimal))
    name = f"line-{at}"
    if not form.values.get(name, "").strip():
        return zero
    value = form.decimal(
        name, "the amount", least=least, most=greatest, places=decimals_of(most.currency), currency=most.currency
    )
    return zero if name in form.errors else Money.of(value, most.currency)

"""The forms of the tax pages."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from werkzeug.datastructures import MultiDict

from portal.shared.forms import Form
from portal.shared.text import as_typed, id_from
from portal.taxes.actions import WITH_RATE
from portal.taxes.arithmetic.checks import HIGHEST
from portal.taxes.models import FROM_THE_BEGINNING, Tax, TaxRate

KINDS = {
    "percent": "Percent of the price",
    "fixed_per_unit": "So much for each unit, like a disposal fee",
    "zero": "Zero-rated",
    "exempt": "Exempt",
    "out_of_scope": "Out of scope",
    "reverse_charge": "Reverse charge: the customer accounts for it",
    "withholding": "Withheld: the customer pays it to the state for you",
}
# What an invoice must give a reason for.
WITH_REASON = ("exempt", "out_of_scope", "reverse_charge")
_NEEDS_REASON = "Enter the reason: it is printed on the invoice."
EARLIEST, LATEST = FROM_THE_BEGINNING, date(2100, 1, 1)
_MOST_A_UNIT = Decimal(1_000_000)
_PLACES = 6


@dataclass(frozen=True)
class NewTax:
    """rate in percent, or money for one unit; zero for a kind without one."""

    name: str
    kind: str
    rate: Decimal
    authority_id: int | None
    why: str
    is_default: bool


def read_tax(raw: MultiDict[str, str], authorities: Container[int]) -> tuple[Form, NewTax]:
    """authorities: the ids of those that may be chosen."""
    form = Form(raw)
    kind = form.choice("kind", "a kind", KINDS, default="percent")
    rate = Decimal(0)
    if kind in WITH_RATE:
        rate = form.decimal("rate", "a rate", least=Decimal(0), most=_most(kind), places=_PLACES)
    if kind in ("percent", "withholding", "fixed_per_unit") and rate == 0 and "rate" not in form.errors:
        form.errors["rate"] = "Enter a rate above 0, or choose the kind Zero-rated."
    if kind == "withholding" and form.values.get("is_default", "") == "yes":
        form.errors["kind"] = "What is withheld is chosen on a draft: it cannot be the usual tax of services and parts."
    why = form.text("why", "a reason", longest=100, required=False)
    if kind in WITH_REASON and not why:
        form.errors["why"] = _NEEDS_REASON
    return form, NewTax(
        name=form.text("name", "a name", longest=100), kind=kind, rate=rate,
        authority_id=_authority(form, authorities), why=why,
        is_default=form.values.get("is_default", "") == "yes",
    )  # fmt: skip


def read_words(raw: MultiDict[str, str], tax: Tax, authorities: Container[int]) -> tuple[Form, str, str, int | None]:
    """The form, the name, the reason and the authority. A name that is not asked for stays."""
    form, kind = Form(raw), tax.kind
    name = form.text("name", "a name", longest=100) if "name" in form.values else tax.name
    why = form.text("why", "a reason", longest=100, required=False)
    if kind in WITH_REASON and not why:
        form.errors["why"] = _NEEDS_REASON
    return form, name, why, _authority(form, authorities)


def _authority(form: Form, known: Container[int]) -> int | None:
    chosen = form.record("authority_id", "an authority", required=False)
    if chosen is not None and chosen not in known:
        form.errors["authority_id"] = "Choose an authority from the list."
    return chosen


def read_rate(
    raw: MultiDict[str, str], kind: str, *, valid_from: date | None = None
) -> tuple[Form, Decimal, date | None]:  # fmt: skip
    """Of a tax of that kind. valid_from: where it is known and not asked for."""
    form = Form(raw)
    rate = form.decimal("rate", "a rate", least=Decimal(0), most=_most(kind), places=_PLACES)
    return form, rate, valid_from or form.day("valid_from", "the first day", earliest=EARLIEST, latest=LATEST)


def rate_as_it_is(rate: TaxRate) -> Form:
    return Form(rate=as_typed(rate.rate), valid_from=rate.valid_from.isoformat())


def _most(kind: str) -> Decimal:
    return _MOST_A_UNIT if kind == "fixed_per_unit" else HIGHEST


@dataclass(frozen=True)
class NewGroup:
    name: str
    members: Sequence[Tax]
    last_is_compound: bool
    why: str


def read_group(raw: MultiDict[str, str], choices: Iterable[Tax]) -> tuple[Form, NewGroup]:
    """choices: the taxes that may be ticked, in the order in which they are reckoned."""
    form = Form(raw)
    ticked = {id_from(each) for each in raw.getlist("member")}
    members = [tax for tax in choices if tax.id in ticked]
    if len(members) < 2:
        form.errors["members"] = "Tick two taxes or more."
    return form, NewGroup(
        name=form.text("name", "a name", longest=100), members=members,
        last_is_compound=form.values.get("last_is_compound", "") == "yes",
        why=form.text("why", "a note", longest=100, required=False),
    )  # fmt: skip

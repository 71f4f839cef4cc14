"""The form of the settings."""

from collections.abc import Mapping
from decimal import Decimal

from portal.invoices.settings import rules
from portal.invoices.settings.actions import DocumentSettings
from portal.organisations.models import Organisation
from portal.shared.forms import Form
from portal.shared.languages import LANGUAGES
from portal.shared.money import decimals_of
from portal.shared.text import as_typed
from portal.taxes.identifiers import problem_with, problem_with_place
from portal.taxes.regions import own_places

_LARGEST_INCREMENT = Decimal(1000)
_MOST_REGISTRATIONS = 5


def read_settings(raw: Mapping[str, str], organisation: Organisation) -> tuple[Form, DocumentSettings]:
    """The form with its errors, and the settings (to be used only when the form is ok)."""
    form = Form(raw)
    tax_number = form.text("tax_number", "a tax number", longest=40, required=False)
    country = organisation.country
    problem = problem_with(country, tax_number)
    if organisation.is_tax_registered and not problem:
        problem = problem_with_place(tax_number, organisation.tax_place, own_places(country))
    if problem and "tax_number" not in form.errors:
        form.errors["tax_number"] = problem
    registrations = form.text("registrations", "other numbers", longest=500, required=False, lines=True)
    _check_registrations(form, registrations)
    return form, DocumentSettings(
        tax_number=tax_number, registrations=registrations,
        document_language=form.choice("document_language", "a language", {"", *LANGUAGES}, default=""),
        document_words=form.text("document_words", "words", longest=500, required=False, lines=True),
        attach_papers=form.choice("attach_papers", "what mails bring", ("yes", "no"), default="yes") == "yes",
        tax_rounding=form.choice("tax_rounding", "how tax is rounded", rules.ROUNDINGS, default="document"),
        rounding_mode=form.choice("rounding_mode", "which way", rules.MODES, default="half_up"),
        price_includes_tax=form.choice("price_includes_tax", "what prices are", ("no", "yes"), default="no") == "yes",
        discount_style=form.choice("discount_style", "how discounts are given", rules.DISCOUNT_STYLES, default="free"),
        round_total_to=_increment(form, decimals_of(organisation.currency)),
    )  # fmt: skip


def filled_with(organisation: Organisation) -> Form:
    names = ("tax_number", "registrations", "document_language", "document_words", "tax_rounding", "rounding_mode",
             "discount_style")  # fmt: skip
    increment = organisation.round_total_to
    return Form(
        {name: str(getattr(organisation, name)) for name in names},
        attach_papers="yes" if organisation.attach_papers else "no",
        price_includes_tax="yes" if organisation.price_includes_tax else "no",
        round_total_to="" if increment is None else as_typed(increment, decimals_of(organisation.currency)),
    )


def _increment(form: Form, places: int) -> Decimal | None:
    if not form.values.get("round_total_to", "").strip():
        return None
    smallest = Decimal(1).scaleb(-places)
    step = form.decimal("round_total_to", "the step", least=smallest, most=_LARGEST_INCREMENT, places=places)
    if "round_total_to" not in form.errors and step % 1 and 10 % step:  # 0.3 reaches no round amount before 3
        examples = ", ".join(as_typed(Decimal(each)) for each in ("0.05", "0.25"))
        form.errors["round_total_to"] = f"Enter a step that round amounts are made of, like {examples} or 1."
    return step


def _check_registrations(form: Form, typed: str) -> None:
    rows = [row for row in typed.splitlines() if row.strip()]
    wrong = next((row for row in rows if not all(part.strip() for part in row.partition(":"))), None)
    if wrong is not None:
        form.errors["registrations"] = "Write each on a line of its own, its name first, like QST: 1234567890 TQ0001."
    elif len(rows) > _MOST_REGISTRATIONS:
        form.errors["registrations"] = f"{_MOST_REGISTRATIONS} numbers can be printed. Take some out."

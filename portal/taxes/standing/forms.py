"""The forms of the pages of standing."""

from collections.abc import Mapping, Sequence
from datetime import date

from werkzeug.datastructures import MultiDict

from portal.organisations.models import Organisation
from portal.shared.forms import Form
from portal.shared.text import id_from
from portal.taxes.arithmetic import CHARGED
from portal.taxes.identifiers import problem_with_place
from portal.taxes.models import Tax
from portal.taxes.standing.actions import Place, Registration
from portal.taxes.standing.models import Exemption
from portal.taxes.standing.queries import short_code

APPLIES_TO = {
    "customer": "A customer", "item": "A service or part: exempt from tax",
    "outside": "A service or part: outside the tax, like money laid out for the customer",
}  # fmt: skip
_EARLIEST, _LATEST = date(1950, 1, 1), date(2100, 1, 1)


def read_registration(
    raw: Mapping[str, str], own_places: Mapping[str, str], tax_number: str = ""
) -> tuple[Form, Registration]:
    """own_places: code → name, to choose from where the firm's own place counts. tax_number: the firm's."""
    form = Form(raw)
    begins = form.day("from", "the first day", earliest=_EARLIEST, latest=_LATEST, required=False)
    ends = form.day("until", "the last day", earliest=_EARLIEST, latest=_LATEST, required=False)
    if begins and ends and ends < begins:
        form.errors["until"] = "The last day cannot be before the first."
    registered = form.choice("registered", "whether you are registered", ("yes", "no"), default="yes") == "yes"
    place = form.choice("place", "a place", {"", *own_places}, default="")
    if own_places and registered and not place:
        form.errors.setdefault("place", "Choose your own state: it decides between CGST + SGST and IGST.")
    problem = problem_with_place(tax_number, place, own_places) if registered else ""
    if problem:
        form.errors.setdefault("place", problem)
    return form, Registration(registered, begins, ends, place)


def filled_with(organisation: Organisation) -> Form:
    return Form({
        "registered": "yes" if organisation.is_tax_registered else "no",
        "from": str(organisation.tax_registered_from or ""), "until": str(organisation.tax_registered_until or ""),
        "place": organisation.tax_place,
    })  # fmt: skip


def read_exemption(raw: Mapping[str, str]) -> tuple[Form, str, str, bool]:
    """The form, the reason, whom it is of, and whether it is outside the tax."""
    form, name = read_reason(raw)
    of = form.choice("applies_to", "whom it is of", APPLIES_TO, default="customer")
    return form, name, "item" if of == "outside" else of, of == "outside"


def words_on(exemption: Exemption) -> str:
    return APPLIES_TO["outside" if exemption.is_outside else exemption.applies_to]


def read_reason(raw: Mapping[str, str]) -> tuple[Form, str]:
    form = Form(raw)
    return form, form.text("name", "the reason", longest=100)


def read_place(
    raw: MultiDict[str, str], country: str, states: Mapping[str, str], choices: Sequence[Tax]
) -> tuple[Form, Place, list[Tax]]:
    """The form, the place, and what was ticked of `choices`."""
    form = Form(raw)
    ticked = {id_from(each) for each in raw.getlist("member")}
    taxes = [tax for tax in choices if tax.id in ticked]
    if not taxes:
        form.errors["members"] = "Tick the taxes of this place."
    elif len(taxes) > 1 and any(tax.kind not in CHARGED for tax in taxes):
        form.errors["members"] = "Tick one group alone, or several taxes that are no groups."
    place = Place(
        state=form.choice("state", "a state", states),
        city=form.text("city", "a town", longest=60, required=False).lower(),
        postal_code=short_code(country, form.text("postal_code", "a postcode", longest=12, required=False)),
    )
    return form, place, taxes

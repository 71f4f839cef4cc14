"""The forms of the pages of standing."""

from collections.abc import Collection, Mapping
from datetime import date

from portal.organisations.models import Organisation
from portal.shared.forms import Form
from portal.taxes.standing.actions import Registration

APPLIES_TO = {"customer": "A customer", "item": "A service or part"}
_EARLIEST, _LATEST = date(1950, 1, 1), date(2100, 1, 1)


def read_registration(raw: Mapping[str, str], own_places: Collection[str]) -> tuple[Form, Registration]:
    """own_places: codes to choose from where the firm's own place counts."""
    form = Form(raw)
    begins = form.day("from", "the first day", earliest=_EARLIEST, latest=_LATEST, required=False)
    ends = form.day("until", "the last day", earliest=_EARLIEST, latest=_LATEST, required=False)
    if begins and ends and ends < begins:
        form.errors["until"] = "The last day cannot be before the first."
    registered = form.choice("registered", "whether you are registered", ("yes", "no"), default="yes") == "yes"
    place = form.choice("place", "a place", {"", *own_places}, default="")
    if own_places and registered and not place:
        form.errors.setdefault("place", "Choose your own state: it decides between CGST + SGST and IGST.")
    return form, Registration(registered, begins, ends, place)


def filled_with(organisation: Organisation) -> Form:
    return Form({
        "registered": "yes" if organisation.is_tax_registered else "no",
        "from": str(organisation.tax_registered_from or ""), "until": str(organisation.tax_registered_until or ""),
        "place": organisation.tax_place,
    })  # fmt: skip


def read_exemption(raw: Mapping[str, str]) -> tuple[Form, str, str]:
    """The form, the reason, and whom it is of."""
    form = Form(raw)
    name = form.text("name", "the reason", longest=100)
    return form, name, form.choice("applies_to", "whom it is of", APPLIES_TO, default="customer")

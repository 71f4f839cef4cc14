"""The customer form."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from portal.customers.actions import CustomerFacts, TaxStanding
from portal.customers.models import Customer
from portal.organisations.places import countries
from portal.shared.forms import Form
from portal.shared.languages import LANGUAGES
from portal.taxes.identifiers import problem_with
from portal.taxes.regions import place_of, places, tax_number_label
from portal.taxes.regions.standing import standing_of

KINDS = {"business": "Company", "individual": "Person"}
_FORM_ID = re.compile(r"[0-9a-f]{32}")


def read_customer(raw: Mapping[str, str]) -> tuple[Form, CustomerFacts]:
    """The form with its errors, and the facts (to be used only when the form is ok)."""
    form = Form(raw)
    terms = form.decimal(
        "payment_terms_days", "days to pay", least=Decimal(0), most=Decimal(365), places=0, required=False
    )
    facts = CustomerFacts(
        kind=form.choice("kind", "company or person", KINDS, default="business"),
        name=form.text("name", "the customer's name"),
        email=form.email("email", "an e-mail address", required=False),
        phone=form.phone("phone", "a phone number"),
        first_name=form.text("first_name", "a first name", longest=100, required=False),
        last_name=form.text("last_name", "a last name", longest=100, required=False),
        tax_number=form.text("tax_number", "a tax number", longest=40, required=False),
        street=form.text("street", "a street", required=False),
        city=form.text("city", "a town", longest=100, required=False),
        state=form.text("state", "a county or state", longest=100, required=False),
        postal_code=form.text("postal_code", "a postcode", longest=20, required=False),
        country=form.choice("country", "a country", {"", *countries()}, default=""),
        payment_terms_days=int(terms) if form.values.get("payment_terms_days", "").strip() else None,
        language=form.choice("language", "a language", {"", *LANGUAGES}, default=""),
        notes=form.text("notes", "notes", longest=2000, required=False, lines=True),
    )
    problem = problem_with(facts.country, facts.tax_number) if facts.kind == "business" else ""
    if problem and "tax_number" not in form.errors:
        form.errors["tax_number"] = problem
    return form, facts


def read_standing(form: Form, country: str, *, tax_ids: Collection[int], exemption_ids: Collection[int]) -> TaxStanding:
    """The same form's part about tax, of a firm in `country`: what its region does not ask for stays empty."""
    asked = standing_of(country)
    exemption_id = form.record("exemption_id", "a reason", required=False)
    if exemption_id is not None and exemption_id not in exemption_ids:
        form.errors["exemption_id"] = "Choose a reason from the list."
    tax_id = form.record("tax_id", "a tax", required=False) if asked.get("by_address") else None
    if tax_id is not None and tax_id not in tax_ids:
        form.errors["tax_id"] = "Choose a tax from the list."
    treatment = form.choice("tax_treatment", "how they stand", {"", *asked["treatments"]}, default="")
    if treatment in asked.get("numbered", ()):
        _check_numbered(form, country, asked["treatments"][treatment])
    return TaxStanding(
        treatment=treatment,
        place_of_supply=form.choice("place_of_supply", "a place", {"", *places(country)}, default=""),
        accounts_for_tax=bool(asked.get("domestic_reverse_charge")) and form.values.get("accounts_for_tax") == "yes",
        tax_id=tax_id, exemption_id=exemption_id,
        certificate=form.text("certificate", "a certificate", longest=60, required=False),
        certificate_until=form.day(
            "certificate_until", "the last day", earliest=date(2000, 1, 1), latest=date(2100, 1, 1), required=False
        ),
    )  # fmt: skip


def _check_numbered(form: Form, country: str, standing: str) -> None:
    """Who is registered has a number, and it names the place that they are registered in: where they are supplied
    decides the tax, so another one is asked about."""
    label, number = tax_number_label(country), form.values.get("tax_number", "").strip()
    if not number:
        wanted = f"Enter their {label}: {standing[0].lower()}{standing[1:]} has one. Or choose another tax status."
        form.errors.setdefault("tax_number", wanted)
        return
    problem, other = problem_with(country, number), elsewhere(form, country)
    if problem:
        form.errors.setdefault("tax_number", problem)
    elif other and other != form.values.get("is_elsewhere"):
        form.values["is_elsewhere"] = ""
        of_number, supplied = (places(country)[code] for code in other.split("-"))
        form.errors.setdefault("is_elsewhere", (
            f"The {label} is of {of_number}, the place of supply {supplied}. Correct one of them, or tick that they are"
            f" supplied in {supplied}."
        ))  # fmt: skip


def elsewhere(form: Form, country: str) -> str:
    """The place that the number on the form is of, and the other one that it says they are supplied in, as 27-29; ""
    where they are the same, or one of them is not known."""
    values = form.values
    if values.get("tax_treatment", "") not in standing_of(country).get("numbered", ()):
        return ""
    of_number = values.get("tax_number", "").strip()[:2]
    supplied = values.get("place_of_supply", "") or place_of(country, values.get("state", ""))
    is_other = {of_number, supplied} <= places(country).keys() and of_number != supplied
    return f"{of_number}-{supplied}" if is_other else ""


def filled_with(customer: Customer, country: str) -> Form:
    """The form as it stands for a customer whose contacts and addresses are loaded, of a firm in `country`."""
    contact = next((c for c in customer.contacts if c.is_primary), None)
    billing = next((a for a in customer.addresses if a.use == "billing"), None)
    values = {
        name: str(getattr(customer, name) or "")
        for name in ("kind", "name", "email", "phone", "tax_number", "notes", "language")
    }
    if customer.payment_terms_days is not None:  # 0 is at once, and not the firm's usual
        values["payment_terms_days"] = str(customer.payment_terms_days)
    standing = ("tax_treatment", "place_of_supply", "tax_id", "exemption_id", "certificate", "certificate_until")
    values |= {name: str(getattr(customer, name) or "") for name in standing}
    values["accounts_for_tax"] = "yes" if customer.accounts_for_tax else ""
    if contact:
        values |= {"first_name": contact.first_name, "last_name": contact.last_name}
    if billing:
        values |= {n: getattr(billing, n) for n in ("street", "city", "state", "postal_code", "country")}
    form = Form(values)
    form.values["is_elsewhere"] = elsewhere(form, country)
    return form


def form_id_of(form: Form) -> str | None:
    """The id that our page gave this form, by which a second submit of it is known; anything else is none."""
    form_id = form.values.get("form_id", "")
    return form_id if _FORM_ID.fullmatch(form_id) else None

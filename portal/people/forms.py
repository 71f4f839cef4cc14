"""What people type to sign in, to sign up and to take somebody on. Passwords are taken as they are typed."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from portal.organisations.actions import NewOrganisation
from portal.organisations.places import countries, currencies, currency_of, locale_of, time_zone_of, time_zones
from portal.people import passwords
from portal.people.roles import NAMES
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form

# A path of ours: one slash first, and nothing that a browser would read as another host or drop on the way.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST_PATH = 500


@dataclass(frozen=True)
class NewPerson:
    """Someone to take on; the password of who signs a firm up, and none of who is invited."""

    name: str
    email: str
    role: str
    password: str


def own_path(raw: str) -> str:
    """`raw` where it is a path of this site, else nothing."""
    return raw if len(raw) <= _LONGEST_PATH and _OWN_PATH.fullmatch(raw) else ""


def read_sign_in(raw: Mapping[str, str]) -> tuple[Form, str, str]:
    """The form, the e-mail and the password. Whether they are right, sign_in says."""
    form = Form(raw)
    email = form.text("email", "your e-mail", longest=254)
    password = form.values.pop("password", "")
    if not password:
        form.errors["password"] = "Enter your password."  # noqa: S105
    return form, email, password


def read_sign_up(raw: Mapping[str, str]) -> tuple[Form, NewOrganisation, NewPerson]:
    """The form with its errors; the organisation and its administrator, to be used only when the form is ok."""
    form = Form(raw)
    firm = form.text("firm", "your firm's name")
    country = form.choice("country", "a country", countries())
    currency = _own_unless_chosen(form, "currency", "a currency", currencies(), currency_of(country))
    time_zone = _own_unless_chosen(form, "time_zone", "a time zone", time_zones(), time_zone_of(country))
    person = _read_person(form, role="administrator")
    organisation = NewOrganisation(firm, person.email, country, currency, time_zone, locale_of(country))
    return form, organisation, person


def read_person(raw: Mapping[str, str]) -> tuple[Form, NewPerson]:
    """The form with its errors, and the person (to be used only when the form is ok)."""
    form = Form(raw)
    role = form.choice("role", "a role", NAMES, default="field_agent")
    name, email = _read_name_and_email(form)
    return form, NewPerson(name, email, role, "")


def read_first_password(raw: Mapping[str, str], email: str) -> tuple[Form, str]:
    """The form, and the password that whoever signs in with `email` chooses by a mailed link."""
    form = Form(raw)
    return form, _read_password(form, "new_password", email)


def read_new_password(raw: Mapping[str, str], email: str) -> tuple[Form, str, str]:
    """The form, the password so far and the one to come; `email` is whose."""
    form = Form(raw)
    current = form.values.pop("current_password", "")
    if not current:
        form.errors["current_password"] = "Enter the password that you have now."  # noqa: S105
    return form, current, _read_password(form, "new_password", email)


def _own_unless_chosen(form: Form, name: str, label: str, allowed: Collection[str], own: str) -> str:
    """What was chosen, or the country's own where nothing was; few territories have none, and then one must choose."""
    if not form.values.get(name) and own:
        return own
    return form.choice(name, label, allowed)


def _read_person(form: Form, role: str) -> NewPerson:
    name, email = _read_name_and_email(form)
    return NewPerson(name, email, role, _read_password(form, "password", email))


def _read_name_and_email(form: Form) -> tuple[str, str]:
    return form.text("name", "a name", longest=120), form.email("email", "an e-mail address")


def _read_password(form: Form, name: str, email: str) -> str:
    password = form.values.pop(name, "")
    try:
        passwords.check_strength(password, email)
    except RuleBroken as problem:
        form.errors[name] = problem.sentence
    return password

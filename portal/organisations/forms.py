"""The form of the organisation's own settings."""

import re
from collections.abc import Mapping
from decimal import Decimal

from portal.organisations.actions import OrganisationFacts
from portal.organisations.models import Organisation
from portal.organisations.numbering import PREFIXES, too_long, written
from portal.shared.forms import Form

_LONGEST_TERMS = Decimal(365)
# Begins with a letter or digit, and no two signs in a row: numbers become names of files and parts of addresses.
_PREFIX = re.compile(r"[^\W_](?:[-/._# ]?[^\W_])*[-/._# ]?")
_BIGGEST_NUMBER = Decimal(99_999_999)  # with a prefix of twelve, twenty characters in all


def read_organisation(raw: Mapping[str, str]) -> tuple[Form, OrganisationFacts]:
    """The form with its errors, and the facts (to be used only when the form is ok)."""
    form = Form(raw)
    terms = form.decimal("payment_terms_days", "days to pay", least=Decimal(0), most=_LONGEST_TERMS, places=0)
    facts = OrganisationFacts(
        name=form.text("name", "your firm's name"),
        address=form.text("address", "an address", longest=500, required=False, lines=True),
        email=form.email("email", "an e-mail address"),
        phone=form.phone("phone", "a phone number"),
        payment_terms_days=int(terms),
    )
    return form, facts


def filled_with(organisation: Organisation) -> Form:
    names = ("name", "address", "email", "phone", "payment_terms_days")
    return Form({name: str(getattr(organisation, name)) for name in names})


def read_numbers(raw: Mapping[str, str], country: str) -> tuple[Form, dict[str, tuple[str, int]]]:
    """The form of the numbers: series → prefix and next number. country: the firm's, whose law may limit them."""
    form = Form(raw)
    wanted = {}
    for series in PREFIXES:
        prefix = form.text(f"{series}_prefix", "a prefix", longest=12)
        if prefix and not _PREFIX.fullmatch(prefix):
            form.errors[f"{series}_prefix"] = "Use letters, digits and single signs - / . _ # only, like INV- or 2026/."
        elif prefix[-1:].isdigit():
            form.errors[f"{series}_prefix"] = "End the prefix with a letter or a sign, like INV- or 2026/."
        number = form.decimal(f"{series}_next", "the next number", least=Decimal(1), most=_BIGGEST_NUMBER, places=0)
        wanted[series] = (prefix, int(number))
        _check_length(form, series, written(prefix, int(number)), country)
    _check_different(form, {series: prefix.casefold() for series, (prefix, _) in wanted.items() if prefix})
    return form, wanted


def _check_length(form: Form, series: str, number: str, country: str) -> None:
    problem = too_long(series, number, country)
    if problem:
        form.errors.setdefault(f"{series}_prefix", f"{problem} Choose a shorter prefix.")


def _check_different(form: Form, prefixes: Mapping[str, str]) -> None:
    """Two kinds of documents never bear the same number."""
    for series, prefix in prefixes.items():
        for other, taken in prefixes.items():
            if other != series and taken == prefix:
                called = other.replace("_", " ").capitalize()
                form.errors.setdefault(
                    f"{series}_prefix", f"{called} numbers begin like this too. Choose another for one of them."
                )

"""Form strings to typed values, or a sentence beside the field. What was typed is always kept."""

import hashlib
import json
import re
import uuid
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from email_validator import EmailNotValidError, validate_email

from portal.shared.errors import FormUsed, RuleBroken
from portal.shared.formats import without_sign
from portal.shared.phones import international
from portal.shared.text import as_typed, clean, decimal_from, id_from

# Extensions and all: +44 (0)113 496-0000 ext. 12
_PHONE = re.compile(r"(?:[0-9 +()\-./]|ext|x){3,40}", re.IGNORECASE)
_FEWEST_DIGITS = 3


class Form:
    """One submitted form. `values` are what was typed, `errors` one sentence per field that is wrong.

    Each reader returns the typed value, or a harmless stand-in after noting the error: read all the fields,
    then ask `ok`. Fields that no reader asks for are ignored.
    """

    def __init__(self, raw: Mapping[str, str] | None = None, **values: str) -> None:
        self.values: dict[str, str] = dict(raw or {}) | values
        self.errors: dict[str, str] = {}

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def fingerprint(self) -> str:
        """Of all values: what a page was filled with, so that it can be told later whether the record still is so."""
        return hashlib.sha256(json.dumps(sorted(self.values.items())).encode()).hexdigest()[:16]

    def check_seen(self, now: "Form") -> None:
        """Refuse once when the record is no longer what the page showed. now: filled with the record as it is."""
        if self.values.get("seen", now.fingerprint) != now.fingerprint:
            self.errors["form"] = (
                "Somebody else has saved this since you opened it. What you typed is kept below. Look at theirs on the"
                " record's own page, then save again: yours counts."
            )

    def refuse(self, problem: RuleBroken, default_field: str = "form") -> None:
        """Show a broken rule beside the field it concerns. After a form that was used already it is a fresh one."""
        if isinstance(problem, FormUsed):
            self.values["form_id"] = uuid.uuid4().hex
        self.errors[problem.field or default_field] = problem.sentence

    def text(self, name: str, label: str, *, longest: int = 200, required: bool = True, lines: bool = False) -> str:
        value = clean(self.values.get(name, ""), lines=lines)
        if required and not value:
            self.errors[name] = f"Enter {label}."
        elif len(value) > longest:
            self.errors[name] = f"{label.capitalize()} can be {longest} characters at most; this has {len(value)}."
            value = value[:longest]
        return value

    def decimal(
        self, name: str, label: str, *, least: Decimal, most: Decimal, places: int, required: bool = True,
        currency: str = "",
    ) -> Decimal:  # fmt: skip
        """currency: of an amount of money, which may be typed with its sign or code."""
        raw = self.values.get(name, "").strip()
        if not raw and not required:
            return least
        try:
            value = decimal_from(without_sign(raw, currency) if currency else raw)
        except ValueError:
            self.errors[name] = f"Enter {label} {_example(places)}."
            return least
        if not least <= value <= most:
            self.errors[name] = f"{label.capitalize()} must be from {as_typed(least)} to {as_typed(most)}."
        elif -int(value.as_tuple().exponent) > places:
            self.errors[name] = (
                f"{label.capitalize()} can have {places} decimal{'' if places == 1 else 's'} at most."
                if places else f"Enter {label} {_example(places)}."
            )  # fmt: skip
        return value

    def phone(self, name: str, label: str) -> str:
        """A telephone number as it is written, or nothing."""
        value = re.sub(r"\s+", " ", self.text(name, label, longest=40, required=False))
        if not value or name in self.errors:
            return value
        if not _PHONE.fullmatch(value) or sum(c.isdigit() for c in value) < _FEWEST_DIGITS:
            self.errors[name] = f"Enter {label} like +44 113 496 0000, with ext 12 for an extension."
        return value

    def text_number(self, name: str, label: str, country: str) -> str:
        """Where a text message goes, as + and digits, from how somebody in `country` writes it."""
        self.text(name, label, longest=40)
        digits = international(self.phone(name, label), country)
        if not digits and name not in self.errors:
            self.errors[name] = f"Enter {label} with its country, like +44 7700 900123."
        return f"+{digits}"

    def day(self, name: str, label: str, *, earliest: date, latest: date, required: bool = True) -> date | None:
        raw = self.values.get(name, "").strip()
        if not raw and not required:
            return None
        try:
            value = date.fromisoformat(raw)
        except ValueError:
            self.errors[name] = f"Enter {label} as a date, like {latest:%Y-%m-%d}."
            return None
        if not earliest <= value <= latest:
            self.errors[name] = f"{label.capitalize()} must be from {earliest:%Y-%m-%d} to {latest:%Y-%m-%d}."
            return None  # a day at the end of all calendars breaks whoever reckons with it
        return value

    def email(self, name: str, label: str, *, required: bool = True) -> str:
        value = self.text(name, label, longest=254, required=required)
        if not value or name in self.errors:
            return value
        try:
            return validate_email(value, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError:
            self.errors[name] = f"Enter {label} like name@example.com."
            return value

    def choice(self, name: str, label: str, allowed: Collection[str], *, default: str | None = None) -> str:
        value = self.values.get(name, default or "")
        if value not in allowed:
            self.errors[name] = f"Choose {label} from the list."
            return default or next(iter(allowed), "")
        return value

    def record(self, name: str, label: str, *, required: bool = True) -> int | None:
        """The number of a record that was picked; whether it exists is for the query to say."""
        raw = self.values.get(name, "")
        value = id_from(raw)
        if value is None and (raw or required):
            self.errors[name] = f"Choose {label} from the list."
        return value


def _example(places: int) -> str:
    return f"as a number, like {as_typed(Decimal('100.50'), 2)}" if places else "as a whole number, like 14"

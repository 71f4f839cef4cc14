"""How each side reckons and numbers, beside each other: what differs is offered to be taken over, never forced."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.accounting.setup.tax_reading import Preferences
from portal.organisations import numbering
from portal.organisations.models import Organisation

ROUNDING, TERMS, DISCOUNT, NUMBERS = "rounding", "terms", "discount", "numbers"
KINDS = (ROUNDING, TERMS, DISCOUNT, NUMBERS)
_ROUNDED = {"document": "on the whole invoice", "line": "on each line"}
_STYLES = {
    "line": "on lines", "before_tax": "on the whole, before tax", "after_tax": "on the whole, after tax",
    "none": "none", "free": "any",
}  # fmt: skip
# As the page of the numbers wants them: a prefix that ends with a letter or a sign, and no more than eight digits.
_NUMBER = re.compile(r"((?:[A-Za-z0-9\-/._#]{0,11}[A-Za-z\-/._#])?)([0-9]{1,9})")
_BIGGEST = 99_999_999


@dataclass(frozen=True)
class Habit:
    """One setting. theirs: empty while no invoice of theirs tells it; is_usual: ticked unless a person objects."""

    kind: str
    title: str
    ours: str
    theirs: str
    differs: bool
    is_usual: bool = True


def habits(session: Session, organisation: Organisation, preferences: Preferences) -> list[Habit]:
    days, style, rounding = preferences.payment_terms_days, preferences.discount_style, preferences.rounding
    return [
        Habit(
            ROUNDING, "Tax is rounded", _ROUNDED[organisation.tax_rounding], _ROUNDED.get(rounding, ""),
            bool(rounding) and rounding != organisation.tax_rounding,
        ),
        Habit(
            TERMS, "Days to pay", str(organisation.payment_terms_days), "" if days is None else str(days),
            days is not None and days != organisation.payment_terms_days,
        ),
        Habit(
            DISCOUNT, "Discounts", _STYLES[organisation.discount_style], _STYLES.get(style, ""),
            bool(style) and style != organisation.discount_style,
        ),
        _numbers(session, organisation, preferences),
    ]  # fmt: skip


def keep(
    session: Session, organisation: Organisation, preferences: Preferences, wanted: Collection[str]
) -> None:  # fmt: skip
    """Those of `wanted` that differ become usual here. Raises NumberTaken. Does not commit."""
    differ = {habit.kind for habit in habits(session, organisation, preferences) if habit.differs} & set(wanted)
    if ROUNDING in differ:
        organisation.tax_rounding = preferences.rounding
    if TERMS in differ and preferences.payment_terms_days is not None:
        organisation.payment_terms_days = preferences.payment_terms_days
    if DISCOUNT in differ:
        organisation.discount_style = preferences.discount_style
    following = after(preferences.last_number)
    if NUMBERS in differ and following is not None:
        numbering.set_series(session, organisation.id, "invoice", following[0], following[1], digits=following[2])


def after(last_number: str) -> tuple[str, int, int] | None:
    """Prefix, number and its width that follow theirs; None where ours cannot be written so."""
    found = _NUMBER.fullmatch(last_number)
    if found is None or int(found[2]) >= _BIGGEST:
        return None
    return found[1], int(found[2]) + 1, len(found[2])


def _numbers(session: Session, organisation: Organisation, preferences: Preferences) -> Habit:
    """Offered while ours would not come after theirs already; usual for a firm that has not numbered any yet."""
    series = numbering.list_series(session, organisation.id)
    ours, following = series["invoice"], after(preferences.last_number)
    taken = {row.prefix.casefold() for name, row in series.items() if name != "invoice"}
    is_behind = following is not None and following[0].casefold() not in taken and (
        following[0] != ours.prefix or following[1:] > (ours.next_number, ours.digits)
    )  # fmt: skip
    theirs = f"{preferences.last_number} was the last" if preferences.last_number else ""
    return Habit(
        NUMBERS,
        "Next invoice number",
        numbering.written(ours.prefix, ours.next_number, ours.digits),
        theirs,
        is_behind,
        is_usual=ours.next_number == 1,
    )

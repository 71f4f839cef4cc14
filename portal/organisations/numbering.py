"""Gapless numbers, one series per kind of document, taken under a row lock."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import AuditEntry, NumberSeries
from portal.shared.errors import RuleBroken

# series → prefix a new organisation starts with
PREFIXES = {"customer": "C-", "work_order": "WO-", "invoice": "INV-", "payment": "R-", "credit_note": "CN-"}
DIGITS = 5  # at least; another program's numbers that are gone on with may have another width


# Characters of a tax invoice's and a credit note's number: CGST Rules 46 (b), 53.
_LONGEST_BY_LAW = {"IN": 16}


class NumberTooLong(RuleBroken):
    """The series has grown beyond what the law of the country allows."""


class NumberTaken(RuleBroken):
    """The series would give a number that it may have given before."""


def start_series(session: Session, organisation_id: int) -> None:
    for series, prefix in PREFIXES.items():
        session.add(NumberSeries(organisation_id=organisation_id, series=series, prefix=prefix, next_number=1))


def next_number(session: Session, organisation_id: int, series: str) -> str:
    """The next number, like "INV-00318". Others wait until this transaction ends: a rollback leaves no gap.

    A series that came after the organisation begins with its first number.
    """
    taken = session.execute(
        _TAKE,
        {"organisation_id": organisation_id, "series": series, "prefix": PREFIXES[series], "next_number": 2},
    ).one()
    return written(taken.prefix, taken.next_number - 1, taken.digits)


def next_paper_number(session: Session, organisation_id: int, series: str, country: str) -> str:
    """As next_number, for an invoice or a credit note. Raises NumberTooLong: rolled back, it leaves no gap."""
    number = next_number(session, organisation_id, series)
    problem = too_long(series, number, country)
    if problem:
        raise NumberTooLong(f"{problem} An administrator can choose a shorter prefix under Settings, Numbers.")
    return number


def too_long(series: str, number: str, country: str) -> str:
    """A sentence, where the law of the country allows no such number."""
    longest = _LONGEST_BY_LAW.get(country)
    if longest is None or series not in ("invoice", "credit_note") or len(number) <= longest:
        return ""
    return f"{number} has {len(number)} characters, and the law allows {longest}."


def written(prefix: str, number: int, digits: int = DIGITS) -> str:
    """As it stands on a document, like "INV-00318"."""
    return f"{prefix}{number:0{digits}d}"


# Built once: it is asked for with every document, and building it takes longer than running it.
_TAKE = (
    insert(NumberSeries.__table__)  # type: ignore[arg-type]
    .on_conflict_do_update(
        index_elements=["organisation_id", "series"], set_={"next_number": NumberSeries.__table__.c.next_number + 1}
    )
    .returning(NumberSeries.__table__.c.prefix, NumberSeries.__table__.c.next_number, NumberSeries.__table__.c.digits)
)


def list_series(session: Session, organisation_id: int) -> dict[str, NumberSeries]:
    """Every series by its name; one that has not begun yet stands at its first number."""
    found = {
        row.series: row
        for row in session.scalars(select(NumberSeries).where(NumberSeries.organisation_id == organisation_id))
    }
    return {
        series: found.get(series)
        or NumberSeries(organisation_id=organisation_id, series=series, prefix=prefix, next_number=1, digits=DIGITS)
        for series, prefix in PREFIXES.items()
    }


def set_series(
    session: Session, organisation_id: int, series: str, prefix: str, next_number: int, *, digits: int | None = None
) -> bool:  # fmt: skip
    """From now on count like this, in so many digits at least. False when that is so already. Raises NumberTaken. Does
    not commit."""
    row = session.scalars(
        select(NumberSeries)
        .where(NumberSeries.organisation_id == organisation_id, NumberSeries.series == series)
        .with_for_update()
    ).one_or_none()
    if row is None:
        row = NumberSeries(
            organisation_id=organisation_id, series=series, prefix=PREFIXES[series], next_number=1, digits=DIGITS
        )
        session.add(row)
    digits = row.digits if digits is None else digits
    before = {"series": series, "prefix": row.prefix, "next_number": row.next_number}
    if (row.prefix, row.next_number, row.digits) == (prefix, next_number, digits):
        return False
    least = row.next_number if prefix == row.prefix else _reached_before(session, series, prefix)
    if next_number < least:
        raise NumberTaken(f"{written(prefix, next_number, digits)} may be in use already. Begin at {least} or later.")
    row.prefix, row.next_number, row.digits = prefix, next_number, digits
    session.flush()
    audit.note(
        session, organisation_id, "numbering changed", "organisation", organisation_id,
        words=f"Next {series.replace('_', ' ')} number is {written(prefix, next_number, digits)}", before=before,
        after={"series": series, "prefix": prefix, "next_number": next_number},
    )  # fmt: skip
    return True


def _reached_before(session: Session, series: str, prefix: str) -> int:
    """How far the series had counted when it last bore this prefix; the trail remembers."""
    left_at = session.scalars(
        select(AuditEntry.before["next_number"].as_integer())
        .where(AuditEntry.action == "numbering changed", AuditEntry.before["series"].as_string() == series)
        .where(AuditEntry.before["prefix"].as_string() == prefix)
    )
    return max(left_at, default=1)

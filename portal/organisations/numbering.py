"""Gapless numbers, one series per kind of document, taken under a row lock."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.organisations.models import NumberSeries

# series → prefix a new organisation starts with
PREFIXES = {"customer": "C-", "work_order": "WO-", "invoice": "INV-", "payment": "R-", "credit_note": "CN-"}
_DIGITS = 5


def start_series(session: Session, organisation_id: int) -> None:
    for series, prefix in PREFIXES.items():
        session.add(NumberSeries(organisation_id=organisation_id, series=series, prefix=prefix, next_number=1))


def next_number(session: Session, organisation_id: int, series: str) -> str:
    """The next number, like "INV-00318". Others wait until this transaction ends: a rollback leaves no gap.

    A series that came after the organisation begins with its first number.
    """
    first = insert(NumberSeries).values(
        organisation_id=organisation_id, series=series, prefix=PREFIXES[series], next_number=2
    )
    taken = session.execute(
        first.on_conflict_do_update(
            index_elements=["organisation_id", "series"], set_={"next_number": NumberSeries.next_number + 1}
        ).returning(NumberSeries.prefix, NumberSeries.next_number)
    ).one()
    return f"{taken.prefix}{taken.next_number - 1:0{_DIGITS}d}"

"""What is noted is written with what it tells of, or not at all."""

import pytest
from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import AuditEntry
from tests.builders import Firm


class GivenUp(Exception):
    """The part that is tried does not work out."""


def noted(session: Session) -> list[str]:
    session.commit()
    return list(session.scalars(select(AuditEntry.action).where(AuditEntry.record == "try").order_by(AuditEntry.id)))


def note(session: Session, firm: Firm, action: str) -> None:
    audit.note(session, firm.organisation_id, action, "try", 1, words=action)


def test_a_part_that_is_given_up_takes_its_own_entries_along_and_no_others(session: Session, firm: Firm) -> None:
    note(session, firm, "before")
    with pytest.raises(GivenUp), session.begin_nested():
        note(session, firm, "within")
        raise GivenUp
    note(session, firm, "after")
    assert noted(session) == ["before", "after"]


def test_a_part_that_works_out_within_one_that_is_given_up_is_forgotten_too(session: Session, firm: Firm) -> None:
    with pytest.raises(GivenUp), session.begin_nested():
        with session.begin_nested():
            note(session, firm, "inner")
        note(session, firm, "outer")
        raise GivenUp
    with session.begin_nested():
        note(session, firm, "kept")
    assert noted(session) == ["kept"]


def test_what_is_rolled_back_whole_is_forgotten(session: Session, firm: Firm) -> None:
    session.execute(select(AuditEntry.id).limit(1))  # so that there is something to roll back
    note(session, firm, "lost")
    session.rollback()
    assert noted(session) == []


def test_what_is_told_of_several_records_is_the_timeline_of_each(
    session: Session, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_TOLD", 2)
    for record_id, action in [(1, "a"), (2, "b"), (1, "c"), (1, "d"), (3, "e")]:
        audit.note(session, firm.organisation_id, action, "several", record_id, words=action)
    ids = select(union_all(*(select(literal(each)) for each in (1, 2, 4))).subquery())
    told = audit.told_of(session, "several", ids)
    each = [entry.id for record_id in (1, 2, 4) for entry in audit.timeline(session, "several", record_id)]
    assert sorted(session.scalars(told)) == sorted(each) and len(each) == 3

"""What is noted is written with what it tells of, or not at all."""

import pytest
from sqlalchemy import select
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

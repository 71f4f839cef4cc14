"""The workers are rung when everybody can see the rows, and only then."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from portal.shared import queues
from portal.shared.running import here
from tests.builders import Firm
from tests.conftest import World


@pytest.fixture
def bell(world: World) -> Iterator[None]:
    world.redis.flush()
    queues.use(here().redis)
    yield
    queues.use(None)


def rung() -> int:
    return queues.queue("mail", here().redis).count


class GivenUp(Exception):
    """The part that is tried does not work out."""


def test_a_part_of_a_transaction_rings_nobody_before_the_whole_is_there(
    session: Session, firm: Firm, bell: None
) -> None:
    with session.begin_nested():
        queues.wake(session, "mail", firm.organisation_id)
    assert rung() == 0
    session.commit()
    assert rung() == 1


def test_a_part_that_is_given_up_takes_back_no_ring_of_the_rest(session: Session, firm: Firm, bell: None) -> None:
    queues.wake(session, "mail", firm.organisation_id)
    with pytest.raises(GivenUp), session.begin_nested():
        raise GivenUp
    session.commit()
    assert rung() == 1


def test_what_is_rolled_back_rings_nobody(session: Session, firm: Firm, bell: None) -> None:
    with session.begin_nested():
        queues.wake(session, "mail", firm.organisation_id)
    session.rollback()
    session.commit()
    assert rung() == 0

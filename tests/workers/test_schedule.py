"""The sweeper finds what is due in PostgreSQL, whoever forgot to ring, and does not ring twice in a breath."""

from datetime import timedelta

from sqlalchemy.orm import Session

from portal.shared import clock, queues, running
from tests.builders import Firm, make_invoice
from tests.conftest import World
from workers.schedule import RING_AGAIN_AFTER, Sweeper


def _waiting(name: str) -> list[int]:
    return [job.args[0] for job in queues.queue(name, running.here().redis).jobs]


def test_mail_nobody_rang_for_is_found_once(world: World, session: Session, firm: Firm) -> None:
    queues.use(None)
    make_invoice(session, firm, email="rita@maple.example")
    queues.use(running.here().redis)
    world.redis.flush()
    sweeper = Sweeper()
    sweeper.sweep()
    sweeper.sweep()
    assert _waiting("mail").count(firm.organisation_id) == 1
    with clock.at(clock.now() + RING_AGAIN_AFTER + timedelta(seconds=1)):
        sweeper.sweep()
    assert _waiting("mail").count(firm.organisation_id) == 2


def test_a_firm_without_a_link_is_not_rung_for_the_mirror(world: World, session: Session, firm: Firm) -> None:
    make_invoice(session, firm)
    queues.use(running.here().redis)
    world.redis.flush()
    Sweeper().sweep()
    assert firm.organisation_id not in _waiting("mirror")


def test_regular_work_is_rung_without_anything_due(world: World) -> None:
    queues.use(running.here().redis)
    world.redis.flush()
    Sweeper().sweep()
    assert _waiting("reports") == [0]


def test_a_sweep_without_redis_remembers_nothing(world: World, session: Session, firm: Firm) -> None:
    make_invoice(session, firm, email="rita@maple.example")
    queues.use(None)
    sweeper = Sweeper()
    sweeper.sweep()
    assert sweeper.rung_at == {}

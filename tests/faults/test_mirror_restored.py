"""A database restored from an older backup makes nothing twice in the books, and writes nothing over that is newer."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from portal.accounting.mirror.drain import drain
from portal.accounting.queries import link_state
from portal.accounting.reconciliation.models import DriftRow
from portal.payments.models import Payment
from portal.shared.running import here, job_session
from tests.conftest import World
from tests.portal.accounting.doings import pay, rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked
from workers.schedule import Sweeper

__all__ = ["linked", "zoho"]


@pytest.fixture
def back_up(world: World) -> Callable[[], Callable[[], None]]:
    """Copies the database; what comes back puts the copy in its place, as a restore does."""

    def copy() -> Callable[[], None]:
        _disconnect_all(world)
        world.postgres.drop_database("backup")
        world.postgres.create_database("backup", template=world.database)

        def restore() -> None:
            here().engine.dispose()
            world.postgres.drop_database(world.database)
            world.postgres.create_database(world.database, template="backup")
            world.postgres.drop_database("backup")

        return restore

    return copy


def _disconnect_all(world: World) -> None:
    """Nobody may be connected to a database that is copied."""
    here().engine.dispose()
    with create_engine(world.postgres.superuser_url("postgres")).connect() as connection:
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(ended, {"name": world.database})


def writes(linked: LinkedFirm) -> list[tuple[str, str]]:
    return [(one["method"], one["path"]) for one in linked.zoho.requests(linked.remote) if one["method"] != "GET"]


def books(linked: LinkedFirm) -> dict[str, list[Any]]:
    return {module: linked.there(module) for module in ("contacts", "items", "invoices", "customerpayments")}


def test_an_older_database_neither_makes_again_nor_writes_over(
    linked: LinkedFirm, back_up: Callable[[], Callable[[], None]]
) -> None:
    drain(linked.organisation_id)
    waiting = sent_invoice(linked)  # in the backup, but not in the books yet
    paid = pay(linked, waiting)
    restore = back_up()
    lost = sent_invoice(linked)  # after the backup
    pay(linked, lost)
    rename(linked, "Maple Dental Group")
    drain(linked.organisation_id)
    before = books(linked)
    assert len(before["invoices"]) == len(before["customerpayments"]) == 2
    linked.zoho.forget_requests()
    restore()
    Sweeper().sweep()
    with job_session(linked.organisation_id) as session:
        assert "restored from a backup" in link_state(session).words
    drain(linked.organisation_id)
    assert writes(linked) == [] and books(linked) == before
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert [record.remote_id is not None for record in linked.mirror("payment") if record.local_id == paid] == [True]
    with job_session(linked.organisation_id) as session:
        assert link_state(session).words == ""
        only_there = session.scalars(select(DriftRow.number).where(DriftRow.cause == "missing here")).all()
    assert lost.number in only_there  # and people are told of what the backup does not know


def test_life_goes_on_after_the_restore(linked: LinkedFirm, back_up: Callable[[], Callable[[], None]]) -> None:
    drain(linked.organisation_id)
    restore = back_up()
    lost = sent_invoice(linked)
    reference = _reference(linked, pay(linked, lost))
    drain(linked.organisation_id)
    restore()
    Sweeper().sweep()
    drain(linked.organisation_id)
    fresh = sent_invoice(linked)
    assert fresh.number != lost.number  # the number that the books have seen is not given again
    pay(linked, fresh, reference=reference)  # Stripe's record brings the lost payment back
    drain(linked.organisation_id)
    numbers = [one["invoice_number"] for one in linked.there("invoices")]
    assert sorted(numbers) == sorted([lost.number, fresh.number])
    assert [one["reference_number"] for one in linked.there("customerpayments")] == [reference]


def test_the_same_database_is_never_taken_for_a_copy(linked: LinkedFirm) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    Sweeper().sweep()
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.link().restored_at is None and len(linked.there("invoices")) == 2


def _reference(linked: LinkedFirm, payment_id: int) -> str:
    with job_session(linked.organisation_id) as session:
        return session.get_one(Payment, payment_id).provider_payment_id

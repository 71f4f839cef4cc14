"""A worker that dies or stumbles while it goes over to another organisation: nothing goes to both, and the next one
takes it up again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError

from portal.accounting import link as linking
from portal.accounting.planned import actions
from portal.accounting.planned.queries import open_plan
from portal.gateways.zoho import consent as zoho_consent
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.running import job_session
from tests.conftest import World
from tests.faults.test_mirror_never_twice import worker
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import CLIENT, LinkedFirm, linked, owner_rows, wait_until, zoho
from tests.portal.accounting.test_switching import another, numbers_in
from workers.mirror_jobs import look

__all__ = ["linked", "zoho"]
NO_MAIL = "ALTER TABLE messages ADD CONSTRAINT no_mail CHECK (once NOT LIKE 'books-move:%:moved:%') NOT VALID"


@pytest.fixture
def old(linked: LinkedFirm) -> Invoice:
    """It is in the organisation that is left."""
    found = sent_invoice(linked)
    look(linked.organisation_id)
    assert numbers_in(linked, linked.remote) == [found.number]
    return found


@pytest.fixture
def other(linked: LinkedFirm, old: Invoice) -> LinkedFirm:
    """A new and empty organisation that the firm goes over to today, by itself."""
    there = replace(linked, remote=another(linked))
    wanted = {"user": linked.user, "dc": "eu", "client_id": CLIENT[0], "scope": zoho_consent.scopes()}
    made = linked.zoho.control("POST", "/tokens", wanted)
    granted = zoho_consent.Tokens(made["access_token"], made["refresh_token"], made["scope"], 3600)
    with job_session(linked.organisation_id) as session:
        consent = linking.keep_consent(session, linked.organisation_id, "eu", granted)
    candidate = linking.offered(linked.organisation_id, consent, "GBP").find(there.remote)
    assert candidate is not None
    with job_session(linked.organisation_id) as session:
        actions.plan(
            session, linking.live_link(session) or pytest.fail("not linked"), session.merge(consent), candidate,
            cut_over_on=clock.today("Europe/London"), is_new=True, planned_by=None,
        )  # fmt: skip
    return there


@pytest.fixture
def new(linked: LinkedFirm, other: LinkedFirm) -> Invoice:
    """Of the day itself, and paid."""
    found = sent_invoice(linked)
    pay(linked, found)
    return found


@contextmanager
def superuser(world: World) -> Iterator[Connection]:
    engine = create_engine(world.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def is_waited_for(session: Connection) -> bool:
    """Does anybody wait for an advisory lock?"""
    waiting = "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted"
    asked = text(f"{waiting} AND l.locktype = 'advisory' AND d.datname = current_database()")
    return session.execute(asked).first() is not None


def goes_over(world: World, linked: LinkedFirm, other: LinkedFirm, old: Invoice, new: Invoice) -> None:
    """The next worker takes it up, and each document is in one organisation, once."""
    for _ in range(3):
        linked.change("UPDATE planned_switches SET next_look_at = now() - interval '1 minute'")
        linked.make_due()
        look(linked.organisation_id)
    assert linked.link().remote_organisation_id == other.remote
    assert numbers_in(linked, linked.remote) == [old.number] and linked.there("customerpayments") == []
    assert numbers_in(linked, other.remote).count(new.number) == 1 and old.number not in numbers_in(
        linked, other.remote
    )
    assert [Decimal(str(one["amount"])) for one in other.there("customerpayments")] == [new.total.decimal]
    told = "SELECT 1 FROM audit_entries WHERE organisation_id = :id AND action = 'zoho switched'"
    assert len(owner_rows(world, told, id=linked.organisation_id)) == 1
    living = "SELECT 1 FROM zoho_consents WHERE organisation_id = :id AND revoked_at IS NULL"
    assert len(owner_rows(world, living, id=linked.organisation_id)) == 1


def test_killed_before_its_commit_it_has_changed_nothing(
    world: World, linked: LinkedFirm, old: Invoice, other: LinkedFirm, new: Invoice
) -> None:
    held = (
        "SELECT {}(hashtextextended('link:' || :other, 0))"  # taken after the old one is left, before the other is tied
    )
    with superuser(world) as session:
        session.execute(text(held.format("pg_advisory_lock")), {"other": other.remote})
        with worker(world, linked.organisation_id) as process:
            wait_until(lambda: is_waited_for(session), within_s=60, what="half-way")
            process.kill()
            process.wait()
        session.execute(text(held.format("pg_advisory_unlock")), {"other": other.remote})
        wait_until(lambda: not is_waited_for(session))
    with job_session(linked.organisation_id) as session:
        assert open_plan(session) is not None
    linked.make_due()
    look(linked.organisation_id)  # within five minutes of the one that died: it is not taken up, the rest goes on
    assert linked.link().remote_organisation_id == linked.remote
    assert numbers_in(linked, linked.remote) == [old.number] and numbers_in(linked, other.remote) == []
    goes_over(world, linked, other, old, new)


def test_killed_right_after_its_commit_it_has_gone_over(
    world: World, linked: LinkedFirm, old: Invoice, other: LinkedFirm, new: Invoice
) -> None:
    linked.zoho.break_down("hang", path="/token/revoke", seconds=30)
    with worker(world, linked.organisation_id) as process:
        wait_until(lambda: linked.link().remote_organisation_id == other.remote, within_s=60, what="gone over")
        process.kill()
        process.wait()
    linked.zoho.mend()
    assert numbers_in(linked, other.remote) == []
    goes_over(world, linked, other, old, new)


def test_stumbling_at_its_very_end_it_has_changed_nothing_and_keeps_nothing_else_waiting(
    world: World, linked: LinkedFirm, old: Invoice, other: LinkedFirm, new: Invoice
) -> None:
    with superuser(world) as session:
        session.execute(text(NO_MAIL))
        try:
            with pytest.raises(IntegrityError):
                look(linked.organisation_id)
        finally:
            session.execute(text("ALTER TABLE messages DROP CONSTRAINT no_mail"))
    assert linked.link().remote_organisation_id == linked.remote
    linked.make_due()
    look(linked.organisation_id)
    assert numbers_in(linked, linked.remote) == [old.number] and numbers_in(linked, other.remote) == []
    goes_over(world, linked, other, old, new)

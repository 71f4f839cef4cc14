"""A person decides while a worker is at the same record: one waits for the other, and neither is turned away."""

import threading

from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import rename
from tests.portal.accounting.stand_in import LinkedFirm, linked, wait_until, zoho

__all__ = ["linked", "zoho"]


def test_a_decision_waits_for_the_worker_and_holds_nothing_meanwhile(linked: LinkedFirm) -> None:
    """The workers lock the link, then a record: whoever locks a record first would wait for them crosswise."""
    both_ways(linked, "customer")
    act(linked, f"PUT /contacts/{linked.there('contacts')[0]['contact_id']}", contact_name="Their name")
    rename(linked, "Our name")
    look(linked)
    (asked,) = questions(linked)

    def decide() -> None:
        with job_session(linked.organisation_id) as session:
            assert decisions.decide(session, asked.id, "ours", by="Mo Manager", person_id=0)

    with job_session(linked.organisation_id) as session:
        session.execute(text("SELECT id FROM links FOR UPDATE"))
        deciding = threading.Thread(target=decide)
        deciding.start()
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        wait_until(lambda: session.execute(waits).scalar_one(), what="the decision waits")
        session.execute(text("SELECT id FROM mirror_records FOR UPDATE NOWAIT"))
    deciding.join()
    drain(linked.organisation_id)
    assert linked.there("contacts")[0]["contact_name"] == "Our name"

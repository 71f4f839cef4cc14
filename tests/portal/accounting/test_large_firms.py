"""A firm with years of records is linked: they are taken in a little at a time, and what happens now comes first."""

from sqlalchemy import func, select

from portal.accounting.mirror import lease, records
from portal.shared import outbox
from portal.shared.running import job_session
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]

_OF_OLD = """
    INSERT INTO outbox (organisation_id, subject, subject_id, version, changed_at)
    SELECT :of, 'invoice', 10000 + n, 1, now() - interval '1 day' FROM generate_series(1, :most) n
"""


def test_years_of_records_hold_up_nothing_that_happens_now(linked: LinkedFirm) -> None:
    linked.change(_OF_OLD, of=linked.organisation_id, most=1500)
    invoice = sent_invoice(linked)
    turn = lease.take(linked.organisation_id)
    assert turn is not None
    records.admit(turn)
    taken_in = linked.mirror()
    assert len(taken_in) < 1500 and invoice.id in {each.local_id for each in taken_in}
    with lease.held(turn) as session:
        first = records.due(session, turn.link_id, ("invoice",), 1)
    assert [each.local_id for each in taken_in if each.id in first] == [invoice.id]
    assert records.anything_due(turn)
    records.admit(turn)
    assert len(linked.mirror("invoice")) == 1501


def test_many_open_records_are_never_compared_one_by_one(linked: LinkedFirm) -> None:
    """The planner takes a table that has just grown for a small one; then each would be compared with each."""
    for most, said in ((10, "on"), (1500, "off")):
        linked.change(_OF_OLD + " ON CONFLICT DO NOTHING", of=linked.organisation_id, most=most)
        with job_session(linked.organisation_id) as session:
            outbox.plan_for_many(session)
            assert session.scalars(select(func.current_setting("enable_nestloop"))).one() == said

"""Each module of a link can rest on its own, and be kept in one direction or in both."""

import pytest

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.shared.running import job_session
from tests.portal.accounting.doings import rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def pause(linked: LinkedFirm, module: str) -> None:
    with job_session(linked.organisation_id) as session:
        directions.pause(session, linked.link(), module)


def resume(linked: LinkedFirm, module: str) -> None:
    with job_session(linked.organisation_id) as session:
        directions.resume(session, linked.link(), module)


def test_a_paused_module_stays_here_and_follows_when_it_is_resumed(linked: LinkedFirm) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    pause(linked, "customer")
    rename(linked, "Maple Dental")
    drain(linked.organisation_id)
    assert [one["contact_name"] for one in linked.there("contacts")] == ["Maple Dental Practice"]
    resume(linked, "customer")
    drain(linked.organisation_id)
    assert [one["contact_name"] for one in linked.there("contacts")] == ["Maple Dental"]


def test_what_needs_a_paused_module_waits_and_says_for_what(linked: LinkedFirm) -> None:
    pause(linked, "customer")
    sent_invoice(linked)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.there("invoices") == [] and linked.there("contacts") == []
    (waiting,) = linked.mirror("invoice")
    assert (waiting.state, waiting.waits_for) == ("waiting", "Customer Maple Dental Practice")
    resume(linked, "customer")
    drain(linked.organisation_id)
    assert len(linked.there("invoices")) == len(linked.there("contacts")) == 1


def test_a_module_is_kept_from_both_sides_or_one(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        link = linked.link()
        directions.keep(session, link, "customer", "both")
        assert directions.direction_of(session, link.id, "customer") == "both"
        directions.keep(session, link, "customer", "push")
        assert directions.direction_of(session, link.id, "customer") == "push"
        with pytest.raises(directions.CannotKeepSo, match="from the list"):
            directions.keep(session, link, "customer", "sideways")

"""Tokens: renewed by one at a time, told apart from missing rights, and given up for good only when Zoho says so."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.accounting import directions, switching, tokens
from portal.accounting.mirror import lease
from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.lease import LeaseLost
from portal.accounting.mirror.remote import Remote
from portal.accounting.pull.models import PullCursor
from portal.accounting.queries import link_state
from portal.gateways.zoho.calls import Line, Target
from portal.gateways.zoho.errors import ConsentLost, NotAuthorised
from portal.shared import clock
from portal.shared.running import here, job_session
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, link_to, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]


def test_twenty_refused_calls_at_once_make_one_refresh(linked: LinkedFirm) -> None:
    consent_id, product = linked.link().consent_id, linked.link().product
    age(linked)
    linked.zoho.control("POST", "/tokens/expire", {"user": linked.user, "dc": "eu"})
    linked.zoho.forget_requests()
    stale, renewed = tokens.access_token(linked.organisation_id, consent_id), []
    gate = threading.Barrier(20)

    def refused_call() -> None:
        target = Target(f"{linked.zoho.base}/eu/api", product, linked.remote)
        with Line() as line, pytest.raises(NotAuthorised):
            line.call(target, stale, "GET", "/items")
        gate.wait()
        renewed.append(tokens.renew(linked.organisation_id, consent_id, stale=stale))

    threads = [threading.Thread(target=refused_call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(renewed) == 20 and len(set(renewed)) == 1 and renewed[0] != stale
    assert linked.zoho.token_requests() == 1


def test_a_token_that_dies_in_the_middle_is_renewed_once_and_nothing_is_lost(linked: LinkedFirm) -> None:
    age(linked)
    linked.zoho.control("POST", "/tokens/expire", {"user": linked.user, "dc": "eu"})
    linked.zoho.forget_requests()
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.zoho.token_requests() == 1
    assert [one["status"] for one in linked.there("invoices")] == ["sent"]
    assert {record.attempts for record in linked.mirror()} == {0}


def test_a_token_is_renewed_five_minutes_before_it_dies(linked: LinkedFirm) -> None:
    consent_id = linked.link().consent_id
    linked.zoho.forget_requests()
    tokens.access_token(linked.organisation_id, consent_id)
    assert linked.zoho.token_requests() == 0
    linked.change("UPDATE zoho_consents SET access_expires_at = access_expires_at - interval '56 minutes'")
    tokens.access_token(linked.organisation_id, consent_id)
    assert linked.zoho.token_requests() == 1


def test_a_fresh_token_that_is_refused_means_rights_and_is_not_renewed(linked: LinkedFirm) -> None:
    linked.zoho.break_down("status", path="/contacts", times=50, status=401, code=57, message="Not authorized")
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    (record,) = linked.mirror("customer")
    assert record.state == "failed" and "Zoho administrator" in record.last_error
    assert linked.zoho.token_requests() == 0
    assert len(linked.there("items")) == 3


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/contacts"), ("POST", "/invoices"), ("GET", "/customerpayments")]
)
def test_one_stray_refusal_of_a_fresh_token_ends_nothing(linked: LinkedFirm, method: str, path: str) -> None:
    """Whether a record was to be written or a module to be read: it is asked once more with the same token."""
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "payment", "both")
    sent_invoice(linked)
    linked.zoho.break_down("unauthorized_57", method=method, path=path)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.zoho.token_requests() == 0
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert [one["status"] for one in linked.there("invoices")] == ["sent"]
    with job_session(linked.organisation_id) as session:
        assert session.query(PullCursor.problem).filter(PullCursor.module == "payment").scalar() == ""


def test_a_withdrawn_consent_rests_the_link_in_plain_words_until_somebody_connects_again(linked: LinkedFirm) -> None:
    sent_invoice(linked)
    withdraw(linked)
    for _ in range(3):
        drain(linked.organisation_id)
    assert linked.zoho.token_requests() == 1
    assert {(record.state, record.attempts) for record in linked.mirror()} == {("pending", 0)}
    with job_session(linked.organisation_id) as session:
        state = link_state(session)
    assert state.state == "failed" and "Connect again" in state.words
    link_to(linked, linked.link().product)
    drain(linked.organisation_id)
    assert [one["status"] for one in linked.there("invoices")] == ["sent"]


def test_one_withdrawn_while_its_token_is_fresh_is_found_out_at_once_too(linked: LinkedFirm) -> None:
    """Zoho says of it what it says of a right that is missing: no record is blamed for that."""
    sent_invoice(linked)
    withdraw(linked, is_fresh=True)
    for _ in range(2):
        drain(linked.organisation_id)
    assert linked.zoho.token_requests() == 1
    assert {(record.state, record.attempts) for record in linked.mirror()} == {("pending", 0)}
    with job_session(linked.organisation_id) as session:
        assert "Connect again" in link_state(session).words


@pytest.fixture
def remote(linked: LinkedFirm) -> Iterator[Remote]:
    """One that has a token in hand."""
    turn = lease.take(linked.organisation_id)
    assert turn is not None
    with Line() as line:
        remote = Remote(turn, line)
        remote.call("GET", "/items")
        linked.zoho.forget_requests()
        yield remote


def test_a_token_in_hand_gives_way_to_the_one_that_another_worker_got(linked: LinkedFirm, remote: Remote) -> None:
    consent_id = linked.link().consent_id
    age(linked)
    linked.zoho.control("POST", "/tokens/expire", {"user": linked.user, "dc": "eu"})
    stale = tokens.access_token(linked.organisation_id, consent_id)
    newer = tokens.renew(linked.organisation_id, consent_id, stale=stale)
    remote.call("GET", "/items")
    assert linked.zoho.token_requests() == 1 and tokens.access_token(linked.organisation_id, consent_id) == newer


def test_a_token_in_hand_outlives_neither_the_tie_nor_the_consent(linked: LinkedFirm, remote: Remote) -> None:
    """Zoho would take it for the rest of its hour."""
    linked.change("UPDATE zoho_consents SET lost_at = clock_timestamp()")  # as another process has found out
    with pytest.raises(ConsentLost):
        remote.call("GET", "/items")
    with job_session(linked.organisation_id) as session:
        switching.end_link(session, session.merge(linked.link()))
    with pytest.raises(LeaseLost):
        remote.call("GET", "/items")
    assert linked.zoho.requests(linked.remote) == []


def test_zohos_pause_for_tokens_is_not_taken_for_a_lost_consent(linked: LinkedFirm) -> None:
    age(linked)
    linked.zoho.control("POST", "/limits", {"token_requests": 0})
    linked.zoho.control("POST", "/tokens/expire", {"user": linked.user, "dc": "eu"})
    drain(linked.organisation_id)
    link = linked.link()
    linked.zoho.control("POST", "/limits", {"token_requests": None})
    assert link.quiet_until is not None and link.quiet_until > clock.now() + timedelta(minutes=5)
    assert "ten tokens within ten minutes" in link.quiet_why
    linked.make_due()
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 1


def test_a_sealed_token_opens_for_nobody_else(linked: LinkedFirm) -> None:
    linked.change("UPDATE zoho_consents SET access_token_sealed = refresh_token_sealed")
    with pytest.raises(ConsentLost):
        tokens.access_token(linked.organisation_id, linked.link().consent_id)
    assert here().settings.vault


def test_zoho_out_of_reach_is_no_failed_try(linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = here().settings.__class__(**{**vars(here().settings), "zoho_base_address": "http://127.0.0.1:9"})
    monkeypatch.setattr(here(), "settings", nowhere)
    drain(linked.organisation_id)
    monkeypatch.undo()
    assert {(record.state, record.attempts) for record in linked.mirror() if record.module != "item"} == {
        ("pending", 0)
    }
    assert "cannot be reached" in linked.link().quiet_why


def age(linked: LinkedFirm) -> None:
    """As if the access token had been given a while ago."""
    linked.change("UPDATE zoho_consents SET refreshed_at = clock_timestamp() - interval '10 minutes'")


def withdraw(linked: LinkedFirm, *, is_fresh: bool = False) -> None:
    """The user takes the consent back in Zoho."""
    from portal.accounting.models import Consent

    with job_session(linked.organisation_id) as session:
        secret = tokens.refresh_token(session.get_one(Consent, linked.link().consent_id))
    linked.zoho.control("POST", "/tokens/revoke", {"refresh_token": secret})
    if not is_fresh:
        age(linked)
    linked.zoho.forget_requests()

"""A link that works no more: the same answer to everybody, and a new one to the address on file only."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.customers.models import Customer
from portal.invoices.models import PayLink
from portal.messages.models import Message
from portal.organisations.audit import timeline
from portal.payments.actions import void_invoice
from portal.shared import clock, running
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till, revoke_all


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm, email="")


def mailed(firm: Firm) -> list[str]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Message.to_address).order_by(Message.id)))


def let_expire(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        long_ago = clock.now() - timedelta(days=100)
        session.execute(update(PayLink).values(expires_at=long_ago, sent_to="somebody@else.example"))


def test_an_expired_and_a_revoked_link_bring_a_new_one_to_the_address_on_file(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    let_expire(firm)
    assert "Send me the new one" in till.get(sent[1]).text
    asked = till.post(sent[1], data={"to": "thief@evil.example"})
    assert asked.status_code == 200 and mailed(firm) == ["reception@maple.example"]
    with job_session(firm.organisation_id) as session:
        fresh = session.scalars(select(PayLink).where(PayLink.channel == "email")).one()
        assert fresh.expires_at > clock.now()
        revoke_all(session, sent[0])
        assert any("asked for a new link" in entry.words for entry in timeline(session, "invoice", sent[0]))
    assert till.get(sent[1]).status_code == 404 and "Send me the new one" in till.get(sent[1]).text
    assert till.post(sent[1]).text == asked.text
    assert mailed(firm) == ["reception@maple.example"] * 2


def test_nobody_learns_whether_a_link_was_ever_good(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    answers = {till.post(path).text for path in (sent[1], "/p/" + "x" * 43, "/p/%00", f"{sent[1]}x")}
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(email=""))
    answers.add(till.post(sent[1]).text)
    void_invoice(firm.organisation_id, sent[0], "typo")
    answers.add(till.post(sent[1]).text)
    assert len(answers) == 1
    assert mailed(firm) == ["reception@maple.example"]


def test_asking_again_and_again_sends_no_heap_of_mail(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    assert [till.post(sent[1]).status_code for _ in range(12)] == [200] * 10 + [429] * 2
    assert len(mailed(firm)) == 3


def test_another_site_cannot_ask_in_the_customers_name(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    assert till.post(sent[1], headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert mailed(firm) == []


def test_a_settled_invoice_is_not_mailed_as_one_to_pay(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.pay(sent[1])
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        revoke_all(session, sent[0])
    till.post(sent[1])
    with job_session(firm.organisation_id) as session:
        message = session.scalars(select(Message).where(Message.kind == "invoice")).one()
        said = running.here().settings.vault.open(
            message.body_sealed, organisation_id=firm.organisation_id, purpose="message"
        )
    assert "there is nothing to pay" in said and "To pay by" not in said and "235.80" not in said

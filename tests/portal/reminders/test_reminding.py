"""Reminders: each step once, none missed while it is due, and none that is not needed any more."""

import itertools
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.invoices import holds, pauses, sending
from portal.invoices.actions import issue_invoice
from portal.invoices.models import Invoice, PayLink
from portal.invoices.questions.actions import ask
from portal.messages.models import Message
from portal.messages.rules import MOST_TRIES
from portal.organisations.models import Organisation
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.payments.refunds.models import Dispute
from portal.reminders import actions, queries, rules
from portal.reminders.models import Reminder, ReminderPlan
from portal.shared import clock, running
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, make_invoice, post, sign_in
from tests.conftest import World
from tests.paying import take_cash
from workers import mail_jobs
from workers.schedule import Sweeper

DAYS = [-3, 0, 7, 14]
ISSUED = datetime(2027, 3, 1, 10, tzinfo=UTC)  # due on the 15th, 14 days later
DUE = date(2027, 3, 15)


class Killed(BaseException):
    """What SIGKILL does: nothing after it runs."""


class Post:
    """Stands where SMTP would. killed_at: before or after the mail was taken."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.killed_at = ""

    def send(self, _url: str, mail: Mail) -> None:
        if self.killed_at == "before":
            raise Killed
        self.taken.append(mail)
        if self.killed_at == "after":
            raise Killed

    def reminders(self, to: str = "rita@maple.example") -> list[Mail]:
        return [mail for mail in self.taken if mail.subject.startswith("Reminder") and mail.to == to]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Post]:
    post_office = Post()
    monkeypatch.setattr(mail_gateway, "send", post_office.send)
    yield post_office


def remind(firm: Firm, days: list[int] = DAYS) -> None:
    with clock.at(ISSUED), job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        actions.edit_plan(session, organisation, is_on=True, days=days, from_hour=9, until_hour=18, words="Dear Rita")


def bill(firm: Firm, to: str = "rita@maple.example", **bill_to: str) -> int:
    with clock.at(ISSUED), job_session(firm.organisation_id) as session:
        draft = make_invoice(session, firm, sent=False)
        draft.bill_to = draft.bill_to | bill_to
        session.commit()
        organisation = session.get_one(Organisation, firm.organisation_id)
        issue_invoice(session, organisation, draft)
        sending.send_invoice(session, organisation, draft, sent_by=None, email=to)
        return draft.id


def look(firm: Firm, at: datetime) -> None:
    """What the worker does when the sweeper has rung."""
    with clock.at(at):
        mail_jobs.look(firm.organisation_id)


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days_after(days: int, hour: int = 10) -> datetime:
    return at(DUE + timedelta(days=days), hour)


def steps(firm: Firm) -> list[int]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Reminder.step).order_by(Reminder.step)))


def test_each_step_goes_once_with_a_link_of_its_own(firm: Firm, office: Post) -> None:
    remind(firm)
    bill(firm)
    for day in range(-14, 20):
        for hour in (10, 12, 16):
            look(firm, days_after(day, hour))
    mails = office.reminders()
    assert steps(firm) == DAYS
    assert len(mails) == 4 and len({re.findall(r"/p/[\w-]{43}", mail.text)[0] for mail in mails}) == 4
    says = ("Due on 15 March 2027", "Due today", "Was due on", "Was due on")
    assert all(words in mail.text and "£235.80" in mail.text for words, mail in zip(says, mails, strict=True))
    assert all("Dear Rita" in mail.text and "Dear Rita" in mail.html for mail in mails)


def test_the_sweeper_rings_for_a_plan_that_is_due(firm: Firm, office: Post) -> None:
    remind(firm)
    rung = text("SELECT organisation_id FROM gate.due_reminders(:at)")
    with running.here().sessions() as session:
        assert firm.organisation_id in session.scalars(rung, {"at": ISSUED}).all()
    look(firm, ISSUED)
    with running.here().sessions() as session:
        assert firm.organisation_id not in session.scalars(rung, {"at": ISSUED}).all()
        assert firm.organisation_id in session.scalars(rung, {"at": ISSUED + timedelta(minutes=11)}).all()
    with clock.at(ISSUED + timedelta(minutes=11)):
        assert Sweeper().sweep() >= 1


def test_nobody_is_woken(firm: Firm, office: Post) -> None:
    """By the customer's own clock: 10:00 in London is 6:00 in New York."""
    remind(firm)
    bill(firm, country="US")
    look(firm, days_after(0, 10))
    assert office.reminders() == []
    look(firm, days_after(0, 15))
    assert [mail.subject for mail in office.reminders()] != []
    look(firm, days_after(7, 8))
    assert steps(firm) == [0]


def _pay(session: Session, firm: Firm, invoice_id: int) -> None:
    session.commit()
    take_cash(firm, invoice_id, 23580)


def _void(session: Session, firm: Firm, invoice_id: int) -> None:
    session.execute(update(Invoice).where(Invoice.id == invoice_id).values(status="void"))


def _pause(session: Session, firm: Firm, invoice_id: int) -> None:
    pauses.pause(session, firm.organisation_id, invoice_id, "the customer asked something")


def _ask(session: Session, firm: Firm, invoice_id: int) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    ask(session, organisation, session.get_one(Invoice, invoice_id), "What was the second part for?")


def _hold(session: Session, firm: Firm, invoice_id: int) -> None:
    holds.hold(session, firm.organisation_id, invoice_id, "The books find another amount.")


def _debit(session: Session, firm: Firm, invoice_id: int) -> None:
    account = StripeAccount(
        organisation_id=firm.organisation_id, remote_id=f"acct_{firm.organisation_id}", is_live=False,
        endpoint_key=f"key{firm.organisation_id}", key_sealed="x", webhook_secrets_sealed="x",
    )  # fmt: skip
    session.add(account)
    session.flush()
    session.add(
        PaymentAttempt(
            organisation_id=firm.organisation_id, invoice_id=invoice_id, invoice_revision=1, state="processing",
            stripe_account_id=account.id, amount_minor=23580, currency="GBP", session_id=f"cs_{invoice_id}",
            expires_at=clock.now(), look_at=clock.now(),
        )
    )  # fmt: skip


def _dispute(session: Session, firm: Firm, invoice_id: int) -> None:
    session.commit()
    take_cash(firm, invoice_id, 100)
    paid = session.execute(text("SELECT id FROM payments")).scalar_one()
    session.add(
        Dispute(
            organisation_id=firm.organisation_id, payment_id=paid, remote_id="dp_1", amount_minor=100, currency="GBP",
            status="needs_response", reason="fraudulent", withdrawn_minor=100,
        )
    )  # fmt: skip


def _stop_links(session: Session, firm: Firm, invoice_id: int) -> None:
    session.execute(update(PayLink).values(revoked_at=clock.now()))


STOPS = {f.__name__.strip("_"): f for f in (_pay, _void, _pause, _ask, _hold, _debit, _dispute, _stop_links)}


@pytest.mark.parametrize("stop", STOPS)
def test_it_stops_by_itself(firm: Firm, office: Post, stop: str) -> None:
    """Before the step is taken; and after that, while its mail still waits."""
    remind(firm)
    invoice_id = bill(firm)
    look(firm, days_after(-3))
    assert len(office.reminders()) == 1
    office.killed_at = "before"  # the mail of the second step is made, and the worker dies over it
    with pytest.raises(Killed):
        look(firm, days_after(0))
    office.killed_at = ""
    with job_session(firm.organisation_id) as session:
        STOPS[stop](session, firm, invoice_id)
    for day in (0, 1, 7, 14, 15):
        look(firm, days_after(day, 12))
    assert len(office.reminders()) == 1
    with job_session(firm.organisation_id) as session:
        states = session.scalars(select(Message.state).where(Message.kind == "reminder").order_by(Message.id)).all()
    assert states == ["sent", "cancelled"]


def test_a_pause_ends_and_the_newest_step_follows(client: FlaskClient, firm: Firm, office: Post) -> None:
    remind(firm)
    invoice_id = bill(firm)
    sign_in(client, firm, "field_agent")
    assert post(client, f"/invoices/{invoice_id}/reminders/pause", {}).status_code == 303
    page = client.get(f"/invoices/{invoice_id}/reminders").text
    assert "Paused" in page and "Dana Wells" in page
    for day in (-3, 0, 8):
        look(firm, days_after(day))
    assert steps(firm) == []
    assert post(client, f"/invoices/{invoice_id}/reminders/resumption", {}).status_code == 303
    look(firm, days_after(8, 12))
    assert steps(firm) == [7]  # not the ones that were missed


def test_a_firm_that_begins_to_remind_makes_up_for_nothing(firm: Firm, office: Post) -> None:
    bill(firm)
    with clock.at(days_after(8)), job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        actions.edit_plan(session, organisation, is_on=True, days=DAYS, from_hour=9, until_hour=18, words="")
    look(firm, days_after(8))
    assert office.reminders() == []
    look(firm, days_after(14))
    assert steps(firm) == [14]


def test_without_an_address_nothing_is_noted_as_sent(firm: Firm, office: Post) -> None:
    remind(firm)
    bill(firm, to="", email="")
    look(firm, days_after(0))
    assert steps(firm) == []


def test_the_settings_say_what_is_wrong_and_keep_what_was_typed(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    form = {"is_on": "yes", "before": "3", "after": "7, x", "from_hour": "9", "until_hour": "18", "words": ""}
    answer = post(client, "/settings/reminders", form)
    assert answer.status_code == 422 and 'value="7, x"' in answer.text and 'id="f-after-error"' in answer.text
    assert post(client, "/settings/reminders", form | {"after": "14, 7"}).status_code == 303
    with job_session(firm.organisation_id) as session:
        plan = queries.plan_of(session)
        assert plan is not None and (plan.days, plan.is_on) == ([-3, 7, 14], True)
    assert 'value="7, 14"' in client.get("/settings/reminders").text


_numbers = itertools.count(1)
_visits = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["", "", "", "before", "after"])), min_size=5, max_size=40
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(visits=_visits, days=st.lists(st.integers(-10, 20), min_size=1, max_size=5, unique=True))
def test_whatever_dies_each_step_goes_once_and_none_is_missed(
    world: World, office: Post, visits: list[tuple[int, str]], days: list[int]
) -> None:
    """The clock moves on by hours, and the worker dies before or after handing a mail over."""
    firm = make_firm(name=f"Firm {next(_numbers)}")
    office.taken.clear()
    office.killed_at = ""
    remind(firm, sorted(days))
    bill(firm)
    now, deaths = ISSUED, 0
    expected: set[int] = set()
    look(firm, now)
    for hours, killed_at in visits:
        now += timedelta(hours=hours)
        deaths += bool(killed_at)
        office.killed_at = killed_at if deaths < MOST_TRIES else ""  # beyond it a mail is given up, aloud
        with suppress(Killed):
            look(firm, now)
        step = rules.newest_step(
            sorted(days), due_on=DUE, issued_on=ISSUED.date(), started_on=ISSUED.date(), today=_local(now).date()
        )
        if step is not None and rules.is_awake(_local(now), 9, 18):
            expected.add(step)
    office.killed_at = ""
    for _ in range(12):  # the mails that wait for another try
        now += timedelta(hours=5)
        with job_session(firm.organisation_id) as session:
            session.execute(update(ReminderPlan).values(is_on=False))
        look(firm, now)
    assert set(steps(firm)) == expected
    sent = office.reminders()
    assert len({mail.id for mail in sent}) == len(expected)  # a repeat after a death has the same Message-ID
    with job_session(firm.organisation_id) as session:
        rows: list[Any] = list(session.scalars(select(Message.state).where(Message.kind == "reminder")))
    assert rows == ["sent"] * len(expected)


def _local(now: datetime) -> datetime:
    return clock.local(now, "Europe/London")


def test_a_step_that_never_comes_is_not_said_to_come(
    client: FlaskClient, firm: Firm, office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ISSUED", clock.now() - timedelta(days=12))  # due in two days
    remind(firm, [-14, -3, 0])
    invoice_id = bill(firm)
    page = sign_in(client, firm, "manager").get(f"/invoices/{invoice_id}/reminders").text
    assert page.count("Left out") == 2 and page.count("To come") == 1
    assert "That day is over" in page and "The invoice itself went out on that day, or later" in page

"""Passwords chosen by mail: who forgot theirs, who is invited, who got their access back."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.messages.models import Message
from portal.people.models import PasswordToken, Person
from portal.shared import clock
from portal.shared.running import here, job_session
from tests.builders import PASSWORD, Firm, post, sign_in
from tests.conftest import World, browser
from tests.paying import at_once
from workers import mail_jobs, report_jobs

NEW = "quite another password"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch, world: World) -> list[Mail]:
    mails: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: mails.append(mail))
    with job_session(None) as session:
        session.execute(text("DELETE FROM throttles"))
    return mails


def forget(app: Flask, email: str) -> tuple[int, str]:
    answer = post(browser(app), "/forgotten-password", {"email": email}, page="/forgotten-password")
    return answer.status_code, answer.text


def mailed_path(firm: Firm, taken: list[Mail]) -> str:
    mail_jobs.look(firm.organisation_id)
    found = re.search(r"http://portal\.test(/choose-password/[\w-]{43})", taken[-1].text)
    assert found is not None
    return found.group(1)


def choose(app: Flask, path: str, password: str = NEW) -> int:
    client = browser(app)
    return post(client, path, {"new_password": password}, page="/forgotten-password").status_code


def can_sign_in(app: Flask, email: str, password: str) -> bool:
    given = {"email": email, "password": password}
    return post(browser(app), "/sign-in", given, page="/sign-in").status_code == 303


def test_a_forgotten_password_is_chosen_anew_once_and_ends_every_sign_in(
    app: Flask, firm: Firm, taken: list[Mail]
) -> None:
    elsewhere, email = sign_in(browser(app), firm, "manager"), firm.emails["manager"]
    assert forget(app, email.upper())[0] == 200
    path = mailed_path(firm, taken)
    assert (taken[-1].to, taken[-1].from_name) == (email, "Northgate Heating")
    assert browser(app).get(path).status_code == browser(app).get(path).status_code == 200  # looking spends nothing
    assert choose(app, path, "short") == 422
    assert choose(app, path) == 303
    assert choose(app, path) == 404 and browser(app).get(path).status_code == 404
    assert elsewhere.get("/people/me/password").status_code == 303
    assert can_sign_in(app, email, NEW) and not can_sign_in(app, email, PASSWORD)


def test_known_and_unknown_addresses_get_the_same_answer(app: Flask, firm: Firm, taken: list[Mail]) -> None:
    known, unknown = forget(app, firm.emails["manager"]), forget(app, "nobody@example.com")
    assert known == unknown
    with job_session(firm.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        session.get_one(Person, firm.people["field_agent"]).is_active = False
    assert forget(app, firm.emails["field_agent"]) == unknown
    mail_jobs.look(firm.organisation_id)
    assert [mail.to for mail in taken] == [firm.emails["manager"]]


def test_an_account_is_mailed_three_times_an_hour_and_nobody_learns_of_it(
    app: Flask, firm: Firm, taken: list[Mail]
) -> None:
    answers = [forget(app, firm.emails["manager"]) for _ in range(5)]
    assert len(set(answers)) == 1 and answers[0][0] == 200
    mail_jobs.look(firm.organisation_id)
    assert len(taken) == 3
    assert choose(app, mailed_path(firm, taken)) == 303  # the newest; the ones before are dead
    codes = [forget(app, f"nobody{n}@example.com")[0] for n in range(16)]
    assert codes == [200] * 15 + [429]


def test_of_two_who_choose_at_once_one_wins(app: Flask, firm: Firm, taken: list[Mail]) -> None:
    forget(app, firm.emails["manager"])
    path = mailed_path(firm, taken)
    assert sorted(at_once(*(lambda: choose(app, path) for _ in range(4)))) == [303, 404, 404, 404]


def test_it_works_for_an_hour_and_dies_with_another_change(app: Flask, firm: Firm, taken: list[Mail]) -> None:
    forget(app, firm.emails["manager"])
    path = mailed_path(firm, taken)
    with clock.at(clock.now() + timedelta(minutes=61)):
        assert browser(app).get(path).status_code == 404
        report_jobs.look(0)
    with job_session(firm.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(PasswordToken)) == 0
    forget(app, firm.emails["manager"])
    path = mailed_path(firm, taken)
    client = sign_in(browser(app), firm, "manager")
    given = {"current_password": PASSWORD, "new_password": NEW}
    assert post(client, "/people/me/password", given, page="/people/me/password").status_code == 303
    assert choose(app, path, "a third password") == 404
    assert can_sign_in(app, firm.emails["manager"], NEW)


def test_the_database_and_the_host_header_give_nothing_away(app: Flask, firm: Firm, taken: list[Mail]) -> None:
    forget(app, firm.emails["manager"])
    with here().engine.connect() as connection:
        connection.execute(
            text("SELECT set_config('app.organisation_id', :id, true)"), {"id": str(firm.organisation_id)}
        )
        rows = str(connection.execute(text("SELECT m::text FROM messages m")).all())
        rows += str(connection.execute(text("SELECT t::text FROM password_tokens t")).all())
    secret = mailed_path(firm, taken).rpartition("/")[2]
    assert secret not in rows and "choose-password" not in rows


def test_who_is_invited_chooses_the_password_in_the_mail(
    app: Flask, client: FlaskClient, firm: Firm, taken: list[Mail]
) -> None:
    email = f"nia{firm.organisation_id}@new.example"
    newcomer = {"name": "Nia New", "email": email, "role": "field_agent"}
    assert post(sign_in(client, firm, "administrator"), "/people", newcomer, page="/people").status_code == 303
    path = mailed_path(firm, taken)
    assert taken[-1].to == email and "Northgate Heating has taken you on" in taken[-1].text
    assert choose(app, path) == 303
    assert can_sign_in(app, email, NEW)


def test_access_given_back_needs_a_new_password(app: Flask, client: FlaskClient, firm: Firm, taken: list[Mail]) -> None:
    sign_in(client, firm, "administrator")
    number = firm.people["manager"]
    forget(app, firm.emails["manager"])
    before = mailed_path(firm, taken)
    post(client, f"/people/{number}/deactivation", {}, page="/people")
    assert choose(app, before) == 404
    post(client, f"/people/{number}/reactivation", {}, page="/people")
    assert not can_sign_in(app, firm.emails["manager"], PASSWORD)
    assert choose(app, mailed_path(firm, taken)) == 303
    assert can_sign_in(app, firm.emails["manager"], NEW)


def test_a_link_to_choose_a_password_is_never_sent_to_another_address(client: FlaskClient, firm: Firm) -> None:
    """Not even by an administrator, who sees other mails that failed."""
    with job_session(firm.organisation_id) as session:
        session.add(
            Message(
                organisation_id=firm.organisation_id, once="x", kind="password", record="person", subject="Choose",
                record_id=firm.people["manager"], to_address="gone@example.com", body_sealed="x", state="failed",
            )
        )  # fmt: skip
        session.flush()
        message_id = session.scalar(select(Message.id))
    sign_in(client, firm, "administrator")
    assert "gone@example.com" not in client.get("/undelivered").text
    answer = post(client, f"/undelivered/{message_id}/resending", {"email": "thief@example.com"})
    assert answer.status_code == 404


def test_simultaneous_sign_ins_forgive_each_other(app: Flask, firm: Firm, recwarn: pytest.WarningsRecorder) -> None:
    signed = at_once(*(lambda: can_sign_in(app, firm.emails["manager"], PASSWORD) for _ in range(4)))
    assert signed == [True] * 4
    assert not [warning for warning in recwarn if "DELETE statement on table" in str(warning.message)]

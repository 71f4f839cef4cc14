"""The staff, taken on and let go, and one's own password."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.organisations.models import AuditEntry
from portal.people.models import Person
from portal.shared.running import job_session
from tests.builders import PASSWORD, Firm, post, sign_in
from tests.conftest import browser

NEWCOMER = {"name": "Nia New", "role": "field_agent"}


def take_on(client: FlaskClient, **given: str):
    return post(client, "/people", NEWCOMER | {"email": "nia@new.example"} | given, page="/people")


def let_go(client: FlaskClient, person_id: int):
    return post(client, f"/people/{person_id}/deactivation", {}, page="/people")


def let_back(client: FlaskClient, person_id: int):
    return post(client, f"/people/{person_id}/reactivation", {}, page="/people")


def head_count(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalar(select(func.count()).select_from(Person)) or 0


@pytest.mark.parametrize("role", ["manager", "field_agent", "limited_field_agent"])
def test_only_administrators_manage_people(client: FlaskClient, firm: Firm, role: str) -> None:
    sign_in(client, firm, role)
    assert client.get("/people").status_code == 403
    answer = post(client, "/people", NEWCOMER | {"email": "x@new.example"}, page="/people/me/password")
    assert (answer.status_code, head_count(firm)) == (403, 4)


@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", ""), ("name", "x" * 10_000), ("email", "nobody"), ("role", "owner"), ("role", "")],
)
def test_bad_input_takes_nobody_on(client: FlaskClient, firm: Firm, field: str, bad: str) -> None:
    answer = take_on(sign_in(client, firm, "administrator"), **{field: bad})
    assert (answer.status_code, head_count(firm)) == (422, 4)
    assert f'id="f-{field}-error"' in answer.text


def test_an_address_of_another_firm_is_taken(client: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    answer = take_on(sign_in(client, firm, "administrator"), email=other_firm.emails["manager"])
    assert (answer.status_code, head_count(firm)) == (422, 4)


def test_ending_access_signs_out_at_once(app, client: FlaskClient, firm: Firm) -> None:
    manager = sign_in(browser(app), firm, "manager")
    assert let_go(sign_in(client, firm, "administrator"), firm.people["manager"]).status_code == 303
    assert manager.get("/people/me/password").status_code == 303


def test_access_given_back_opens_the_door_but_no_old_sign_in(app, client: FlaskClient, firm: Firm) -> None:
    manager, number = sign_in(browser(app), firm, "manager"), firm.people["manager"]
    let_go(sign_in(client, firm, "administrator"), number)
    assert f"/people/{number}/reactivation" in client.get("/people").text
    assert let_back(client, number).status_code == 303
    assert manager.get("/people/me/password").status_code == 303
    old = {"email": firm.emails["manager"], "password": PASSWORD}
    assert post(browser(app), "/sign-in", old, page="/sign-in").status_code == 422  # a new one is chosen by mail
    with job_session(firm.organisation_id) as session:
        noted = session.scalars(select(AuditEntry.action).where(AuditEntry.record == "person").order_by(AuditEntry.id))
        assert list(noted)[-3:] == ["person deactivated", "password link mailed", "person reactivated"]


def test_a_second_tap_gives_nothing_back_twice(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    let_go(client, firm.people["manager"])
    assert [let_back(client, firm.people["manager"]).status_code for _ in range(2)] == [303, 303]
    with job_session(firm.organisation_id) as session:
        noted = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "person reactivated"))
        assert len(list(noted)) == 1


def test_nobody_gives_access_back_in_another_firm(client: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    with job_session(other_firm.organisation_id) as session:
        session.get_one(Person, other_firm.people["manager"]).is_active = False
    assert let_back(sign_in(client, firm, "administrator"), other_firm.people["manager"]).status_code == 404
    with job_session(other_firm.organisation_id) as session:
        assert not session.get_one(Person, other_firm.people["manager"]).is_active


def test_the_last_administrator_stays(client: FlaskClient, firm: Firm) -> None:
    answer = let_go(sign_in(client, firm, "administrator"), firm.people["administrator"])
    assert answer.status_code == 422
    assert "only administrator" in answer.text
    assert client.get("/people").status_code == 200


def test_of_two_administrators_one_may_go(client: FlaskClient, firm: Firm) -> None:
    take_on(sign_in(client, firm, "administrator"), email="nia2@new.example", role="administrator")
    assert let_go(client, firm.people["administrator"]).status_code == 303
    assert client.get("/people").status_code == 303


def test_people_of_other_firms_and_nobody_are_the_same_404(client, firm: Firm, other_firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    answers = [let_go(client, number) for number in (other_firm.people["manager"], 10**15, 10**18)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({re.sub("<bdi>.*?</bdi>", "", answer.text) for answer in answers}) == 1


@pytest.mark.parametrize("number", ["9" * 20, "-1", "one", "1.5"])
def test_what_can_be_nobodys_number_is_a_404(client: FlaskClient, firm: Firm, number: str) -> None:
    sign_in(client, firm, "administrator")
    assert post(client, f"/people/{number}/deactivation", {}, page="/people").status_code == 404


def change(client: FlaskClient, current: str, new: str):
    given = {"current_password": current, "new_password": new}
    return post(client, "/people/me/password", given, page="/people/me/password")


def test_a_new_password_ends_the_other_sign_ins_and_keeps_this_one(app, client: FlaskClient, firm: Firm) -> None:
    elsewhere = sign_in(browser(app), firm, "manager")
    assert change(sign_in(client, firm, "manager"), PASSWORD, "quite another one").status_code == 303
    assert client.get("/people/me/password").status_code == 200
    assert elsewhere.get("/people/me/password").status_code == 303
    again = {"email": firm.emails["manager"], "password": "quite another one"}
    assert post(elsewhere, "/sign-in", again, page="/sign-in").status_code == 303


@pytest.mark.parametrize(("current", "new"), [("wrong", "quite another one"), (PASSWORD, "short"), ("", "")])
def test_a_password_is_not_changed_by_halves(app, client: FlaskClient, firm: Firm, current: str, new: str) -> None:
    assert change(sign_in(client, firm, "manager"), current, new).status_code == 422
    assert sign_in(browser(app), firm, "manager").get("/people/me/password").status_code == 200


def test_guessing_the_password_so_far_is_throttled(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "field_agent")
    codes = [change(client, f"guess {n}", "quite another one").status_code for n in range(11)]
    assert codes == [422] * 10 + [429]
    assert change(client, PASSWORD, "quite another one").status_code == 429

"""Signing in and out through the real forms."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.people.actions import deactivate
from portal.people.models import Person, SignIn
from portal.shared.running import job_session
from tests.builders import PASSWORD, Firm, post, sign_in
from tests.conftest import browser

HOST = "portal.test"


def attempt(client: FlaskClient, email: str, password: str, next_: str = ""):
    return post(client, "/sign-in", {"email": email, "password": password, "next": next_}, page="/sign-in")


def words_of(page: str) -> str:
    """The page without what differs each time: tokens, and the e-mail that was typed."""
    return re.sub(r'value="[^"]*"', "", page)


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("portal", domain=HOST)
    assert cookie is not None
    return cookie.value


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(client: FlaskClient, firm: Firm) -> None:
    asked = client.get("/people")
    assert asked.headers["Location"] == "/sign-in?next=/people"
    page = client.get(asked.headers["Location"])
    assert 'name="next" value="/people"' in page.text
    assert attempt(client, firm.emails["administrator"], PASSWORD, "/people").headers["Location"] == "/people"
    assert client.get("/people").status_code == 200


@pytest.mark.parametrize(
    "bad",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "evil",
     "/a\nb", "/" + "a" * 600, "\x00/people", " //evil.example"],
)  # fmt: skip
def test_next_leads_nowhere_but_to_a_path_of_ours(client: FlaskClient, firm: Firm, bad: str) -> None:
    assert attempt(client, firm.emails["manager"], PASSWORD, bad).headers["Location"] == "/"


def test_an_unknown_e_mail_and_a_wrong_password_get_the_same_answer(client: FlaskClient, firm: Firm) -> None:
    unknown = attempt(client, "nobody@example.com", PASSWORD)
    wrong = attempt(client, firm.emails["manager"], "not the password")
    assert unknown.status_code == wrong.status_code == 422
    assert words_of(unknown.text) == words_of(wrong.text)


def test_ten_wrong_tries_close_the_account_for_a_while_and_no_other(client: FlaskClient, firm: Firm) -> None:
    answers = [attempt(client, firm.emails["field_agent"], f"wrong {n}").status_code for n in range(11)]
    assert answers == [422] * 10 + [429]
    assert attempt(client, firm.emails["field_agent"], PASSWORD).status_code == 429
    assert attempt(client, firm.emails["manager"], PASSWORD).status_code == 303


def test_one_address_may_not_try_every_account(app, firm: Firm) -> None:
    client = browser(app)
    there = {"REMOTE_ADDR": "203.0.113.9"}
    client.environ_base |= there
    for n in range(40):
        attempt(client, f"guess{n}@example.com", "wrong")
    assert attempt(client, firm.emails["administrator"], PASSWORD).status_code == 429
    assert sign_in(browser(app), firm, "administrator").get("/people").status_code == 200


def test_a_wrong_password_is_never_shown_again(client: FlaskClient, firm: Firm) -> None:
    assert "hunter2-secret" not in attempt(client, firm.emails["manager"], "hunter2-secret").text


@pytest.mark.parametrize("odd", ["\x00", "\u202eevil", "🙂" * 50, "x" * 10_000, "", "a@b\r\nSet-Cookie: x=1", "'; --"])
def test_odd_input_is_a_wrong_sign_in_and_no_error(client: FlaskClient, world, odd: str) -> None:
    assert attempt(client, odd, odd).status_code == 422
    assert attempt(client, "somebody@example.com", odd).status_code == 422


def test_a_sign_in_begins_a_session_of_its_own(app, firm: Firm) -> None:
    thief, victim = browser(app), browser(app)
    attempt(thief, firm.emails["manager"], "wrong")
    planted = "planted-by-someone-else"
    for either in (thief, victim):
        either.set_cookie("portal", planted, domain=HOST)
    sign_in(victim, firm, "manager")
    assert cookie_of(victim) != planted
    assert thief.get("/today").status_code == 303


def test_two_sign_ins_have_two_secrets(app, firm: Firm) -> None:
    first, second = (sign_in(browser(app), firm, "manager") for _ in range(2))
    assert cookie_of(first) != cookie_of(second)


def test_signing_out_kills_a_copied_cookie(app, firm: Firm) -> None:
    client, copy = sign_in(browser(app), firm, "manager"), browser(app)
    copy.set_cookie("portal", cookie_of(client), domain=HOST)
    assert copy.get("/people/me/password").status_code == 200
    assert post(client, "/sign-out", {}, page="/people/me/password").status_code == 303
    assert copy.get("/people/me/password").status_code == 303


def test_the_database_holds_no_secret_that_opens_a_sign_in(app, firm: Firm) -> None:
    viewer = firm.viewer("manager")
    with job_session(firm.organisation_id) as session:
        digests = session.scalars(select(SignIn.digest)).all()
    assert viewer.secret.encode() not in b"".join(digests)


def test_nobody_can_be_signed_out_by_a_link_or_a_forged_form(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "manager")
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 400
    assert client.post("/sign-out", headers={"HX-Request": "true"}).status_code == 400
    assert client.get("/people/me/password").status_code == 200


def test_a_sign_in_form_without_its_token_is_refused(client: FlaskClient, firm: Firm) -> None:
    answer = client.post("/sign-in", data={"email": firm.emails["manager"], "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/today").status_code == 303


def test_whoever_is_signed_in_already_goes_home(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "manager")
    assert client.get("/sign-in").headers["Location"] == "/"
    assert client.get("/sign-up").headers["Location"] == "/"


@pytest.mark.parametrize(("role", "first"), [("manager", "/board"), ("field_agent", "/today")])
def test_home_is_the_board_for_managers_and_today_for_technicians(client, firm: Firm, role: str, first: str) -> None:
    assert sign_in(client, firm, role).get("/").headers["Location"] == first


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(client: FlaskClient, world) -> None:
    answer = client.get("/people", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


def test_whose_access_has_ended_reads_the_same_words(client: FlaskClient, firm: Firm) -> None:
    wrong = attempt(client, firm.emails["manager"], "wrong")
    with job_session(firm.organisation_id) as session:
        deactivate(session, session.get_one(Person, firm.people["manager"]))
    ended = attempt(client, firm.emails["manager"], PASSWORD)
    assert (ended.status_code, words_of(ended.text)) == (422, words_of(wrong.text))

"""Sign-ins: what the cookie holds, when it dies, and how often one may guess."""

import base64
import dataclasses
import zlib
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.people.sign_in import IDLE, LONGEST
from portal.shared import clock, running
from portal.shared.throttle import Throttle
from tests.builders import PASSWORD, Firm, make_firm, post, sign_in
from tests.conftest import World, browser
from tests.paying import at_once
from tests.security.estate import Estate, csrf_of, without_noise

HOST = "portal.test"


@pytest.fixture(autouse=True)
def forgiven(world: World) -> None:
    """Tests share one address, and would use up each other's tries."""
    with running.job_session(None) as session:
        session.query(Throttle).delete()


def cookie_of(client: FlaskClient, name: str = "portal") -> str:
    cookie = client.get_cookie(name, domain=HOST)
    assert cookie is not None
    return cookie.value


def attempt(client: FlaskClient, email: str, password: str, **more: object) -> TestResponse:
    return post(client, "/sign-in", {"email": email, "password": password, "next": ""}, page="/sign-in", **more)


def copy_of(app: Flask, client: FlaskClient) -> FlaskClient:
    """A thief's browser with the very same cookie."""
    copy = browser(app)
    copy.set_cookie("portal", cookie_of(client), domain=HOST)
    return copy


def is_in(client: FlaskClient) -> bool:
    return client.get("/people/me/password").status_code == 200


def test_a_cookie_from_before_the_sign_in_does_not_become_one(app: Flask, firm: Firm) -> None:
    """Fixation: also with a cookie that is validly signed, because it was ours once."""
    earlier = sign_in(browser(app), firm, "manager")
    planted = cookie_of(earlier)
    post(earlier, "/sign-out", {}, page="/people/me/password")
    victim = browser(app)
    victim.set_cookie("portal", planted, domain=HOST)
    sign_in(victim, firm, "administrator")
    assert cookie_of(victim) != planted
    thief = browser(app)
    thief.set_cookie("portal", planted, domain=HOST)
    assert is_in(victim) and not is_in(thief)


def test_signing_out_kills_a_copied_cookie_and_no_other_sign_in(app: Flask, firm: Firm) -> None:
    phone, desk = sign_in(browser(app), firm, "manager"), sign_in(browser(app), firm, "manager")
    copy = copy_of(app, phone)
    assert is_in(copy)
    post(phone, "/sign-out", {}, page="/people/me/password")
    assert not is_in(copy) and is_in(desk)


def test_a_new_password_ends_every_other_sign_in(app: Flask, firm: Firm) -> None:
    here, elsewhere = sign_in(browser(app), firm, "manager"), sign_in(browser(app), firm, "manager")
    colleague = sign_in(browser(app), firm, "administrator")
    form = {"current_password": PASSWORD, "new_password": "an entirely new one"}
    assert post(here, "/people/me/password", form, page="/people/me/password").status_code == 303
    assert is_in(here) and is_in(colleague) and not is_in(elsewhere)


def test_ending_somebodys_access_ends_it_at_once(app: Flask, firm: Firm) -> None:
    admin, agent = sign_in(browser(app), firm, "administrator"), sign_in(browser(app), firm, "field_agent")
    post(admin, f"/people/{firm.people['field_agent']}/deactivation", {})
    assert not is_in(agent)
    assert attempt(browser(app), firm.emails["field_agent"], PASSWORD).status_code == 422


def test_an_idle_sign_in_ends_and_a_used_one_lives_on(app: Flask, firm: Firm) -> None:
    client, start = sign_in(browser(app), firm, "manager"), clock.now()
    idle = sign_in(browser(app), firm, "manager")
    for day in range(1, 4):
        with clock.at(start + timedelta(days=day)):
            assert is_in(client)
    with clock.at(start + IDLE + timedelta(minutes=1)):
        assert is_in(client) and not is_in(idle)


def test_no_sign_in_outlives_two_weeks_however_busy(app: Flask, firm: Firm) -> None:
    client, start = sign_in(browser(app), firm, "manager"), clock.now()
    for day in range(1, 14):
        with clock.at(start + timedelta(days=day)):
            assert is_in(client)
    with clock.at(start + LONGEST + timedelta(minutes=1)):
        assert not is_in(client)


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(app: Flask, firm: Firm) -> None:
    set_by = attempt(browser(app), firm.emails["manager"], PASSWORD).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_by.split("; "))
    assert "Domain" not in set_by


def test_in_production_every_cookie_travels_by_https_only(world: World, firm: Firm) -> None:
    """https, and the name that keeps the cookie from being set by a neighbouring host."""
    process = running.here()
    kept = process.settings
    settings = world.settings(PUBLIC_URL="https://portal.test", PORTAL_ENV="production")
    process.settings = dataclasses.replace(settings, stripe_api_base=kept.stripe_api_base)
    try:
        app = create_app(process.settings)
        client = app.test_client()
        secure = {"base_url": "https://portal.test"}
        page = client.get("/sign-in", **secure)
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        sent = {"csrf_token": token, "email": firm.emails["manager"], "password": PASSWORD}
        answer = client.post("/sign-in", data=sent, **secure)
    finally:
        process.settings = kept
    assert answer.status_code == 303
    cookies = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("__Host-portal=") for cookie in cookies)
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; ")), cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def readable(cookie: str) -> str:
    """What anybody who sees a Flask cookie can read in it: it is signed, not secret."""
    payload = cookie.removeprefix(".").split(".")[0]
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return (zlib.decompress(raw) if cookie.startswith(".") else raw).decode()


def test_the_cookie_tells_nothing_about_a_person(app: Flask, estate: Estate) -> None:
    """Also while it carries a message to the next page: names of people and firms stay out of it."""
    client = sign_in(browser(app), estate.firm, "administrator")
    told = [readable(cookie_of(client))]
    form = {"name": "Zelda Zanzibar", "email": f"zelda{estate.firm.organisation_id}@example.com", "role": "manager"}
    assert post(client, "/people", form, page="/people").status_code == 303
    told.append(readable(cookie_of(client)))
    post(client, f"/people/{estate.ids['person_id']}/deactivation", {}, page="/people/me/password")
    told.append(readable(cookie_of(client)))
    for cookie in told:
        for name in ("Ada", "Zelda", "Zanzibar", "Sam", "Spare", "example.com", "Northgate"):
            assert name not in cookie


def test_ten_wrong_tries_close_the_account_from_every_address_and_open_later(app: Flask, firm: Firm) -> None:
    for n in range(10):
        client = browser(app)
        client.environ_base["REMOTE_ADDR"] = f"203.0.113.{n}"
        assert attempt(client, firm.emails["manager"], "wrong").status_code == 422
    elsewhere = browser(app)
    elsewhere.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert attempt(elsewhere, firm.emails["manager"], PASSWORD).status_code == 429
    assert attempt(elsewhere, firm.emails["manager"].upper(), PASSWORD).status_code == 429
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert attempt(elsewhere, firm.emails["manager"], PASSWORD).status_code == 303


def test_wrong_tries_that_come_all_at_once_are_counted_one_by_one(app: Flask, firm: Firm) -> None:
    clients = [browser(app) for _ in range(14)]
    sent = [{"csrf_token": csrf_of(client, "/sign-in"), "email": firm.emails["manager"], "password": "wrong"}
            for client in clients]  # fmt: skip
    deeds = [partial(client.post, "/sign-in", data=data) for client, data in zip(clients, sent, strict=True)]
    answers = [answer.status_code for answer in at_once(*deeds)]
    assert sorted(answers) == [422] * 10 + [429] * 4


def test_the_address_is_the_one_that_connected_whatever_the_headers_say(app: Flask, firm: Firm) -> None:
    client = browser(app)
    for n in range(40):
        spoofed = {"X-Forwarded-For": f"192.0.2.{n}", "Forwarded": f"for=192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}"}
        attempt(client, f"guess{n}@example.com", "wrong", headers=spoofed)
    assert attempt(client, firm.emails["manager"], PASSWORD, headers={"X-Forwarded-For": "8.8.8.8"}).status_code == 429


def test_a_wrong_own_password_is_throttled_too(app: Flask, firm: Firm) -> None:
    client = sign_in(browser(app), firm, "manager")
    for n in range(10):
        form = {"current_password": f"wrong {n}", "new_password": "an entirely new one"}
        assert post(client, "/people/me/password", form, page="/people/me/password").status_code == 422
    form = {"current_password": PASSWORD, "new_password": "an entirely new one"}
    assert post(client, "/people/me/password", form, page="/people/me/password").status_code == 429


def test_known_and_unknown_addresses_get_the_same_answer(app: Flask, firm: Firm) -> None:
    known, unknown = "known@example.com", "nobodys@example.com"[:17]
    with running.job_session(firm.organisation_id) as session:
        session.execute(text("UPDATE people SET email = :e WHERE id = :id"), {"e": known, "id": firm.people["manager"]})
    answers = [attempt(browser(app), email, "wrong password") for email in (known, unknown)]
    assert len({without_noise(answer).replace(known, "").replace(unknown, "") for answer in answers}) == 1
    assert abs(len(answers[0].data) - len(answers[1].data)) <= 16
    assert set(answers[0].headers.keys()) == set(answers[1].headers.keys())


@pytest.mark.parametrize("length", [64, 200])
def test_long_passwords_and_every_character_are_allowed(app: Flask, length: int) -> None:
    firm = make_firm()
    password = ("ζ 🙂 ' \" \\ " * 40)[:length]
    client = sign_in(browser(app), firm, "manager")
    form = {"current_password": PASSWORD, "new_password": password}
    assert post(client, "/people/me/password", form, page="/people/me/password").status_code == 303
    assert attempt(browser(app), firm.emails["manager"], password).status_code == 303


def test_password_hashes_are_argon2id_with_todays_parameters_and_renewed(app: Flask, firm: Firm) -> None:
    weak = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    assert old.startswith(weak[:20])
    with running.job_session(firm.organisation_id) as session:
        where = {"h": old, "id": firm.people["manager"]}
        session.execute(text("UPDATE people SET password_hash = :h WHERE id = :id"), where)
    sign_in(browser(app), firm, "manager")
    with running.job_session(firm.organisation_id) as session:
        renewed = session.execute(text("SELECT password_hash FROM people WHERE id = :id"), where).scalar_one()
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,")


def test_a_sign_in_with_ten_thousand_characters_is_just_wrong(app: Flask, firm: Firm) -> None:
    assert attempt(browser(app), firm.emails["manager"], PASSWORD + "x" * 10_000).status_code == 422


def test_the_longest_address_that_can_sign_up_can_sign_in(app: Flask, firm: Firm) -> None:
    email = "a" * 64 + "@" + ".".join(["b" * 60] * 2 + ["c" * 50, "example"])
    assert 200 < len(email) <= 254
    with running.job_session(firm.organisation_id) as session:
        session.execute(text("UPDATE people SET email = :e WHERE id = :id"), {"e": email, "id": firm.people["manager"]})
    assert attempt(browser(app), email, PASSWORD).status_code == 303


@pytest.mark.parametrize("nonsense", ["", "x", "." * 50, "e30.x.y", "%00", "é" * 20, "a" * 4000])
def test_a_cookie_that_is_nonsense_is_no_sign_in(app: Flask, world: World, nonsense: str) -> None:
    client = browser(app)
    for name in ("portal", "portal_form", "portal_return"):
        client.set_cookie(name, nonsense, domain=HOST)
    assert client.get("/today").status_code == 303
    assert client.get("/sign-in").status_code == 200
    assert client.get("/r/00000000-0000-4000-8000-000000000000").status_code == 200


def test_a_form_token_is_bound_to_the_sign_in_not_to_the_form_cookie(app: Flask, firm: Firm) -> None:
    stranger, client = browser(app), sign_in(browser(app), firm, "manager")
    token = csrf_of(stranger, "/sign-in")
    client.set_cookie("portal_form", cookie_of(stranger, "portal_form"), domain=HOST)
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 400

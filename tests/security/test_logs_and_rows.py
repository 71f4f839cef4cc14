"""Nothing secret is written down: not in the log, not in the database in clear, not on an error page."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from portal.shared import db, logs
from portal.shared.running import here, job_session
from portal.shared.throttle import Throttle
from portal.shared.vault import CannotOpen
from tests.builders import PASSWORD, Firm, post
from tests.conftest import World, browser
from tests.security.estate import STRIPE_KEY, WEBHOOK_SECRET, ZOHO_TOKEN, Estate, dump
from tests.security.written import SHAPES, Written, written

__all__ = ["written"]


@pytest.mark.parametrize(
    "path",
    ["/nowhere%0d%0a%7B%22level%22:%22info%22%7D", "/customers/%22%7D%0A", "/x?code=abc&state=def", "/code=1000.aa.bb",
     "/%E2%80%A8line", "/p/" + "t" * 43 + "/%0A", "/state=%22"],
)  # fmt: skip
def test_nobody_forges_a_line(app: Flask, world: World, written: Written, path: str) -> None:
    headers = {"User-Agent": "x\ty", "X-Request-ID": "forged", "Referer": "http://portal.test/p/" + "t" * 43}
    answer = browser(app).get(path, headers=headers)
    assert len(written.lines) == 1
    entry = json.loads(written.lines[0])
    assert entry["trace"] == answer.headers["X-Request-ID"] != "forged"
    assert "t" * 43 not in written.lines[0]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("GET /p/" + "t" * 43 + " 200", "GET /p/*** 200"), ("key sk_live_abcdef123 refused", "key *** refused"),
     (f"token {ZOHO_TOKEN} old", "token *** old"), ("https://h/x?code=abc&x=1", "https://h/x?code=***&x=1"),
     ('said "state=abc"', 'said "state=***"'), ("status_code=200", "status_code=200"), ("whsec_1234567", "***"),
     ("rk_test_1234567\n next", "***\n next")],
)  # fmt: skip
def test_a_secret_that_a_library_prints_is_masked_and_the_line_stays_json(said: str, kept: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, said, (), None)
    assert json.loads(logs._JsonLines().format(record))["say"] == kept


def test_the_rows_hold_secrets_only_sealed_or_hashed(world: World, estate: Estate) -> None:
    kept, token = dump(world), str(estate.ids["token"])
    for secret in (STRIPE_KEY, WEBHOOK_SECRET, ZOHO_TOKEN, token, PASSWORD):
        assert secret not in kept and secret.encode().hex() not in kept
    assert not SHAPES.findall(kept)


def test_a_sealed_secret_opens_for_nobody_else(estate: Estate, rival: Estate) -> None:
    vault, ours = here().settings.vault, estate.firm.organisation_id
    sealed = vault.seal(STRIPE_KEY, organisation_id=ours, purpose="stripe_key")
    assert vault.open(sealed, organisation_id=ours, purpose="stripe_key") == STRIPE_KEY
    for of, purpose in ((rival.firm.organisation_id, "stripe_key"), (ours, "zoho refresh token")):
        with pytest.raises(CannotOpen):
            vault.open(sealed, organisation_id=of, purpose=purpose)


def fails(problem: Callable[[], object]) -> Callable[[], str]:
    def view() -> str:
        problem()
        return "never"

    return view


SOMEONE = "someone-secret" + "@example.com"


def unknown_column() -> None:
    with job_session(None) as session:
        session.execute(text("SELECT nothing FROM people WHERE email = :e"), {"e": SOMEONE})


def refused_row() -> None:
    """PostgreSQL itself repeats the whole row that it refuses, in the error's detail."""
    query = text("INSERT INTO throttles (key, kind, hits, window_ends_at) VALUES (:k, NULL, 1, now())")
    with job_session(None) as session:
        session.execute(query, {"k": SOMEONE.encode()})


@pytest.mark.parametrize("problem", [lambda: 1 // 0, unknown_column, refused_row], ids=["code", "SQL", "constraint"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_an_unforeseen_error_shows_an_id_and_nothing_of_the_inside(
    app: Flask, estate: Estate, written: Written, monkeypatch: pytest.MonkeyPatch, problem: Callable[[], object],
    headers: dict[str, str],
) -> None:  # fmt: skip
    broken = fails(problem)
    broken.access = app.view_functions["people.index"].access  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "people.index", broken)
    answer = estate["administrator"].get("/people", headers=headers)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text and "nothing was saved" in answer.text
    assert not re.search(r"Traceback|Error\b|\.py|SELECT|INSERT|psycopg|sqlalchemy|werkzeug", answer.text)
    log = "\n".join(written.lines)
    assert answer.headers["X-Request-ID"] in log
    assert SOMEONE not in log and SOMEONE.encode().hex() not in log


def test_health_says_nothing_secret(app: Flask, world: World) -> None:
    for path in ("/healthz", "/readyz"):
        answer = browser(app).get(path)
        assert answer.status_code == 200
        assert not re.search(r"portal\.test|postgres|127\.0|/tmp|version|\d", answer.text), answer.text


def test_health_does_not_say_why_the_database_is_away(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = db.connect("postgresql+psycopg://user:pw-of-the-database@127.0.0.1:9/x")
    monkeypatch.setattr(here(), "engine", away)
    answer = browser(app).get("/readyz")
    assert answer.status_code == 503
    assert "pw-of-the-database" not in answer.text and "127.0" not in answer.text
    away.dispose()


def test_throttles_keep_neither_addresses_nor_names(app: Flask, world: World, firm: Firm) -> None:
    post(browser(app), "/sign-in", {"email": firm.emails["manager"], "password": "wrong"}, page="/sign-in")
    with job_session(None) as session:
        kept = " ".join(f"{row.key!r} {row.kind}" for row in session.query(Throttle))
    assert kept and firm.emails["manager"] not in kept and "127.0.0.1" not in kept

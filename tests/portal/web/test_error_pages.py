"""What people see when something is wrong."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal.people import sign_in as sign_ins
from portal.shared.web import request_session
from tests.builders import Firm, sign_in


def gone(*_arguments: object) -> None:
    raise OperationalError("SELECT 1", {}, ConnectionError("gone"))


def test_a_page_that_is_not_there_says_so_with_an_id_for_whoever_helps(client: FlaskClient, world) -> None:
    answer = client.get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_whoever_may_not_is_told_in_their_own_frame(client: FlaskClient, firm: Firm) -> None:
    answer = sign_in(client, firm, "field_agent").get("/board")
    assert answer.status_code == 403
    assert "Your role does not include this" in answer.text and "Northgate Heating" in answer.text


def test_a_customer_with_a_dead_link_is_not_sent_to_our_sign_in(client: FlaskClient, world) -> None:
    answer = client.get("/p/" + "x" * 43)
    assert answer.status_code == 404
    assert "start page" not in answer.text


def test_a_database_that_is_away_is_a_calm_503_for_signed_in_people_too(client, firm: Firm, monkeypatch) -> None:
    sign_in(client, firm, "manager")
    monkeypatch.setattr(sign_ins, "find_viewer", gone)
    answer = client.get("/today")
    assert answer.status_code == 503
    assert "cannot reach its database" in answer.text


def test_an_unforeseen_error_shows_no_trace_of_the_code(
    app: Flask, client: FlaskClient, firm: Firm, monkeypatch
) -> None:
    sign_in(client, firm, "manager")
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "people.edit_password", _broken(app))
    answer = client.get("/people/me/password")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert not re.search(r"Traceback|ZeroDivision|\.py", answer.text)


def _broken(app: Flask):
    def edit_password() -> str:
        return str(1 // 0)

    edit_password.access = app.view_functions["people.edit_password"].access
    return edit_password


def test_a_page_comes_even_when_the_database_refused_in_the_midst_of_the_work(
    app: Flask, client: FlaskClient, firm: Firm, monkeypatch
) -> None:
    """What was read before is rolled back by then, the firm's name included."""
    sign_in(client, firm, "manager")
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def edit_password() -> str:
        request_session().rollback()
        return str(request_session().execute(text("SELECT 1/0")))

    edit_password.access = app.view_functions["people.edit_password"].access
    monkeypatch.setitem(app.view_functions, "people.edit_password", edit_password)
    answer = client.get("/people/me/password")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text

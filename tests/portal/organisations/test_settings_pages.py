"""The organisation's own settings."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.organisations.models import AuditEntry, Organisation
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in

FACTS = {"name": "Northgate Heating Ltd", "address": "1 North Gate\nLeeds", "email": "hello@northgate.example",
         "phone": "0113 496 0002", "payment_terms_days": "30"}  # fmt: skip


@pytest.fixture
def admin(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "administrator")


def save(client: FlaskClient, **given: str):
    return post(client, "/settings", FACTS | given, page="/settings")


def organisation(firm: Firm) -> Organisation:
    with job_session(firm.organisation_id) as session:
        return session.get_one(Organisation, firm.organisation_id)


def test_only_administrators_may(client: FlaskClient, firm: Firm) -> None:
    assert client.get("/settings").headers["Location"] == "/sign-in?next=/settings"
    sign_in(client, firm, "manager")
    assert client.get("/settings").status_code == 403
    assert post(client, "/settings", FACTS, page="/people/me/password").status_code == 403
    assert organisation(firm).name == "Northgate Heating"


def test_settings_are_saved_and_what_changed_is_noted(admin: FlaskClient, firm: Firm) -> None:
    assert save(admin).headers["Location"] == "/settings"
    assert (organisation(firm).address, organisation(firm).payment_terms_days) == ("1 North Gate\nLeeds", 30)
    with job_session(firm.organisation_id) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "settings changed")).one()
    assert entry.actor_name == "Ada Admin"
    assert entry.before is not None and entry.before["payment_terms_days"] == 14


def test_saving_the_same_again_notes_nothing(admin: FlaskClient, firm: Firm) -> None:
    save(admin)
    save(admin)
    with job_session(firm.organisation_id) as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "settings changed")).all()) == 1


@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", ""), ("name", "\x00"), ("email", "nobody"), ("email", ""), ("address", "a" * 10_000),
     ("payment_terms_days", "366"), ("payment_terms_days", "-1"), ("payment_terms_days", "1.5"),
     ("payment_terms_days", "9" * 20), ("payment_terms_days", "")],
)  # fmt: skip
def test_bad_input_stays_in_the_form_and_changes_nothing(admin, firm: Firm, field: str, bad: str) -> None:
    answer = save(admin, **{"phone": "kept phone", field: bad})
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text and "kept phone" in answer.text
    assert (organisation(firm).name, organisation(firm).phone) == ("Northgate Heating", "")


def test_fields_that_are_not_asked_for_change_nothing(admin: FlaskClient, firm: Firm) -> None:
    save(admin, currency="USD", id="1", country="US", time_zone="UTC", pay_link_days="1")
    assert (organisation(firm).currency, organisation(firm).country, organisation(firm).pay_link_days) == (
        "GBP",
        "GB",
        60,
    )


def test_the_taxes_have_a_page_of_their_own(admin: FlaskClient) -> None:
    assert 'href="/settings/taxes"' in admin.get("/settings").text
    assert "VAT 5%" in admin.get("/settings/taxes").text

"""Forms with more in them than we asked for, with other firms' records in them, or sent twice at the same moment."""

from datetime import datetime
from functools import partial
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.people.forms import own_path
from portal.shared import clock
from portal.shared.forms import Form
from portal.shared.money import decimals_of
from portal.shared.running import job_session
from portal.shared.text import clean, decimal_from, id_from
from tests.builders import Firm, post, sign_in
from tests.conftest import World, browser
from tests.paying import at_once
from tests.security.estate import Estate, csrf_of, rows

# Names of columns and of switches that a careless form would take over.
EXTRAS = {
    "id": "1", "organisation_id": "2", "organisation": "2", "number": "X-1", "status": "paid", "state": "paid",
    "role": "administrator", "is_admin": "1", "rights": "void", "total_minor": "1", "subtotal_minor": "1",
    "tax_minor": "0", "total": "0.01", "currency": "USD", "unit_price": "0.01", "price": "0.01",
    "line_total_minor": "1", "tax_rate": "0", "issued_on": "2000-01-01", "due_on": "2999-01-01", "created_at":
    "2000-01-01", "completed_at": "2000-01-01", "raised_by": "1", "person_id": "1", "customer": "1",
    "is_active": "", "password_hash": "x", "pay_link_days": "9999", "tax_rounding": "line", "country": "US",
    "time_zone": "UTC", "locale": "de_DE", "discount": "100", "position": "-1", "non_billable_reason": "free",
    "paid_minor": "23580",
}  # fmt: skip


def one(firm: Firm, query: str, **values: object) -> dict[str, object]:
    with job_session(firm.organisation_id) as session:
        return dict(session.execute(text(query), values).mappings().one())


def with_extras(client: FlaskClient, path: str, data: dict[str, object]) -> TestResponse:
    return post(client, path, {**EXTRAS, **data}, page="/people/me/password")


def test_a_customer_takes_its_own_facts_only(estate: Estate, rival: Estate) -> None:
    sent = {"kind": "business", "name": "Extra", "country": "GB", "organisation_id": rival.firm.organisation_id}
    assert with_extras(estate["manager"], "/customers", sent).status_code == 303
    row = one(estate.firm, "SELECT * FROM customers WHERE name = 'Extra'")
    assert row["organisation_id"] == estate.firm.organisation_id
    assert row["id"] != 1 and str(row["number"]).startswith("C") and row["is_active"] is True


def test_a_person_joins_the_firm_that_takes_them_on(estate: Estate, rival: Estate) -> None:
    sent = {"name": "Nia", "email": f"nia{estate.firm.organisation_id}@example.com", "role": "field_agent",
            "password_hash": "x", "organisation_id": rival.firm.organisation_id}  # fmt: skip
    assert with_extras(estate["administrator"], "/people", sent).status_code == 303
    row = one(estate.firm, "SELECT * FROM people WHERE name = 'Nia'")
    assert (row["organisation_id"], row["role"], row["is_active"]) == (estate.firm.organisation_id, "field_agent", True)
    assert str(row["password_hash"]).startswith("$argon2id$")


def test_nobody_raises_their_own_role(app: Flask, estate: Estate) -> None:
    client = sign_in(browser(app), estate.firm, "limited_field_agent")
    sent = {"current_password": "a long enough password", "new_password": "a long enough password"}
    assert with_extras(client, "/people/me/password", sent).status_code == 303
    found = one(
        estate.firm, "SELECT role, is_active FROM people WHERE id = :id", id=estate.firm.people["limited_field_agent"]
    )
    assert found == {"role": "limited_field_agent", "is_active": True}


def test_the_settings_change_what_they_show_only(estate: Estate) -> None:
    kept = one(estate.firm, "SELECT * FROM organisations")
    sent = {"name": kept["name"], "email": kept["email"], "payment_terms_days": kept["payment_terms_days"]}
    assert with_extras(estate["administrator"], "/settings", sent).status_code == 303
    assert one(estate.firm, "SELECT * FROM organisations") == kept


def test_a_line_is_taken_at_the_catalogues_price(estate: Estate) -> None:
    job = estate.ids["open_work_order_id"]
    client = estate["field_agent"]
    sent = {"item_id": estate.firm.item_ids[2], "quantity": "99", "name": "Free", "tax_id": "", "form_id": "f" * 32}
    assert with_extras(client, f"/work-orders/{job}/lines", sent).status_code == 303
    row = one(
        estate.firm, "SELECT * FROM work_order_lines WHERE work_order_id = :job ORDER BY id DESC LIMIT 1", job=job
    )
    assert (row["unit_price"], row["quantity"], row["name"]) == (pytest.approx(46.5), 1, "Expansion vessel, 12 l")
    assert row["tax_id"] is not None and row["non_billable_reason"] == ""
    assert with_extras(client, f"/work-orders/{job}/lines/{row['id']}", {"quantity": "3"}).status_code == 303
    again = one(estate.firm, "SELECT * FROM work_order_lines WHERE id = :id", id=row["id"])
    assert again == {**row, "quantity": 3}


def test_a_job_begins_at_the_beginning(estate: Estate) -> None:
    sent = {"customer_id": estate.ids["customer_id"], "title": "Extra job", "technician_id": ""}
    assert with_extras(estate["manager"], "/work-orders", sent).status_code == 303
    row = one(estate.firm, "SELECT * FROM work_orders WHERE title = 'Extra job'")
    assert (row["status"], row["completed_at"], row["non_billable_reason"]) == ("New", None, "")
    assert row["organisation_id"] == estate.firm.organisation_id and row["number"] != "X-1"


def test_an_invoice_is_reckoned_by_the_server(estate: Estate) -> None:
    job = estate.ids["open_work_order_id"]
    line = one(estate.firm, "SELECT id FROM work_order_lines WHERE work_order_id = :job ORDER BY id LIMIT 1", job=job)
    sent = {"line": line["id"], "then": "draft", "form_id": "e" * 32}
    assert with_extras(estate["field_agent"], f"/work-orders/{job}/invoices", sent).status_code == 303
    row = one(estate.firm, "SELECT * FROM invoices ORDER BY id DESC LIMIT 1")
    assert (row["subtotal_minor"], row["total_minor"], row["currency"], row["status"]) == (11800, 14160, "GBP", "draft")
    assert (row["number"], row["issued_on"], row["raised_by"]) == (None, None, estate.firm.people["field_agent"])


def test_records_of_another_firm_in_the_body_are_as_good_as_made_up(
    app: Flask, world: World, estate: Estate, rival: Estate
) -> None:
    client, job = rival["administrator"], rival.ids["open_work_order_id"]
    theirs, own = estate, rival
    technician, tax = theirs.firm.people["field_agent"], one(theirs.firm, "SELECT min(id) AS id FROM taxes")["id"]
    before = rows(world)
    visit = {"title": "x", "day": clock.today("Europe/London").isoformat(), "time": "09:00", "minutes": "60"}
    item = {"code": "S", "kind": "service", "name": "x", "unit_price": "1"}
    for path, data, field, record, status in (
        ("/work-orders", {"title": "x"}, "customer_id", theirs.ids["customer_id"], 422),
        ("/work-orders", {**visit, "customer_id": own.ids["customer_id"]}, "technician_id", technician, 422),
        ("/catalogue", item, "tax_id", tax, 422),
        (f"/work-orders/{job}/lines", {}, "item_id", theirs.ids["item_id"], 404),
        (f"/work-orders/{job}/invoices", {}, "line", theirs.ids["open_line_id"], 422),
    ):
        foreign = post(client, path, {**data, field: record}, page="/people/me/password")
        made_up = post(client, path, {**data, field: 9_111_222_333}, page="/people/me/password")
        assert foreign.status_code == made_up.status_code == status, f"{path} {field}"
        assert (f'id="f-{field}-error"' in foreign.text) == (f'id="f-{field}-error"' in made_up.text)
    assert rows(world) == before


def test_one_page_of_the_catalogue_serves_every_job_and_every_item(estate: Estate) -> None:
    """The page's id is no key by itself: neither another job nor another item is mistaken for a repeat."""
    client, ids = estate["administrator"], estate.ids
    count = "SELECT count(*) AS n FROM work_order_lines"
    before = one(estate.firm, count)["n"]
    for job in (ids["open_work_order_id"], ids["work_order_id"]):
        for item_id in estate.firm.item_ids * 2:
            sent = {"item_id": item_id, "form_id": "a" * 32}
            assert post(client, f"/work-orders/{job}/lines", sent).status_code == 303
    assert one(estate.firm, count)["n"] == before + 2 * len(estate.firm.item_ids)


def test_ids_of_items_grow_and_stay_apart() -> None:
    from portal.work_orders.forms import form_id_of

    form = Form({"form_id": "b" * 32})
    assert len({form_id_of(form, 10**18, 10**18 + n) for n in range(50)}) == 50


@pytest.mark.parametrize("kind", ["customers", "work_orders"])
def test_a_double_tap_makes_one_record_and_no_error(app: Flask, estate: Estate, kind: str) -> None:
    path = {"customers": "/customers", "work_orders": "/work-orders"}[kind]
    sent = {"kind": "business", "name": "Twice", "title": "Twice", "customer_id": estate.ids["customer_id"],
            "technician_id": "", "form_id": "d" * 32}  # fmt: skip
    clients = [sign_in(browser(app), estate.firm, "manager") for _ in range(2)]
    deeds = [partial(client.post, path, data={**sent, "csrf_token": csrf_of(client)}) for client in clients * 3]
    answers = at_once(*deeds)
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1


FEW = settings(max_examples=150, deadline=None, derandomize=True)
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)


@FEW
@given(ANY)
@example("Bright\ufffewater\uffff \U0001fffe\ufdd0")
def test_cleaned_text_can_be_stored_and_cannot_hide(raw: str) -> None:
    said = clean(raw, lines=True)
    said.encode()
    assert not set(said) & set("\x00\x1b\r\u202a\u202b\u202d\u202e\u2066\u2067\u2068\ufeff")
    ElementTree.fromstring(f"<name>{escape(said)}</name>")
    assert "\n" not in clean(raw) and clean(said, lines=True) == said


@FEW
@given(ANY | st.from_regex(r"-?[0-9.,e+]{0,30}", fullmatch=True))
def test_a_number_is_read_exactly_or_refused(raw: str) -> None:
    number = id_from(raw)
    assert number is None or 0 <= number < 2**63
    try:
        value = decimal_from(raw)
    except ValueError:
        return
    assert value.is_finite() and abs(value) < 10**15


@FEW
@given(ANY.map(lambda tail: "/" + tail) | ANY)
def test_a_path_of_ours_stays_ours(raw: str) -> None:
    path = own_path(raw)
    assert path in ("", raw)
    if path:
        assert path.startswith("/") and path[1:2] not in ("/", "\\") and not set(path) & set("\t\r\n\\ ")


@FEW
@given(st.dictionaries(st.sampled_from(["email", "day", "number", "choice", "record", "text"]), ANY))
def test_every_reader_of_a_form_answers_or_says_why(raw: dict[str, str]) -> None:
    form = Form(raw)
    email, record = form.email("email", "an e-mail address"), form.record("record", "a record")
    day = form.day("day", "a day", earliest=datetime(2026, 1, 1).date(), latest=datetime(2026, 12, 31).date())
    assert day is None or day.year == 2026
    assert ("email" in form.errors) or "@" in email
    assert ("record" in form.errors) is (record is None)
    form.choice("choice", "a choice", ["a"]), form.text("text", "a text")
    assert decimals_of("GBP") == 2


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(
    st.sampled_from(["kind", "name", "email", "phone", "street", "postal_code", "country", "payment_terms_days",
                     "notes", "form_id", "first_name"]), st.text(max_size=60)))  # fmt: skip
def test_no_customer_form_whatsoever_is_an_error(estate: Estate, data: dict[str, str]) -> None:
    client = estate["manager"]
    token = client.environ_base.setdefault("the test's own token", csrf_of(client))
    assert client.post("/customers", data={**data, "csrf_token": token}).status_code in (303, 422)

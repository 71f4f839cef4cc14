"""Customers: found, added once, edited, and nobody else's."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.customers.models import Customer
from portal.shared.running import job_session
from tests.builders import Firm, make_customer, post, sign_in
from tests.conftest import browser

FACTS = {"kind": "business", "name": "Harbour Flats", "email": "office@harbour.example", "phone": "0113 496 0001",
         "city": "Leeds", "country": "GB", "payment_terms_days": "30"}  # fmt: skip


@pytest.fixture
def manager(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "manager")


def count(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def add(client: FlaskClient, **given: object):
    return post(client, "/customers", FACTS | given, page="/customers/new")


@pytest.mark.parametrize("path", ["/customers", "/customers/new", "/customers/1", "/customers/1/edit"])
def test_signed_out_people_are_asked_to_sign_in(client: FlaskClient, world, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("role", ["field_agent", "limited_field_agent"])
def test_technicians_have_no_list_of_customers(client: FlaskClient, firm: Firm, role: str) -> None:
    sign_in(client, firm, role)
    paths = ["/customers", "/customers/new", f"/customers/{firm.customer_id}", f"/customers/{firm.customer_id}/edit"]
    assert {client.get(path).status_code for path in paths} == {403}
    for path in ("/customers", f"/customers/{firm.customer_id}"):
        assert post(client, path, FACTS, page="/people/me/password").status_code == 403


@pytest.mark.parametrize("end", ["", "/edit"])
def test_customers_of_other_firms_and_nobody_are_the_same_404(manager, other_firm: Firm, end: str) -> None:
    answers = [manager.get(f"/customers/{number}{end}") for number in (other_firm.customer_id, 10**15, "9" * 20)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({re.sub("<bdi>.*?</bdi>", "", answer.text) for answer in answers[:2]}) == 1


def test_another_firms_customer_cannot_be_changed(manager: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    answer = post(manager, f"/customers/{other_firm.customer_id}", FACTS, page="/customers/new")
    assert answer.status_code == 404
    with job_session(other_firm.organisation_id) as session:
        assert session.get_one(Customer, other_firm.customer_id).name == "Maple Dental Practice"


def test_an_added_customer_is_shown_with_ways_to_reach_them(manager: FlaskClient, firm: Firm) -> None:
    page = manager.get(add(manager, street="1 Quay", first_name="Hal").headers["Location"]).text
    for part in ("Harbour Flats", 'href="tel:01134960001"', "maps/search/?api=1&amp;query=1%20Quay", "30 days", "Hal"):
        assert part in page
    assert re.search(r'href="/invoices\?q=C-\d+"', page)


def test_the_same_form_twice_is_one_customer(manager: FlaskClient, firm: Firm) -> None:
    form_id = re.search(r'name="form_id" value="([0-9a-f]{32})"', manager.get("/customers/new").text)
    assert form_id is not None
    first, second = (add(manager, form_id=form_id[1]) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert count(firm) == 2


def test_two_taps_at_once_are_one_customer(app, manager: FlaskClient, firm: Firm) -> None:
    browsers = [sign_in(browser(app), firm, "manager") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: add(one, form_id="c" * 32), browsers))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count(firm) == 2


def test_two_forms_are_two_customers(manager: FlaskClient, firm: Firm) -> None:
    assert add(manager, form_id="a" * 32).headers["Location"] != add(manager, form_id="b" * 32).headers["Location"]
    assert count(firm) == 3


@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", ""), ("name", "x" * 10_000), ("name", "\x00\u202e"), ("email", "nobody"), ("kind", "alien"),
     ("payment_terms_days", "-1"), ("payment_terms_days", "1e3"), ("payment_terms_days", "9" * 20),
     ("notes", "n" * 10_000), ("country", "GBR")],
)  # fmt: skip
def test_bad_input_stays_in_the_form_and_adds_nobody(manager: FlaskClient, firm: Firm, field: str, bad: str) -> None:
    answer = add(manager, **{"city": "Kept Town", field: bad})
    assert (answer.status_code, count(firm)) == (422, 1)
    assert f'id="f-{field}-error"' in answer.text
    assert "Kept Town" in answer.text


@pytest.mark.parametrize("odd", ["Zoë 🙂 O'Brien", "<script>alert(1)</script>", "{{7*7}}", "a\x00b", "مؤسسة النور"])
def test_odd_names_are_kept_and_shown_as_text(manager: FlaskClient, odd: str) -> None:
    page = manager.get(add(manager, name=odd).headers["Location"]).text
    assert "<script>alert" not in page and "<h1 data-focus>49" not in page
    assert odd in page or "&lt;script" in page or "ab" in page or "&#39;" in page


def test_fields_that_are_not_asked_for_change_nothing(manager: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    add(manager, organisation_id=str(other_firm.organisation_id), number="X-1", is_active="", id="7")
    with job_session(firm.organisation_id) as session:
        made = session.scalars(select(Customer).where(Customer.name == "Harbour Flats")).one()
        assert (made.number, made.is_active) == ("C-00002", True)
    assert count(other_firm) == 1


def test_an_edit_is_saved_and_noted(manager: FlaskClient, firm: Firm) -> None:
    path = f"/customers/{firm.customer_id}"
    assert 'value="Maple Dental Practice"' in manager.get(path + "/edit").text
    assert post(manager, path, FACTS | {"name": "Maple & Sons"}, page=path + "/edit").headers["Location"] == path
    page = manager.get(path).text
    assert "Maple &amp; Sons" in page and "Details changed" in page


def test_who_pays_at_once_still_does_after_an_edit(manager: FlaskClient, firm: Firm) -> None:
    """0 days are a term of its own; an empty field would be the firm's usual one."""
    page = f"/customers/{firm.customer_id}/edit"
    post(manager, f"/customers/{firm.customer_id}", FACTS | {"payment_terms_days": "0"}, page=page)
    assert re.search(r'name="payment_terms_days"[^>]*value="0"', manager.get(page).text)


def test_a_bad_edit_changes_nothing(manager: FlaskClient, firm: Firm) -> None:
    path = f"/customers/{firm.customer_id}"
    answer = post(manager, path, FACTS | {"name": "", "city": "Kept Town"}, page=path + "/edit")
    assert answer.status_code == 422 and "Kept Town" in answer.text
    assert "Maple Dental Practice" in manager.get(path).text


def test_searching_answers_htmx_with_the_list_and_browsers_with_the_page(manager, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        make_customer(session, firm.organisation_id, "Kestrel Café")
    part = manager.get("/customers?q=kestrel", headers={"HX-Request": "true"})
    page = manager.get("/customers?q=kestrel")
    assert part.text.lstrip().startswith('<div id="customers">') and "<html" in page.text
    for answer in (part, page):
        assert "Kestrel Café" in answer.text and "Maple Dental" not in answer.text
        assert "HX-Request" in answer.headers["Vary"]


def test_a_search_finds_nobody_elses_customers(manager: FlaskClient, other_firm: Firm) -> None:
    with job_session(other_firm.organisation_id) as session:
        make_customer(session, other_firm.organisation_id, "Only Theirs")
    assert "Only Theirs</a>" not in manager.get("/customers?q=Only+Theirs").text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%25%5F%5C", "page=-1", "page=x", "page=" + "9" * 30, "q=" + "x" * 10_000]
)
def test_odd_searches_and_pages_are_no_error(manager: FlaskClient, query: str) -> None:
    assert manager.get(f"/customers?{query}").status_code == 200

"""A new work order is for any customer, however many there are."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from tests.builders import Firm, post, sign_in

PAGE = "/work-orders/new"


@pytest.fixture
def last_id(session: Session, firm: Firm) -> int:
    """The last by name of sixty customers more than the firm has, so on the second page of the list."""
    names = [f"Zz customer {n:02}" for n in range(60)]
    rows = [{"organisation_id": firm.organisation_id, "number": f"Z-{name[-2:]}", "name": name} for name in names]
    session.execute(insert(Customer), rows)
    session.commit()
    return session.scalars(select(Customer.id).where(Customer.name == names[-1])).one()


def offered(text: str) -> list[str]:
    """The customers to choose from."""
    listed = re.findall(r'<select[^>]*name="customer_id".*?</select>', text, re.DOTALL)[0]
    return re.findall(r'<option value="\d+"[^>]*>([^<]+)<', listed)


def test_a_few_letters_find_anyone_without_scripts(client: FlaskClient, firm: Firm, last_id: int) -> None:
    sign_in(client, firm, "manager")
    first = client.get(PAGE).text
    assert len(offered(first)) == 50 and "Zz customer 59" not in first and "There are more" in first
    found = client.get(PAGE, query_string={"q": "customer 59"}).text
    assert offered(found) == ["Zz customer 59"]
    assert f'<option value="{last_id}" selected>' in found and 'value="customer 59"' in found


def test_with_scripts_only_the_list_changes(client: FlaskClient, firm: Firm, last_id: int) -> None:
    sign_in(client, firm, "manager")
    part = client.get(PAGE, query_string={"q": "customer 5"}, headers={"HX-Request": "true"}).text
    assert len(offered(part)) == 10 and "<form" not in part and 'id="customer"' in part


def test_who_is_chosen_stays_chosen(client: FlaskClient, firm: Firm, last_id: int) -> None:
    sign_in(client, firm, "manager")
    assert f'<option value="{last_id}" selected>' in client.get(PAGE, query_string={"customer_id": last_id}).text
    answer = post(client, "/work-orders", {"customer_id": last_id, "title": ""}, page=PAGE)
    assert answer.status_code == 422 and f'<option value="{last_id}" selected>' in answer.text


def test_nobody_found_says_what_to_do(client: FlaskClient, firm: Firm, last_id: int) -> None:
    sign_in(client, firm, "manager")
    text = client.get(PAGE, query_string={"q": "100%_nobody"}).text
    assert offered(text) == [] and "No customer matches" in text


@pytest.mark.parametrize("odd", ["0", "x", "9" * 20, str(2**63 - 1)])
def test_a_customer_who_is_none_is_not_offered(client: FlaskClient, firm: Firm, odd: str) -> None:
    answer = sign_in(client, firm, "manager").get(PAGE, query_string={"customer_id": odd})
    assert (
        answer.status_code == 200
        and " selected>" not in answer.text.partition('name="customer_id"')[2].partition("</select>")[0]
    )

"""A new firm signs itself up."""

import itertools
import re
from datetime import date

import pytest
from babel.dates import format_date
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text

from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.queries import list_taxes
from tests.builders import Firm, post, sign_in
from tests.conftest import browser

_count = itertools.count(1)


def answers(**changes: str) -> dict[str, object]:
    n = next(_count)
    return {
        "firm": f"Founders {n}", "country": "GB", "currency": "GBP", "time_zone": "Europe/London",
        "name": "Fay Founder",
        "email": f"fay{n}@founders.example", "password": "a few words in a row",
    } | changes  # fmt: skip


def sign_up(client: FlaskClient, given: dict[str, object]):
    client.environ_base |= {"REMOTE_ADDR": f"198.51.100.{next(_count) % 250}"}
    return post(client, "/sign-up", given, page="/sign-up")


def organisations(world) -> dict[str, int]:
    with create_engine(world.superuser_url).connect() as connection:
        return {row.name: row.id for row in connection.execute(text("SELECT name, id FROM organisations"))}


def test_signing_up_founds_an_organisation_with_its_administrator_and_taxes(client: FlaskClient, world) -> None:
    given = answers(firm="Kühl & Söhne", country="DE", currency="EUR", time_zone="Europe/Berlin")
    assert sign_up(client, given).headers["Location"] == "/"
    with job_session(organisations(world)["Kühl & Söhne"]) as session:
        firm, person = session.scalars(select(Organisation)).one(), session.scalars(select(Person)).one()
        assert (firm.currency, firm.time_zone, firm.locale, firm.email) == (
            "EUR", "Europe/Berlin", "en_DE", given["email"],
        )  # fmt: skip
        assert (person.role, person.name, person.email) == ("administrator", "Fay Founder", given["email"])
        assert list_taxes(session)
    assert "Kühl &amp; Söhne" in client.get("/people").text


@pytest.mark.parametrize(
    ("country", "currency", "price", "locale", "written", "day"),
    [
        ("JP", "JPY", "118000", "en_US", "¥118,000", "March 4, 2026"),
        ("MX", "MXN", "1180.50", "en_GB", "MX$1,180.50", "4 March 2026"),
        ("SA", "SAR", "1180.50", "en_AE", "SAR\N{NO-BREAK SPACE}1,180.50", "4 March 2026"),
        ("KW", "KWD", "1180.505", "en_AE", "KWD\N{NO-BREAK SPACE}1,180.505", "4 March 2026"),
        ("CH", "CHF", "1180.50", "en_CH", "CHF\N{NO-BREAK SPACE}1’180.50", "4 March 2026"),
    ],
)
def test_a_firm_in_english_sees_its_countrys_money_at_first_sight(
    client: FlaskClient, world, country: str, currency: str, price: str, locale: str, written: str, day: str
) -> None:
    name = f"First Sight {country}"
    given = answers(firm=name, country=country, currency="", time_zone="")
    assert sign_up(client, given).status_code == 303
    with job_session(organisations(world)[name]) as session:
        firm = session.scalars(select(Organisation)).one()
        assert (firm.currency, firm.locale) == (currency, locale)
        usual = list_taxes(session)[0].id
    item = {"code": "S1", "kind": "service", "name": "Boiler", "unit_price": price, "tax_id": str(usual)}
    assert post(client, "/catalogue", item | {"is_active": "yes"}, page="/catalogue/new").status_code == 303
    figures = re.search(r"\d[\d.,’]*\d", written)
    assert figures and re.search(rf"(?<![\d.,]){re.escape(figures[0])}(?![\d.,])", client.get("/catalogue").text)
    assert formats.money(Money.of(price, currency), locale) == written
    assert format_date(date(2026, 3, 4), "long", locale=locale) == day


def test_the_tax_number_is_called_what_the_country_calls_it(client: FlaskClient, world) -> None:
    sign_up(client, answers())
    assert "VAT number" in client.get("/settings/documents").text


@pytest.mark.parametrize(
    ("field", "bad"),
    [("firm", ""), ("firm", "x" * 10_000), ("firm", "\x00"), ("country", "ZZ"), ("currency", "XXX"),
     ("currency", "gbp"),
     ("time_zone", "Mars/Base"), ("time_zone", "../../etc/passwd"), ("name", "\u202e"), ("email", "nobody"),
     ("email", "a@b@c.example"), ("password", "short"), ("password", "password123"), ("password", "x" * 10_000)],
)  # fmt: skip
def test_bad_input_stays_in_the_form_and_founds_nothing(client: FlaskClient, world, field: str, bad: str) -> None:
    before = organisations(world)
    answer = sign_up(client, answers(**{"name": "Kept Name", field: bad}))
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert field == "name" or "Kept Name" in answer.text
    assert organisations(world) == before


def test_an_address_that_signs_in_elsewhere_founds_nothing(client: FlaskClient, world, firm: Firm) -> None:
    before = organisations(world)
    answer = sign_up(client, answers(email=firm.emails["manager"].upper()))
    assert answer.status_code == 422
    assert "signs in with this e-mail already" in answer.text
    assert organisations(world) == before


def test_fields_that_are_not_asked_for_change_nothing(client: FlaskClient, world) -> None:
    given = answers(firm="Plain Ltd", role="manager", organisation_id="1", id="1", payment_terms_days="0", is_active="")
    assert sign_up(client, given).status_code == 303
    with job_session(organisations(world)["Plain Ltd"]) as session:
        assert session.scalars(select(Organisation.payment_terms_days)).one() == 14
        assert session.scalars(select(Person.role)).one() == "administrator"


def test_one_address_cannot_sign_up_without_end(client: FlaskClient, world) -> None:
    client.environ_base |= {"REMOTE_ADDR": "203.0.113.77"}
    codes = [post(client, "/sign-up", answers(name=""), page="/sign-up").status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]


def test_two_firms_do_not_see_each_other(app, world, firm: Firm) -> None:
    newcomer = browser(app)
    sign_up(newcomer, answers())
    assert "Mo Manager" not in newcomer.get("/people").text
    assert "Mo Manager" in sign_in(browser(app), firm, "administrator").get("/people").text

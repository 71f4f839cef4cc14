"""What nothing sent bears can be put right and removed; what is sent keeps its taxes, and the page says what to do."""

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link, MirrorRecord
from portal.invoices.queries import get_invoice
from portal.taxes.actions import add_tax, change_rate
from portal.taxes.models import Tax
from portal.taxes.naming import following
from portal.taxes.queries import get_tax
from tests.builders import Firm, make_firm, make_invoice, post, sign_in
from tests.conftest import browser

PAGE = "/settings/taxes"
WRONG, DAY = Decimal(25), date(2026, 3, 1)


def named(session: Session, name: str) -> Tax:
    session.expire_all()
    return session.scalars(select(Tax).where(Tax.name == name)).one()


def rates(session: Session, name: str) -> list[tuple[Decimal, date]]:
    return [(each.rate, each.valid_from) for each in named(session, name).rates]


def address_of(session: Session, name: str, at: int = -1) -> str:
    tax = named(session, name)
    return f"{PAGE}/{tax.id}/rates/{tax.rates[at].id}"


@pytest.fixture
def mistyped(session: Session, client: FlaskClient, firm: Firm) -> str:
    """25 % from March instead of 20 %; the address of that rate."""
    change_rate(session, named(session, "VAT 20%"), WRONG, DAY)
    session.commit()
    sign_in(client, firm, "administrator")
    return address_of(session, "VAT 20%")


def test_a_mistyped_rate_is_corrected_and_drafts_follow(
    mistyped: str, session: Session, client: FlaskClient, firm: Firm
) -> None:
    draft = make_invoice(session, firm, sent=False)
    assert draft.total_minor == 245_63
    assert "No invoice that was sent bears it" in client.get(mistyped).text
    answer = post(client, mistyped, {"rate": "21", "valid_from": "2026-04-01"}, page=mistyped, follow_redirects=True)
    assert "One draft comes to something else now" in answer.text
    assert "25 % from 01 March 2026 → 21 % from 01 April 2026" in answer.text
    assert rates(session, "VAT 20%")[1:] == [(21, date(2026, 4, 1))]
    assert get_invoice(session, draft.id).total_minor == 237_77


def test_a_rate_that_should_not_be_is_removed(mistyped: str, session: Session, client: FlaskClient) -> None:
    assert post(client, f"{mistyped}/removal", {}, page=mistyped).status_code == 303
    assert [rate for rate, _ in rates(session, "VAT 20%")] == [20]
    assert post(client, f"{mistyped}/removal", {}, page=PAGE).status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [("rate", "", "Enter a rate"), ("rate", "101", "must be from 0 to 100"), ("valid_from", "soon", "first day"),
     ("valid_from", "2011-01-04", "There is a rate from that day already")],
)  # fmt: skip
def test_what_cannot_be_is_told_beside_the_field(
    mistyped: str, client: FlaskClient, field: str, typed: str, words: str
) -> None:
    answer = post(client, mistyped, {"rate": "21", "valid_from": "2026-04-01"} | {field: typed}, page=mistyped)
    assert answer.status_code == 422 and words in answer.text


def test_a_rate_that_was_sent_stays_and_the_page_says_what_to_do(
    mistyped: str, session: Session, client: FlaskClient, firm: Firm
) -> None:
    make_invoice(session, firm)
    page = client.get(mistyped).text
    assert "1 invoice that was sent bears 25 %, so this rate stays" in page and "Add a new rate" in page
    assert "<button" not in page.partition("<main")[2].partition("</main>")[0]
    answer = post(client, mistyped, {"rate": "21", "valid_from": "2026-04-01"}, page=PAGE)
    assert answer.status_code == 422 and 'value="21"' in answer.text
    assert post(client, f"{mistyped}/removal", {}, page=PAGE).status_code == 422
    assert rates(session, "VAT 20%")[-1] == (WRONG, DAY)


def test_the_first_rate_is_corrected_but_neither_removed_nor_moved(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    sign_in(client, firm, "administrator")
    first = address_of(session, "VAT 5%")
    assert "Remove this rate" not in client.get(first).text
    form = {"rate": "6", "valid_from": "2026-01-01"}
    assert post(client, first, form, page=first).status_code == 303
    assert rates(session, "VAT 5%") == [(6, date(2000, 1, 1))]
    answer = post(client, f"{first}/removal", {}, page=first)
    assert answer.status_code == 422 and "A tax has one rate at least" in answer.text


def test_in_india_the_halves_and_the_whole_are_corrected_together(app: Flask, session: Session) -> None:
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")
    client = sign_in(browser(app), firm, "administrator")
    tax = _id_on(client, "CGST9")
    post(client, f"{PAGE}/{tax}/rates", {"rate": "10", "valid_from": "2030-01-01"}, page=PAGE)
    rate = client.get(f"{PAGE}/{tax}").text.partition(f"{PAGE}/{tax}/rates/")[2].partition('"')[0]
    page = f"{PAGE}/{tax}/rates/{rate}"
    assert "SGST9 changes with it, to the same rate" in client.get(page).text
    assert post(client, page, {"rate": "11", "valid_from": "2030-02-01"}, page=page).status_code == 303
    shown = [client.get(f"{PAGE}/{_id_on(client, name)}").text for name in ("CGST9", "SGST9", "IGST18")]
    assert ["11 %" in shown[0], "11 %" in shown[1], "22 %" in shown[2]] == [True] * 3
    assert all("from 2030-02-01" in each and "from 2030-01-01" not in each for each in shown)
    assert post(client, f"{page}/removal", {}, page=page).status_code == 303
    assert all("2030" not in client.get(f"{PAGE}/{_id_on(client, each)}").text.partition("History")[0]
               for each in ("CGST9", "SGST9", "IGST18"))  # fmt: skip


def _id_on(client: FlaskClient, name: str) -> str:
    return client.get(PAGE).text.partition(f'">{name}</a>')[0].rpartition(f"{PAGE}/")[2]


def test_items_that_name_the_group_count_for_what_takes_its_place(app: Flask) -> None:
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")  # three items with GST18
    client = sign_in(browser(app), firm, "administrator")
    for name in ("CGST9", "SGST9", "IGST18"):
        assert "3 services and parts come to bear it" in client.get(f"{PAGE}/{_id_on(client, name)}").text
    assert "0 services and parts come to bear it" in client.get(f"{PAGE}/{_id_on(client, 'IGST5')}").text


def test_a_tax_that_nothing_bears_is_removed(session: Session, client: FlaskClient, firm: Firm) -> None:
    tax = add_tax(session, firm.organisation_id, "Typo", Decimal(3))
    session.commit()
    sign_in(client, firm, "administrator")
    page = f"{PAGE}/{tax.id}"
    assert "Nothing bears it: it can be removed" in client.get(page).text
    answer = post(client, f"{page}/removal", {}, page=page, follow_redirects=True)
    assert "Typo is removed" in answer.text and "Typo</a>" not in answer.text
    assert client.get(page).status_code == 404


def test_a_group_goes_and_its_members_stay(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    members = [str(named(session, name).id) for name in ("VAT 5%", "VAT 20%")]
    post(client, f"{PAGE}/groups", {"name": "Both", "member": members, "why": ""}, page=PAGE)
    group, member = named(session, "Both").id, named(session, "VAT 5%").id
    assert "1 group would be left without it" in client.get(f"{PAGE}/{member}").text
    assert post(client, f"{PAGE}/{group}/removal", {}, page=PAGE).status_code == 303
    assert post(client, f"{PAGE}/{member}/removal", {}, page=PAGE).status_code == 303


def test_what_keeps_a_tax_is_named(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    usual, page = named(session, "VAT 20%").id, f"{PAGE}/{named(session, 'VAT 20%').id}"
    assert "It is the usual tax. Make another one the usual one first" in client.get(page).text
    post(client, f"{PAGE}/{named(session, 'VAT 5%').id}/usual", {}, page=PAGE)
    assert "3 services and parts would be left without it" in client.get(page).text
    make_invoice(session, firm)
    shown = client.get(page).text
    assert "Invoices that were sent bear it" in shown and 'name="name"' not in shown
    answer = post(client, f"{page}/removal", {}, page=PAGE)
    assert answer.status_code == 422 and "No longer offer it instead" in answer.text
    assert get_tax(session, usual)


def test_a_tax_that_the_books_have_stays(session: Session, client: FlaskClient, firm: Firm) -> None:
    tax = named(session, "VAT 5%")
    _mirror(session, firm, tax.id)
    sign_in(client, firm, "administrator")
    answer = post(client, f"{PAGE}/{tax.id}/removal", {}, page=PAGE)
    assert answer.status_code == 422 and "nothing is deleted there. No longer offer it instead" in answer.text
    assert "an administrator is asked whether the rate changes there" in client.get(address_of(session, "VAT 5%")).text


def _mirror(session: Session, firm: Firm, tax_id: int) -> None:
    own = {"organisation_id": firm.organisation_id}
    consent = Consent(**own, data_centre="eu", refresh_token_sealed="")
    session.add(consent)
    session.flush()
    link = Link(
        **own, consent_id=consent.id, product="books", remote_name="Books", remote_organisation_id="1",
        currency="GBP", lease_fence=0, recent_calls=[],
    )  # fmt: skip
    session.add(link)
    session.flush()
    session.add(MirrorRecord(**own, link_id=link.id, module="tax", local_id=tax_id, state="in_step", remote_id="9"))
    session.commit()


def test_a_name_is_corrected_and_drafts_say_it(session: Session, client: FlaskClient, firm: Firm) -> None:
    draft, tax = make_invoice(session, firm, sent=False), named(session, "VAT 20%")
    sign_in(client, firm, "administrator")
    page = f"{PAGE}/{tax.id}"
    form = {"name": "Value added tax 20%", "why": tax.why, "authority_id": ""}
    for name, words in (("VAT 5%", "Another tax has this name"), ("", "Enter a name")):
        refused = post(client, f"{page}/words", form | {"name": name}, page=page)
        assert refused.status_code == 422 and words in refused.text
    assert post(client, f"{page}/words", form, page=page).status_code == 303
    session.expire_all()
    assert {line.tax_name for line in get_invoice(session, draft.id).lines} == {"Value added tax 20%"}
    assert "Value added tax 20%" in client.get(f"/invoices/{draft.id}").text


@pytest.mark.parametrize(
    ("name", "now"),
    [("VAT 20%", "VAT 21.5%"), ("CGST20", "CGST21.5"), ("IVA 20,0 %", "IVA 21,5 %"), ("Standard", "Standard"),
     ("Article 13", "Article 13"), ("20% of 20", "20% of 20")],
)  # fmt: skip
def test_a_name_follows_a_rate_that_it_says(name: str, now: str) -> None:
    assert following(name, Decimal(20), Decimal("21.5")) == now

"""The tax pages, as an administrator uses them."""

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.shared.running import job_session
from portal.taxes.authorities.actions import named as named_authority
from portal.taxes.models import Authority, Tax
from tests.builders import Firm, make_firm, make_invoice, post, sign_in
from tests.conftest import browser

PAGE = "/settings/taxes"
NEW = {"name": "Sales tax", "kind": "percent", "rate": "8.875", "why": "", "authority_id": ""}


def named(session: Session, name: str) -> Tax:
    session.expire_all()
    return session.scalars(select(Tax).where(Tax.name == name)).one()


def usual(session: Session) -> Tax:
    return session.scalars(select(Tax).where(Tax.is_default)).one()


def test_a_tax_is_added_and_may_be_chosen_in_the_catalogue(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    assert post(client, PAGE, NEW, page=PAGE).status_code == 303
    assert named(session, "Sales tax").rate_on(date(2026, 3, 2)) == Decimal("8.875")
    assert "Sales tax" in client.get("/catalogue/new").text
    assert "8.875 %" in client.get(PAGE).text


def test_a_name_that_says_another_rate_than_todays_is_told(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    assert "on papers" not in client.get(PAGE).text
    tax = usual(session)
    page = f"{PAGE}/{tax.id}"
    assert "another rate" not in client.get(page).text
    tax.rates[0].rate = Decimal("17.5")
    session.commit()
    assert "on papers: VAT 17.5%" in client.get(PAGE).text
    assert "Papers of today call it VAT 17.5%. Change its name under Words" in client.get(page).text
    right = {"name": "VAT 17.5%", "why": "", "authority_id": ""}
    assert post(client, f"{page}/words", right, page=page).status_code == 303
    assert "on papers" not in client.get(PAGE).text


def test_the_first_day_of_a_rate_and_where_it_is_from_are_told(app: Flask) -> None:
    firm = make_firm(country="AU", currency="AUD")
    office = sign_in(browser(app), firm, "administrator")
    assert "began with is from: Australian Taxation Office, GST 10 % since 2000-07-01." in office.get(PAGE).text
    with job_session(firm.organisation_id) as own:
        gst, exempt = named(own, "GST 10%"), named(own, "GST exempt")
        first = gst.rates[0]
        assert (first.since, exempt.rates[0].since) == ("from 2000-07-01", "from the beginning")
        page = f"{PAGE}/{gst.id}"
    assert "from 2000-07-01" in office.get(page).text
    assert "GST 10% from 2000-07-01" in office.get(f"{page}/rates/{first.id}").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("authority_id", "999999", "Choose an authority"),
        ("name", "", "Enter a name"), ("name", "VAT 20%", "Another tax has this name"), ("rate", "abc", "Enter a rate"),
        ("rate", "101", "must be from 0 to 100"), ("rate", "-1", "must be from"), ("rate", "0", "Zero-rated"),
        ("rate", "1.1234567", "6 decimals at most"), ("rate", "NaN", "Enter a rate"),
        ("kind", "bribe", "from the list"),
        ("kind", "exempt", "Enter the reason"), ("name", "x" * 101, "100 characters at most"),
    ],
)  # fmt: skip
def test_bad_input_is_told_beside_the_field_and_kept(
    client: FlaskClient, firm: Firm, field: str, typed: str, words: str
) -> None:
    sign_in(client, firm, "administrator")
    answer = post(client, PAGE, NEW | {field: typed}, page=PAGE)
    assert answer.status_code == 422
    assert words in answer.text and all(f'value="{NEW[kept]}"' in answer.text for kept in {"name", "rate"} - {field})


def test_a_new_rate_says_what_it_touches_and_never_moves_what_was_sent(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    invoice, tax = make_invoice(session, firm), usual(session)
    make_invoice(session, firm, sent=False)
    sign_in(client, firm, "administrator")
    address = f"{PAGE}/{tax.id}"
    page = " ".join(client.get(address).text.split())
    assert "3 services and parts come to bear it. 1 draft follows at once" in page
    assert "never touch 1 invoice that was sent." in page
    form = {"rate": "21", "valid_from": "2020-01-01"}
    assert post(client, f"{address}/rates", form, page=address).status_code == 303
    assert named(session, tax.name).rate_on(date(2026, 3, 2)) == 21
    session.refresh(invoice)
    assert invoice.total_minor == 235_80
    assert "20 % → 21 % from 01 January 2020" in client.get(address).text


def test_who_gets_a_tax_is_entered_and_lines_keep_their_words(
    session: Session, client: FlaskClient, firm: Firm
) -> None:  # fmt: skip
    invoice, tax = make_invoice(session, firm), usual(session)
    said = invoice.lines[0].tax_why
    sign_in(client, firm, "administrator")
    address = f"{PAGE}/{tax.id}"
    authorities = f"{PAGE}/authorities"
    entered = {"name": "HM Revenue & Customs", "registration_number": "GB 1", "description": "Quarterly"}
    assert post(client, authorities, entered, page=authorities).status_code == 303
    found = session.scalars(select(Authority)).one()
    own = f"{authorities}/{found.id}"
    assert "No tax names it yet" in client.get(own).text
    typed = {"why": "the usual rate", "authority_id": str(found.id)}
    assert post(client, f"{address}/words", typed, page=address).status_code == 303
    assert "HM Revenue &amp; Customs" in client.get(address).text
    assert tax.name in client.get(own).text
    assert post(client, own, entered | {"name": "HMRC"}, page=own).status_code == 303
    listed = client.get(authorities).text
    assert "HMRC" in listed and "GB 1 · Quarterly" in listed and "1 tax" in listed
    assert "the usual rate" in client.get(address).text
    session.expire_all()
    assert invoice.lines[0].tax_why == said != "the usual rate"


def test_two_authorities_never_have_one_name(session: Session, client: FlaskClient, firm: Firm) -> None:
    authorities, said = f"{PAGE}/authorities", {"name": "HMRC", "registration_number": "", "description": ""}
    with job_session(firm.organisation_id) as own_session:
        other = named_authority(own_session, firm.organisation_id, "Revenue Commissioners")
        assert named_authority(own_session, firm.organisation_id, "revenue commissioners ") == other
    sign_in(client, firm, "administrator")
    post(client, authorities, said, page=authorities)
    for address in (authorities, f"{authorities}/{other}"):
        answer = post(client, address, said | {"name": "hmrc", "description": "kept"}, page=authorities)
        assert answer.status_code == 422
        assert "Another authority has this name" in answer.text and 'value="kept"' in answer.text
    assert len(session.scalars(select(Authority)).all()) == 2


def test_a_second_rate_from_the_same_day_is_told_beside_the_day(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    address = f"{PAGE}/{usual(session).id}"
    sign_in(client, firm, "administrator")
    form = {"rate": "21", "valid_from": "2027-01-01"}
    post(client, f"{address}/rates", form, page=address)
    answer = post(client, f"{address}/rates", form, page=address)
    assert answer.status_code == 422 and "There is a rate from that day already" in answer.text


def test_two_taxes_are_put_together(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    for name in ("CGST9", "SGST9"):
        post(client, PAGE, NEW | {"name": name, "rate": "9"}, page=PAGE)
    one, other = named(session, "CGST9"), named(session, "SGST9")
    form = {"name": "GST18", "member": [str(one.id), str(other.id)], "last_is_compound": "", "why": ""}
    assert post(client, f"{PAGE}/groups", form, page=PAGE).status_code == 303
    group = named(session, "GST18")
    assert [member.tax_id for member in group.members] == [one.id, other.id]
    assert "18 %" in client.get(f"{PAGE}/{group.id}").text


def test_a_group_of_one_is_told_beside_the_ticks(session: Session, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    form = {"name": "Alone", "member": [str(usual(session).id)]}
    answer = post(client, f"{PAGE}/groups", form, page=PAGE)
    assert answer.status_code == 422 and "Tick two taxes or more" in answer.text


def test_a_retired_tax_cannot_be_chosen_any_more_and_comes_back(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    tax = named(session, "VAT 5%")
    sign_in(client, firm, "administrator")
    post(client, f"{PAGE}/{tax.id}/retirement", {}, page=PAGE)
    assert "VAT 5%" not in client.get("/catalogue/new").text
    post(client, f"{PAGE}/{tax.id}/return", {}, page=PAGE)
    assert "VAT 5%" in client.get("/catalogue/new").text


def test_the_usual_tax_is_what_new_items_begin_with(session: Session, client: FlaskClient, firm: Firm) -> None:
    tax = named(session, "VAT 5%")
    sign_in(client, firm, "administrator")
    post(client, f"{PAGE}/{tax.id}/usual", {}, page=PAGE)
    assert f'value="{tax.id}" selected' in client.get("/catalogue/new").text


def test_another_firms_tax_is_not_there(session: Session, client: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    tax_id = usual(session).id
    sign_in(client, other_firm, "administrator")
    assert client.get(f"{PAGE}/{tax_id}").status_code == 404
    assert post(client, f"{PAGE}/{tax_id}/usual", {}, page=PAGE).status_code == 404


def test_every_settings_page_of_taxes_says_what_a_change_will_not_touch(app: Flask) -> None:
    """An American firm has all of them; documents and money is tested with its own settings."""
    firm = make_firm(country="US", currency="USD")
    client = sign_in(browser(app), firm, "administrator")
    with job_session(firm.organisation_id) as session:
        own = f"{PAGE}/{usual(session).id}"
    for page in (PAGE, own, f"{PAGE}/registration", f"{PAGE}/exemptions", f"{PAGE}/places", f"{PAGE}/authorities"):
        said = " ".join(client.get(page).text.split())
        assert "sent invoices never change" in said or "sent invoices keep what they say" in said, page


def test_what_is_withheld_is_chosen_on_a_draft(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "administrator")
    post(client, PAGE, NEW | {"name": "TDS 10%", "rate": "10", "kind": "withholding"}, page=PAGE)
    assert "Choose it on a draft" in client.get(PAGE).text


def test_a_group_of_what_is_withheld_names_its_members_rates_and_no_sum(client: FlaskClient) -> None:
    firm = make_firm(country="MX", currency="MXN", time_zone="America/Mexico_City")
    sign_in(client, firm, "administrator")
    with job_session(firm.organisation_id) as session:
        group_id = named(session, "ISR 10% + IVA retenido").id
    assert "another rate" not in client.get(f"{PAGE}/{group_id}").text
    assert "on papers" not in client.get(PAGE).text

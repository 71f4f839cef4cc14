"""A new firm is told what to do first, and no longer once it is under way."""

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link
from portal.accounting.setup.steps import IS_OPEN, is_open
from portal.organisations.models import Organisation
from portal.payments.models import StripeAccount
from portal.reports.first_steps import first_steps
from tests.builders import Firm, make_invoice, sign_in


def steps(session: Session, firm: Firm) -> dict[str, bool]:
    organisation = session.get_one(Organisation, firm.organisation_id)
    return {step.label: step.is_done for step in first_steps(session, organisation)}


def connect_cards(session: Session, firm: Firm) -> None:
    session.add(StripeAccount(organisation_id=firm.organisation_id, key_sealed="sealed", remote_id="acct_1",
                              is_live=False, endpoint_key=f"key-{firm.organisation_id}"))  # fmt: skip
    session.commit()


def test_each_step_is_ticked_off_by_what_the_firm_has(session: Session, firm: Firm) -> None:
    found = steps(session, firm)
    assert found["What you sell"] and found["Your first customer"]
    assert not any(found[label] for label in ("Your firm's details", "The first job", "Card payments", "Books"))


def test_books_are_done_once_their_set_up_is(session: Session, firm: Firm) -> None:
    consent = Consent(organisation_id=firm.organisation_id, data_centre="eu", refresh_token_sealed="sealed")
    session.add(consent)
    session.flush()
    link = Link(organisation_id=firm.organisation_id, consent_id=consent.id, product="books", remote_name="Northgate",
                remote_organisation_id="60001", currency="GBP")  # fmt: skip
    session.add(link)
    for done, is_done in ({"begun": "…"}, False), ({"begun": "…", "start": "…"}, True), ({}, True):
        link.setup_steps = done
        session.commit()
        assert steps(session, firm)["Books"] is is_done
        assert session.scalars(select(Link.id).where(IS_OPEN)).all() == ([link.id] if is_open(link) else [])


def test_a_firm_that_bills_and_takes_cards_is_left_in_peace(session: Session, firm: Firm) -> None:
    make_invoice(session, firm)
    assert steps(session, firm)
    connect_cards(session, firm)
    assert steps(session, firm) == {}


def test_the_list_leads_to_the_page_where_each_step_is_done(client: FlaskClient, firm: Firm) -> None:
    page = sign_in(client, firm, "administrator").get("/board").text
    assert "Getting started" in page and "2 of 6 done" in page
    for address in ("/settings", "/work-orders/new", "/payments/settings", "/books"):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200


def test_a_manager_is_not_shown_what_only_an_administrator_can_do(client: FlaskClient, firm: Firm) -> None:
    assert "Getting started" not in sign_in(client, firm, "manager").get("/board").text

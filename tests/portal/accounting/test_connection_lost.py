"""When Zoho takes the permission away, administrators hear of it at once, and nothing is dropped."""

import json
import re

from flask import Flask
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.accounting.models import Consent
from portal.messages.actions import PURPOSE
from portal.messages.models import Message
from portal.shared.running import here, job_session
from tests.builders import sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, link_to, linked, zoho
from tests.portal.accounting.test_link_pages import consent

__all__ = ["linked", "zoho"]


def lose(linked: LinkedFirm) -> None:
    """The user withdraws the consent at Zoho, and the access token runs out."""
    from portal.accounting import tokens

    with job_session(linked.organisation_id) as session:
        consent = session.get_one(Consent, linked.link().consent_id)
        refresh = tokens.refresh_token(consent)
        consent.access_expires_at = None
    linked.zoho.control("POST", "/tokens/revoke", {"refresh_token": refresh})


def mails(linked: LinkedFirm) -> list[Message]:
    with job_session(linked.organisation_id) as session:
        return list(session.scalars(select(Message).where(Message.kind == "warning")))


def test_administrators_are_written_to_once_and_see_it_on_their_board(linked: LinkedFirm, app: Flask) -> None:
    sent_invoice(linked)
    lose(linked)
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    (mail,) = mails(linked)
    assert mail.to_address == linked.firm.emails["administrator"]
    assert "no longer accepts the connection" in mail.subject
    admin, manager = (sign_in(browser(app), linked.firm, role) for role in ("administrator", "manager"))
    for page in ("/board", "/customers", "/invoices", "/settings", "/books/inbox", "/work-orders/new"):
        assert admin.get(page).text.count("does not let us into") == 1, page
        assert "does not let us into" not in manager.get(page).text, page
    assert "no longer accepts this connection" in admin.get("/books").text


def test_what_waited_goes_over_after_connecting_again(linked: LinkedFirm, app: Flask) -> None:
    invoice = sent_invoice(linked)
    lose(linked)
    drain(linked.organisation_id)
    assert linked.there("invoices") == []
    link_to(linked)
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.there("invoices")] == [invoice.number]
    assert "does not let us into" not in sign_in(browser(app), linked.firm, "administrator").get("/board").text


def test_the_mail_leads_to_the_page_on_which_the_connection_is_made_again(linked: LinkedFirm, app: Flask) -> None:
    """The whole way, as a browser goes it: the link in the mail, the button, Zoho's own page, and back."""
    invoice, admin = sent_invoice(linked), sign_in(browser(app), linked.firm, "administrator")
    lose(linked)
    drain(linked.organisation_id)
    (mail,) = mails(linked)
    body = here().settings.vault.open(mail.body_sealed, organisation_id=linked.organisation_id, purpose=PURPOSE)
    address = re.findall(r"http://portal\.test(/\S+)", json.loads(body)["text"])[0]
    page = admin.get(address).text
    assert "no longer accepts this connection" in page and "Connect again" in page and 'value="again"' in page
    back = admin.get(consent(admin, user=f"eu:{linked.user}", wish="again"))
    assert back.location == "/books" and "Zoho lets us into" in admin.get("/books").text
    assert "does not let us into" not in admin.get("/board").text
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.there("invoices")] == [invoice.number]


def test_an_organisation_whose_trial_ends_rests_and_goes_on_after_its_renewal(linked: LinkedFirm, app: Flask) -> None:
    """Nothing fails, nothing is dropped; administrators read why, once by mail and on their board."""
    invoice = sent_invoice(linked)
    linked.zoho.control("POST", f"/orgs/{linked.remote}/settings", {"state": "trial_over"})
    drain(linked.organisation_id)
    linked.make_due()
    drain(linked.organisation_id)
    assert {one.state for one in linked.mirror()} <= {"pending", "sending", "waiting"}
    assert len(mails(linked)) == 1
    admin = sign_in(browser(app), linked.firm, "administrator")
    assert "does not let us into" in admin.get("/board").text
    assert "trial or plan has ended" in admin.get("/books").text
    linked.zoho.control("POST", f"/orgs/{linked.remote}/settings", {"state": "active"})
    linked.make_due()
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.there("invoices")] == [invoice.number]
    assert "does not let us into" not in admin.get("/board").text

"""What is said of the link is so: of an organisation that is switched off, of a connection made again, of a day."""

import html
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from portal.accounting import directions
from portal.accounting.by_hand.models import ByHand
from portal.accounting.by_hand.rules import INVOICE
from portal.accounting.by_hand.taking_up import take_up
from portal.accounting.mirror.drain import drain
from portal.accounting.models import MirrorRecord
from portal.accounting.pull.models import TWICE, Question
from portal.accounting.reconciliation import actions
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, linked, zoho
from tests.portal.accounting.test_link_pages import NORTHGATE, chosen_is, consent, nobody_else_is_linked
from tests.portal.accounting.test_reconciling import reconcile
from tests.portal.accounting.test_status_page import words

__all__ = ["linked", "nobody_else_is_linked", "zoho"]


def test_one_that_is_switched_off_cannot_be_chosen_and_is_not_called_linked(
    zoho: ZohoStandIn, app: Flask, firm: Firm
) -> None:
    zoho.mend()
    admin = sign_in(browser(app), firm, "administrator")
    page = admin.get(consent(admin)).location
    zoho.break_down("status", method="GET", path="/settings/currencies", status=400, code=6018, message="Trial over")
    told = post(admin, page, chosen_is(NORTHGATE), page=page)
    shown = html.unescape(told.text)
    assert told.status_code == 422 and "off: its trial or plan has ended. Renew it in Zoho first." in shown
    assert "linked organisation off" not in shown


@pytest.mark.parametrize("is_off", [False, True])
def test_connected_again_says_whether_zoho_lets_us_in(linked: LinkedFirm, app: Flask, *, is_off: bool) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    if is_off:
        linked.zoho.break_down("status", method="GET", path="/settings/currencies", status=400, code=6018, message="-")
    admin.get(consent(admin, user=f"eu:{linked.user}", wish="again"))
    shown = words(admin.get("/books").text)
    assert ("lets us into" in shown) is not is_off
    assert ("Your permission is kept. Zoho has switched Books of" in shown) is is_off
    assert f"Connected again to Books of {linked.user}" in shown


def test_the_history_says_which_way_a_kind_of_record_goes(linked: LinkedFirm, app: Flask) -> None:
    with job_session(linked.organisation_id) as session:
        for way in ("both", "push"):
            directions.keep(session, linked.link(), "customer", way)
    shown = words(sign_in(browser(app), linked.firm, "administrator").get("/books/history").text)
    assert "direction changed: kept from both sides" in shown and "direction changed: from here to Zoho only" in shown


def test_a_payment_that_is_asked_about_is_not_said_to_be_sent(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    (there,) = linked.there("customerpayments")
    linked.zoho.act(linked.remote, f"DELETE /customerpayments/{there['payment_id']}")
    gone = next(each for each in reconcile(linked) if each.cause == "deleted there")
    with job_session(linked.organisation_id) as session:
        record = session.query(MirrorRecord).filter_by(module="payment", local_id=payment_id).one()
        record.remote_id, record.state = None, "conflict"
        session.add(
            Question(
                organisation_id=linked.organisation_id, link_id=record.link_id, module="payment", local_id=payment_id,
                remote_id="1", kind=TWICE, facts={},
            )
        )  # fmt: skip
    with job_session(linked.organisation_id) as session, pytest.raises(actions.CannotFix, match="asked about this one"):
        actions.fix(session, gone.id)


def test_the_day_of_what_was_entered_by_hand_is_the_firms_own(linked: LinkedFirm) -> None:
    linked.change("UPDATE organisations SET time_zone = 'Australia/Sydney'")
    invoice = sent_invoice(linked)
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        session.add(
            ByHand(
                organisation_id=link.organisation_id, link_id=link.id, module="invoice", local_id=invoice.id,
                what=INVOICE, label="Invoice", on_day=date(2026, 11, 27), customer_id=invoice.customer_id,
                amount_minor=1, currency="GBP", entered_by="Mo",
                entered_at=datetime(2026, 11, 27, 15, tzinfo=UTC),
            )
        )  # fmt: skip
        session.flush()
        take_up(session, link)
    assert next(each.left_out_why for each in linked.mirror("invoice")).split(",")[0].endswith("on 28 Nov 2026")

"""Drafts follow the rates of their taxes, at once and on the day on which a rate begins; what was sent never moves."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import drafts, pricing
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.money import Money
from portal.taxes.actions import CannotChangeTax, change_rate
from portal.taxes.models import Tax
from portal.work_orders.actions import take_step
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in
from workers import report_jobs

TODAY = clock.today("Europe/London")


def _tax(session: Session, name: str = "VAT 20%") -> Tax:
    return session.scalars(select(Tax).where(Tax.name == name)).one()


def _total(session: Session, invoice: Invoice) -> int:
    session.expire_all()
    return get_invoice(session, invoice.id).total_minor


def test_a_draft_shows_the_new_rate_everywhere_at_once(client: FlaskClient, session: Session, firm: Firm) -> None:
    sent, draft = make_invoice(session, firm), make_invoice(session, firm, sent=False)
    sign_in(client, firm, "administrator")
    address = f"/settings/taxes/{_tax(session).id}"
    form = {"rate": "25", "valid_from": (TODAY - timedelta(days=1)).isoformat()}
    answer = post(client, f"{address}/rates", form, page=address, follow_redirects=True)
    assert "One draft comes to something else now" in answer.text
    assert (_total(session, sent), _total(session, draft)) == (235_80, 245_63)
    assert "245.63" in client.get(f"/invoices/{draft.id}").text
    assert "245.63" in client.get("/invoices?state=draft").text
    line = get_invoice(session, draft.id).lines[0]
    assert line.tax_rate == 25 and line.tax_named == "VAT 25%"


def test_a_rate_of_a_later_day_moves_the_draft_when_its_day_has_come(session: Session, firm: Firm) -> None:
    draft, begins = make_invoice(session, firm, sent=False), TODAY + timedelta(days=3)
    assert change_rate(session, _tax(session), Decimal(25), begins) == 0
    session.commit()
    report_jobs.look(0)
    assert _total(session, draft) == 235_80
    with clock.at(clock.now() + timedelta(days=3)):
        report_jobs.look(0)
        assert _total(session, draft) == 245_63


def test_a_draft_that_cannot_follow_stops_the_change_and_is_named(session: Session, firm: Firm) -> None:
    draft = make_invoice(session, firm, sent=False)
    organisation, zero = session.get_one(Organisation, firm.organisation_id), Money.zero("GBP")
    after = pricing.Cut(Decimal(10), applied="after_tax")
    all_of_it = pricing.Pricing(Money(-196_50, "GBP"), zero, adjustment_reason="goodwill", whole=after)
    drafts.price_draft(session, organisation, draft, all_of_it, Decimal(100))
    session.commit()
    with pytest.raises(CannotChangeTax, match=r"draft for Maple Dental Practice .* less than zero.* discard it first"):
        change_rate(session, _tax(session), Decimal(10), date(2020, 1, 1))
    session.rollback()
    assert _total(session, draft) == 15_72


def _days(session: Session, draft: Invoice) -> date | None:
    session.expire_all()
    return get_invoice(session, draft.id).supplied_on


def test_a_drafts_day_of_supply_moves_with_its_visit(client: FlaskClient, session: Session, firm: Firm) -> None:
    job = make_work_order(session, firm, done=False)
    draft = make_invoice(session, firm, sent=False, work_order=job)
    assert _days(session, draft) == TODAY
    sign_in(client, firm, "manager")
    page, moved = f"/work-orders/{job.id}/edit", TODAY - timedelta(days=40)
    change_rate(session, _tax(session), Decimal(25), TODAY - timedelta(days=30))
    session.commit()
    assert _total(session, draft) == 245_63
    form = {
        "title": "Boiler annual service", "notes": "", "technician_id": str(firm.people["manager"]),
        "day": moved.isoformat(), "time": "09:00", "minutes": "60",
    }  # fmt: skip
    answer = post(client, f"/work-orders/{job.id}", form, page=page)
    assert answer.status_code == 303, answer.text
    assert _days(session, draft) == moved
    assert _total(session, draft) == 235_80  # the work was done before the new rate, more than 14 days ago
    assert "Mo Manager" in get_invoice(session, draft.id).work_done


def test_a_job_that_is_called_off_leaves_its_draft_without_a_day(session: Session, firm: Firm) -> None:
    job = make_work_order(session, firm, done=False)
    draft = make_invoice(session, firm, sent=False, work_order=job)
    take_step(session, get_work_order(session, job.id, firm.viewer(), lock=True), "cancel")
    session.commit()
    assert _days(session, draft) is None

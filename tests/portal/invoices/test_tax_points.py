"""The rate of the tax point counts: of the work or of the invoice, by the country's law; and the paper says which."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.invoices import actions
from portal.invoices.documents.facts import facts_of
from portal.invoices.e_invoice import making
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.actions import change_rate
from portal.taxes.queries import list_taxes
from portal.taxes.tax_point import tax_point, words_of
from portal.work_orders.models import Appointment
from tests.builders import Firm, make_invoice, make_work_order
from tests.portal.invoices.test_taxing import settled

WORK, BILLED = date(2026, 11, 10), date(2026, 11, 27)


@pytest.mark.parametrize(
    ("country", "supplied", "issued", "point"),
    [
        ("DE", WORK, BILLED, WORK),
        ("AE", WORK, BILLED, WORK),
        ("JP", WORK, BILLED, WORK),
        ("GB", WORK, BILLED, WORK),  # more than 14 days later
        ("GB", date(2026, 11, 13), BILLED, BILLED),  # 14 days later
        ("IN", WORK, BILLED, BILLED),
        ("AU", WORK, BILLED, BILLED),
        ("DE", BILLED, WORK, WORK),  # invoiced before the work
        ("DE", None, BILLED, BILLED),
    ],
)
def test_the_law_of_the_country_decides(country: str, supplied: date | None, issued: date, point: date) -> None:
    assert tax_point(country, supplied, issued) == point


def test_the_page_says_what_the_law_says() -> None:
    assert words_of("DE") == "for work done from that day on"
    assert words_of("IN") == "for invoices dated from that day on"
    assert "14 days" in words_of("GB")


@contextmanager
def _on(day: date) -> Iterator[None]:
    token = clock._said.set(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    try:
        yield
    finally:
        clock._said.reset(token)


def _draft(session: Session, firm: Firm, visit: date) -> Invoice:
    """Of a job whose only visit that took place was then."""
    job = make_work_order(session, firm)
    begins = datetime(visit.year, visit.month, visit.day, 9, tzinfo=UTC)
    for earlier in session.scalars(select(Appointment).where(Appointment.work_order_id == job.id)):
        earlier.status = "Cancelled"  # and still planned for another day
    session.add(
        Appointment(
            organisation_id=firm.organisation_id, work_order_id=job.id, technician_id=firm.people["field_agent"],
            starts_at=begins, ends_at=begins + timedelta(hours=2), status="Completed",
        )
    )  # fmt: skip
    session.commit()
    session.expire_all()
    return make_invoice(session, firm, sent=False, work_order=job)


@pytest.mark.parametrize(
    ("country", "currency", "rate", "tax"),
    [("GB", "GBP", "20", "39.30"), ("DE", "EUR", "19", "37.34"), ("AU", "AUD", "22", "43.23")],
)
def test_work_before_the_change_that_is_invoiced_after_it(
    app: Flask, country: str, currency: str, rate: str, tax: str
) -> None:
    """22 % from 20 November, the visit on the 10th, the invoice on the 27th."""
    firm, _ = settled(app, country, currency, {"country": country})
    with job_session(firm.organisation_id) as session, _on(BILLED):
        usual = next(each for each in list_taxes(session) if each.is_default)
        change_rate(session, usual, Decimal(22), date(2026, 11, 20))
        session.commit()
        draft = _draft(session, firm, WORK)
        organisation = session.get_one(Organisation, firm.organisation_id)
        organisation.tax_number = {"GB": "GB980780684", "DE": "DE136695976"}.get(country, "")
        sent = get_invoice(session, draft.id, lock=True)
        actions.issue_invoice(session, organisation, sent)
        session.commit()
        sent = get_invoice(session, draft.id)
        assert (sent.taxes[0].rate, str(sent.tax.decimal)) == (Decimal(rate), tax)
        facts = facts_of(organisation, sent)
        days = {label: day for label, day in facts["dates"]}
        told = {"GB": {"Date of supply", "Tax point"}, "DE": {"Date of supply"}}.get(country, set())
        assert {"Date of supply", "Tax point"} & days.keys() == told
        assert all("10" in days[label] for label in told)
        if country != "AU":
            root = ElementTree.fromstring(making.ubl_of(organisation, sent))
            assert [each.text for each in root.iter() if each.tag.endswith(("TaxPointDate", "ActualDeliveryDate"))] == [
                "2026-11-10", "2026-11-10"
            ]  # fmt: skip
            assert b"20261110" in making.cii_invoice(making._told(organisation, sent))


def test_the_day_of_the_work_never_moves_once_the_invoice_is_sent(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    assert invoice.supplied_on is not None
    with pytest.raises(DBAPIError, match="frozen"):
        session.execute(text("UPDATE invoices SET supplied_on = '2020-01-01' WHERE id = :id"), {"id": invoice.id})
    session.rollback()

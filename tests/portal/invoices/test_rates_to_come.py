"""A tax whose first rate begins after the day whose rate counts charges nothing in silence: it is refused in words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.invoices import actions
from portal.invoices.following import follow_job, reckon_drafts
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.invoices.rules import CannotIssue
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.actions import add_tax, change_rate
from portal.taxes.models import Tax, TaxRate
from portal.taxes.queries import list_taxes
from portal.work_orders.models import Appointment
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_firm, make_invoice, make_work_order, post, sign_in

TODAY = clock.today("Europe/London")
TO_COME = TODAY + timedelta(days=5)


def _said(name: str, day: object, begins: object) -> str:
    return (
        f"{name} has no rate on {day:%-d %B %Y}: it begins on {begins:%-d %B %Y}."
        " Choose another tax or enter the earlier rate."
    )


SAID = _said("VAT 30%", TODAY, TO_COME)


def _to_come(session: Session, firm: Firm) -> Tax:
    tax = add_tax(session, firm.organisation_id, "VAT 30%", Decimal(30), valid_from=TO_COME)
    session.commit()
    return tax


def test_a_line_whose_rate_begins_later_is_left_without_a_tax_and_is_not_sent(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    tax = _to_come(session, firm)
    session.execute(update(Item).where(Item.id == firm.item_ids[0]).values(tax_id=tax.id))
    session.commit()
    job = make_work_order(session, firm)
    sign_in(client, firm, "administrator")
    page = f"/work-orders/{job.id}/invoices/new"
    assert SAID in client.get(page).text
    form = {"line": [line.id for line in job.lines], "then": "send"}
    answer = post(client, f"/work-orders/{job.id}/invoices", form, page=page)
    assert answer.status_code == 422 and SAID in answer.text
    draft = make_invoice(session, firm, sent=False, work_order=job)
    assert [line.tax_missing for line in draft.lines] == [SAID, "", ""] and draft.lines[0].tax_id is None
    shown = post(client, f"/invoices/{draft.id}/issuance", {}, page=f"/invoices/{draft.id}")
    assert shown.status_code == 422 and SAID in shown.text
    post(client, f"/invoices/{draft.id}/usual-tax", {}, page=f"/invoices/{draft.id}")  # another tax
    session.expire_all()
    assert get_invoice(session, draft.id).total_minor == 235_80


def test_the_usual_tax_is_not_offered_before_its_rate_begins(session: Session, firm: Firm) -> None:
    session.execute(update(TaxRate).values(valid_from=TO_COME))
    session.commit()
    session.expire_all()
    draft = make_invoice(session, firm, sent=False)
    assert [line.tax_missing for line in draft.lines] == [_said("VAT 20%", TODAY, TO_COME)] * 3
    organisation = session.get_one(Organisation, firm.organisation_id)
    with pytest.raises(CannotIssue, match=r"It is not settled which tax this bears. .* has no rate on"):
        actions.issue_invoice(session, organisation, get_invoice(session, draft.id, lock=True))
    session.rollback()


@pytest.mark.parametrize("part", ["taxes", "prices"])
def test_choosing_it_is_refused_beside_its_field(client: FlaskClient, session: Session, firm: Firm, part: str) -> None:
    tax, draft = _to_come(session, firm), make_invoice(session, firm, sent=False)
    withheld = add_tax(session, firm.organisation_id, "CIS", Decimal(20), kind="withholding", valid_from=TO_COME)
    session.commit()
    line, tax_id, said = draft.lines[0].id, tax.id, [SAID]
    fields = {f"tax-{line}": {f"tax-{line}": tax_id, f"reason-{line}": "as agreed"}}
    if part == "prices":
        fields = {"shipping_tax_id": {"shipping": "10", "shipping_tax_id": tax_id},
                  "withholding_tax_id": {"withholding_tax_id": withheld.id}}  # fmt: skip
        said = [SAID, _said("CIS", TODAY, TO_COME)]
    sign_in(client, firm, "administrator")
    page = f"/invoices/{draft.id}/{part}"
    for (name, form), sentence in zip(fields.items(), said, strict=True):
        answer = post(client, page, form, page=page)
        assert answer.status_code == 422
        assert f'<a href="#f-{name}">{sentence}' in " ".join(answer.text.split())
    session.expire_all()
    assert get_invoice(session, draft.id).total_minor == 235_80


def test_a_draft_whose_day_moves_before_the_rate_stays_as_it_was_and_is_held_at_sending(
    session: Session, firm: Firm
) -> None:
    begins, moved = TODAY - timedelta(days=20), TODAY - timedelta(days=30)
    usual = next(each for each in list_taxes(session) if each.is_default)
    session.execute(update(TaxRate).where(TaxRate.tax_id == usual.id).values(valid_from=begins))
    session.commit()
    session.expire_all()
    draft = make_invoice(session, firm, sent=False)
    visit = session.scalars(select(Appointment)).one()
    visit.starts_at, visit.ends_at = (at - timedelta(days=30) for at in (visit.starts_at, visit.ends_at))
    session.flush()
    follow_job(session, get_work_order(session, visit.work_order_id, firm.viewer()))
    organisation = session.get_one(Organisation, firm.organisation_id)
    assert reckon_drafts(session, organisation).refused == []
    session.commit()
    session.expire_all()
    draft = get_invoice(session, draft.id, lock=True)
    assert draft.supplied_on == moved and draft.total_minor == 235_80
    with pytest.raises(CannotIssue) as held:
        actions.issue_invoice(session, organisation, draft)
    assert held.value.sentence == _said("VAT 20%", moved, begins)
    session.rollback()
    change_rate(session, session.get_one(Tax, usual.id), Decimal(15), moved)  # the earlier rate
    session.commit()
    sent: Invoice = get_invoice(session, draft.id, lock=True)
    actions.issue_invoice(session, organisation, sent)
    assert sent.lines[0].tax_rate == 15 and sent.total_minor == 225_98


def test_a_draft_bears_the_earlier_rate_once_it_is_entered(session: Session, firm: Firm) -> None:
    tax = _to_come(session, firm)
    session.execute(update(Item).where(Item.id == firm.item_ids[0]).values(tax_id=tax.id))
    session.commit()
    draft = make_invoice(session, firm, sent=False)
    assert draft.lines[0].tax_missing == SAID and draft.total_minor == 212_20  # 20 % of 78.50 beside 118.00
    assert change_rate(session, tax, Decimal(10), TODAY - timedelta(days=40)) == 1
    session.commit()
    session.expire_all()
    draft = get_invoice(session, draft.id)
    first = draft.lines[0]
    assert (first.tax_name, first.tax_missing, first.tax_rate, draft.total_minor) == ("VAT 30%", "", 10, 224_00)


def test_a_draft_whose_day_moves_to_where_there_is_a_rate_bears_it(session: Session, firm: Firm) -> None:
    usual, begins = next(each for each in list_taxes(session) if each.is_default), TODAY - timedelta(days=20)
    session.execute(update(TaxRate).where(TaxRate.tax_id == usual.id).values(valid_from=begins))
    job = make_work_order(session, firm)
    visit = session.scalars(select(Appointment)).one()
    visit.starts_at, visit.ends_at = (at - timedelta(days=30) for at in (visit.starts_at, visit.ends_at))
    session.commit()
    session.expire_all()
    job = get_work_order(session, job.id, firm.viewer())
    draft = make_invoice(session, firm, sent=False, work_order=job)
    assert {line.tax_id for line in draft.lines} == {None} and draft.total_minor == 196_50
    visit.starts_at, visit.ends_at = (at + timedelta(days=30) for at in (visit.starts_at, visit.ends_at))
    session.flush()
    follow_job(session, get_work_order(session, visit.work_order_id, firm.viewer()))
    session.commit()
    session.expire_all()
    assert get_invoice(session, draft.id).total_minor == 235_80


def test_a_group_begins_with_the_last_of_its_members_and_a_tax_without_rate_at_once(app: Flask) -> None:
    firm = make_firm(name="Kaveri Cooling", country="IN", currency="INR")
    with job_session(firm.organisation_id) as session:
        named = {tax.name: tax for tax in session.scalars(select(Tax))}
        first = min(rate.valid_from for rate in named["CGST20"].rates)
        before = first - timedelta(days=1)
        assert named["GST40"].begins_after(before) == named["IGST40"].begins_after(before) == first
        assert named["GST40"].begins_after(first) is None and named["GST18"].begins_after(before) is None
        named["GST exempt"].rates[0].valid_from = first
        assert named["GST exempt"].begins_after(before) is None
        session.rollback()

"""The technician's way from the job to the screen with the code, through the real pages."""

import re

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in


def _lines(page: str) -> list[str]:
    return re.findall(r'name="line" value="(\d+)"', page)


def test_nobody_sends_a_total_they_have_not_seen(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    shown = client.get(f"{path}/new").text
    form = {"form_id": "f", "then": "send", "shown_total": "235.80", "line": _lines(shown)[:1]}
    refused = post(client, path, form, page=f"{path}/new")
    assert refused.status_code == 422 and "£141.60" in refused.text
    form["shown_total"] = "141.60"
    assert post(client, path, form, page=f"{path}/new").status_code == 303


def test_what_send_will_do_stands_beside_the_button(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    page = client.get(f"{path}/new").text
    dock = page.partition('id="going"')[2].partition("</p>")[0]
    assert "Total £235.80" in dock and "a mail goes to reception@maple.example" in dock
    query = {"line": _lines(page)[0], "email": ""}
    changed = client.get(f"{path}/preview", query_string=query).text.partition('id="going"')[2]
    assert 'hx-swap-oob="true"' in changed and "Total £141.60" in changed and "no mail goes out" in changed


def test_a_search_without_a_hit_names_what_was_searched(client: FlaskClient, session: Session, firm: Firm) -> None:
    make_invoice(session, firm)
    sign_in(client, firm, "administrator")
    for path in ("/invoices", "/work-orders", "/customers", "/catalogue", "/credit-notes"):
        assert "Nothing found for “&lt;zz&gt;”" in client.get(path, query_string={"q": "<zz>"}).text, path


def test_a_finished_job_with_nothing_to_bill_says_so(client: FlaskClient, session: Session, firm: Firm) -> None:
    job = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    post(client, f"/work-orders/{job.id}/steps", {"step": "complete"}, page=f"/work-orders/{job.id}")
    assert "Create invoice" in client.get(f"/work-orders/{job.id}").text
    make_invoice(session, firm, work_order=job)
    page = client.get(f"/work-orders/{job.id}").text
    assert "Create invoice" not in page and "Everything on this job has been billed." in page


def test_an_unknown_button_sends_nothing(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    lines = _lines(client.get(f"{path}/new").text)
    answer = post(client, path, {"form_id": "f", "then": "xyz", "line": lines}, page=f"{path}/new")
    assert answer.status_code == 422
    assert "INV-" not in client.get("/invoices").text


def test_a_technician_sees_the_invoice_of_their_job_whoever_raised_it(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    mine = make_work_order(session, firm, technician="limited_field_agent")
    invoice = make_invoice(session, firm, work_order=mine)  # raised by the other technician
    theirs = make_invoice(session, firm, work_order=make_work_order(session, firm))
    sign_in(client, firm, "field_agent")
    assert client.get(f"/invoices/{invoice.id}").status_code == 200
    assert client.get(f"/invoices/{theirs.id}").status_code == 200


def test_the_second_phone_is_told_who_billed_the_line(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    lines = _lines(client.get(f"{path}/new").text)
    make_invoice(session, firm, work_order=work_order)
    form = {"form_id": "f", "then": "send", "line": lines, "shown_total": "235.80"}
    answer = post(client, path, form, page=f"/work-orders/{work_order.id}")
    assert answer.status_code == 422 and "total is" not in answer.text
    assert "Dana Wells has billed a line of this job" in answer.text and "INV-00001" in answer.text
    assert f'href="/invoices/{session.scalars(select(Invoice.id)).one()}"' in answer.text


def test_a_form_whose_answer_was_lost_leads_to_its_invoice(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    form = {"form_id": "f", "then": "send", "line": _lines(client.get(f"{path}/new").text), "shown_total": "235.80"}
    first, second = (post(client, path, form) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert session.scalars(select(func.count()).select_from(Invoice)).one() == 1
    page = client.get(f"{path}/new").text
    assert "Everything on this job has been billed" in page and "INV-00001" in page


def test_a_job_that_costs_nothing_is_not_sent(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm)
    for line in work_order.lines:
        line.unit_price = 0  # type: ignore[assignment]
    session.commit()
    sign_in(client, firm, "field_agent")
    path = f"/work-orders/{work_order.id}/invoices"
    form = {"form_id": "f", "then": "send", "line": _lines(client.get(f"{path}/new").text)}
    answer = post(client, path, form, page=f"{path}/new")
    assert answer.status_code == 422 and "nothing to pay" in answer.text


def test_who_charges_tax_without_a_number_is_told_before_sending(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    path = f"/work-orders/{make_work_order(session, firm).id}/invoices/new"
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.tax_number = ""
    session.commit()
    assert "number missing" in sign_in(client, firm, "administrator").get(path).text
    organisation.tax_number = "GB 980 7806 84"
    session.commit()
    assert "number missing" not in client.get(path).text

"""Planning a job and changing the plan."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_work_order, post, sign_in
from tests.conftest import browser

PLAN = {"title": "Pump replaced", "notes": "Ring first", "day": "2026-12-01", "time": "10:15", "minutes": "90"}


def _planned(client: FlaskClient, firm: Firm, **changes: object) -> str:
    form = {"customer_id": firm.customer_id, "form_id": "one", "technician_id": firm.people["field_agent"], **PLAN}
    answer = post(client, "/work-orders", {**form, **changes}, page="/work-orders/new")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_the_same_form_twice_is_one_job(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "manager")
    assert _planned(client, firm) == _planned(client, firm)


def test_a_dispatcher_moves_a_job_to_another_technician(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm, done=False)
    sign_in(client, firm, "manager")
    page = f"/work-orders/{work_order.id}/edit"
    other = firm.people["limited_field_agent"]
    answer = post(client, f"/work-orders/{work_order.id}", {**PLAN, "technician_id": other}, page=page)
    assert answer.status_code == 303
    session.expire_all()
    moved = get_work_order(session, work_order.id, firm.viewer())
    assert (moved.title, moved.appointments[-1].technician_id) == ("Pump replaced", other)
    assert (moved.appointments[-1].ends_at - moved.appointments[-1].starts_at).seconds == 90 * 60


def test_after_that_the_first_technician_sees_it_no_more(
    app: Flask, client: FlaskClient, session: Session, firm: Firm
) -> None:
    work_order = make_work_order(session, firm, done=False)
    sign_in(client, firm, "manager")
    page, other = f"/work-orders/{work_order.id}/edit", firm.people["limited_field_agent"]
    post(client, f"/work-orders/{work_order.id}", {**PLAN, "technician_id": other}, page=page)
    technician = sign_in(browser(app), firm, "field_agent")
    assert technician.get(f"/work-orders/{work_order.id}").status_code == 404


def test_a_wrong_plan_is_said_beside_the_field_and_kept(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm, done=False)
    sign_in(client, firm, "manager")
    page = f"/work-orders/{work_order.id}/edit"
    wrong = {**PLAN, "technician_id": firm.people["field_agent"], "day": "2026-02-30", "time": "25:00"}
    answer = post(client, f"/work-orders/{work_order.id}", wrong, page=page)
    assert answer.status_code == 422
    assert 'id="f-day-error"' in answer.text and 'value="2026-02-30"' in answer.text


def test_a_technician_does_not_plan(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm, done=False)
    assert sign_in(client, firm, "field_agent").get(f"/work-orders/{work_order.id}/edit").status_code == 403


def test_a_chosen_day_is_not_thrown_away_unsaid(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "manager")
    for day in ("2026-12-01", "2026-02-31"):
        form = {**PLAN, "customer_id": firm.customer_id, "form_id": day, "technician_id": "", "day": day}
        answer = post(client, "/work-orders", form, page="/work-orders/new")
        assert answer.status_code == 422 and "choose who comes on that day" in answer.text
    assert _planned(client, firm, technician_id="", day="")


def test_who_saves_over_somebody_else_is_told_first(client: FlaskClient, session: Session, firm: Firm) -> None:
    work_order = make_work_order(session, firm, done=False)
    sign_in(client, firm, "manager")
    for page, changed in (
        (f"/work-orders/{work_order.id}", {**PLAN, "technician_id": firm.people["field_agent"]}),
        (f"/customers/{firm.customer_id}", {"kind": "business", "name": "Maple", "phone": "0113 496 0001"}),
        (f"/catalogue/{firm.item_ids[0]}", {
            "code": "X", "kind": "service", "name": "Y", "unit_price": "1", "is_active": "yes",
            "tax_id": session.get_one(Item, firm.item_ids[0]).tax_id}),
    ):  # fmt: skip
        seen = _seen(client.get(f"{page}/edit").text)
        assert post(client, page, {**changed, "seen": seen}).status_code == 303
        late = post(client, page, {**changed, "seen": seen})
        assert late.status_code == 422 and "Somebody else has saved this" in late.text
        assert post(client, page, {**changed, "seen": _seen(late.text)}).status_code == 303


def _seen(page: str) -> str:
    return re.findall(r'name="seen" value="([0-9a-f]{16})"', page)[0]


def test_what_is_no_longer_offered_or_there_is_said_on_the_jobs_page(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    work_order = make_work_order(session, firm, done=False)
    session.get_one(Item, firm.item_ids[0]).is_active = False
    session.commit()
    sign_in(client, firm, "field_agent")
    path, line = f"/work-orders/{work_order.id}/lines", work_order.lines[0]
    gone = post(client, path, {"item_id": firm.item_ids[0], "form_id": ""})
    assert gone.status_code == 422 and "is not offered any more" in gone.text and len(work_order.lines) == 3
    for _ in range(2):
        last = post(client, f"{path}/{line.id}/removal", {})
    assert last.status_code == 404 and "That line has been removed" in last.text and "Boiler annual" in last.text

"""Every route, tried by everybody: who may, who may not, and what strangers learn (nothing).

The table below is the expectation. A new route needs a row here before it can be merged.
"""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.people.models import Role
from portal.people.roles import DEFAULT_RIGHTS
from portal.shared.access import Access, access_of
from portal.shared.running import job_session
from portal.work_orders.models import Appointment
from tests.builders import make_invoice, make_work_order, sign_in
from tests.conftest import World, browser
from tests.security.estate import (
    A_MADE_UP_NUMBER,
    ROLES,
    Estate,
    csrf_of,
    make_estate,
    offline,
    path_of,
    rows,
    rules_of,
    without_noise,
)

EVERYONE, SIGNED_IN = Access(everyone=True), Access()


def rights(*names: str) -> Access:
    return Access(rights=names)


EXPECTED: dict[str, Access] = {
    "accounting.accept_difference": rights("manage_link"),
    "accounting.accept_record": rights("manage_link"),
    "accounting.ask_about_calling_off": rights("manage_link"),
    "accounting.ask_about_day": rights("manage_link"),
    "accounting.ask_about_end": rights("manage_link"),
    "accounting.ask_about_going_over": rights("manage_link"),
    "accounting.ask_about_module": rights("manage_link"),
    "accounting.ask_about_now": rights("manage_link"),
    "accounting.choose": rights("manage_link"),
    "accounting.connect": rights("manage_link"),
    "accounting.create_link": rights("manage_link"),
    "accounting.create_reconciliation": rights("see_board", "manage_link"),
    "accounting.date_today": rights("see_board", "manage_link"),
    "accounting.send_beside": rights("see_board", "manage_link"),
    "accounting.decide": rights("see_board", "manage_link"),
    "accounting.decide_all": rights("see_board", "manage_link"),
    "accounting.end_link": rights("manage_link"),
    "accounting.fix_drift": rights("see_board", "manage_link"),
    "accounting.inbox": rights("see_board", "manage_link"),
    "accounting.leave_out": rights("manage_link"),
    "accounting.questions": rights("see_board", "manage_link"),
    "accounting.mark_all_entered": rights("see_board", "manage_link"),
    "accounting.mark_entered": rights("see_board", "manage_link"),
    "accounting.mark_open": rights("see_board", "manage_link"),
    "accounting.move_day": rights("manage_link"),
    "accounting.call_off": rights("manage_link"),
    "accounting.go_over_now": rights("manage_link"),
    "accounting.receive_hint": EVERYONE,
    "accounting.receive_consent": rights("manage_link"),
    "accounting.rehearse": rights("manage_link"),
    "accounting.retry": rights("see_board", "manage_link"),
    "accounting.retry_all": rights("see_board", "manage_link"),
    "accounting.send_rounding": rights("manage_link"),
    "accounting.show": rights("manage_link"),
    "accounting.show_difference": rights("see_board", "manage_link"),
    "accounting.show_fields": rights("manage_link"),
    "accounting.show_mapping": rights("manage_link"),
    "accounting.show_match": rights("manage_link"),
    "accounting.show_reconciliation": rights("see_board", "manage_link"),
    "accounting.show_record": rights("see_board", "manage_link"),
    "accounting.show_history": rights("manage_link"),
    "accounting.show_setup": rights("manage_link"),
    "accounting.show_taxes": rights("manage_link"),
    "accounting.start": rights("manage_link"),
    "accounting.take_back": rights("manage_link"),
    "accounting.update_fields": rights("manage_link"),
    "accounting.update_mapping": rights("manage_link"),
    "accounting.update_match": rights("manage_link"),
    "accounting.update_papers": rights("manage_link"),
    "accounting.update_module": rights("manage_link"),
    "accounting.update_taxes": rights("manage_link"),
    "catalogue.create": rights("edit_catalogue"),
    "catalogue.edit": rights("edit_catalogue"),
    "catalogue.index": rights("edit_catalogue", "see_prices"),
    "catalogue.new": rights("edit_catalogue"),
    "catalogue.update": rights("edit_catalogue"),
    "customers.create": rights("edit_customers"),
    "customers.edit": rights("edit_customers"),
    "customers.index": rights("edit_customers", "see_all_work_orders"),
    "customers.new": rights("edit_customers"),
    "customers.show": rights("edit_customers", "see_all_work_orders"),
    "customers.update": rights("edit_customers"),
    "health.alive": EVERYONE,
    "health.ready": EVERYONE,
    "invoices.document_settings": rights("manage_organisation"),
    "invoices.update_document_settings": rights("manage_organisation"),
    "invoices.edit_prices": rights("raise_invoices"),
    "invoices.update_prices": rights("raise_invoices"),
    "invoices.create_usual_tax": rights("raise_invoices"),
    "invoices.edit_taxes": rights("edit_catalogue"),
    "invoices.update_taxes": rights("edit_catalogue"),
    "invoices.create_answer": rights("raise_invoices", "see_board"),
    "invoices.questions": rights("raise_invoices", "see_board"),
    "invoices.show_credit_note_facturx": rights("raise_invoices", "see_board"),
    "invoices.show_credit_note_ubl": rights("raise_invoices", "see_board"),
    "invoices.credit_notes": rights("raise_invoices", "see_board"),
    "payments.create_credit_application": rights("void"),
    "payments.create_credit_note": rights("void"),
    "payments.create_credit_refund": rights("refund"),
    "payments.create_note_voiding": rights("void"),
    "invoices.new_credit_note": rights("void"),
    "invoices.show_credit_note": rights("raise_invoices", "see_board"),
    "invoices.show_credit_note_pdf": rights("raise_invoices", "see_board"),
    "invoices.create": rights("raise_invoices"),
    "invoices.create_billing_again": rights("void"),
    "invoices.create_discarding": rights("raise_invoices"),
    "invoices.create_issuance": rights("raise_invoices"),
    "invoices.create_sending": rights("raise_invoices"),
    "invoices.create_dismissal": rights("raise_invoices", "see_board"),
    "invoices.create_resending": rights("raise_invoices", "see_board"),
    "invoices.create_revocation": rights("raise_invoices"),
    "invoices.create_rotation": rights("raise_invoices"),
    "invoices.undelivered": rights("raise_invoices", "see_board"),
    "invoices.index": rights("raise_invoices", "see_board"),
    "invoices.new": rights("raise_invoices"),
    "invoices.payment_state": rights("raise_invoices", "see_board"),
    "invoices.preview": rights("raise_invoices"),
    "invoices.show": rights("raise_invoices", "see_board"),
    "invoices.show_facturx": rights("raise_invoices", "see_board"),
    "invoices.show_pdf": rights("raise_invoices", "see_board"),
    "invoices.show_sending": rights("raise_invoices"),
    "invoices.show_ubl": rights("raise_invoices", "see_board"),
    "organisations.numbers": rights("manage_organisation"),
    "organisations.remove_logo": rights("manage_organisation"),
    "organisations.settings": rights("manage_organisation"),
    "organisations.show_logo": EVERYONE,
    "organisations.update": rights("manage_organisation"),
    "organisations.update_logo": rights("manage_organisation"),
    "organisations.update_numbers": rights("manage_organisation"),
    "payments.create_deposit": rights("take_cash"),
    "payments.create_together": rights("see_all_work_orders"),
    "payments.deposits": rights("take_cash"),
    "payments.deposit_requests": rights("raise_invoices"),
    "payments.create_deposit_request": rights("raise_invoices"),
    "payments.create_deposit_release": rights("refund"),
    "payments.create_deposit_revocation": rights("raise_invoices"),
    "payments.create_deposit_sending": rights("raise_invoices"),
    "payments.create_deposit_withdrawal": rights("raise_invoices"),
    "payments.new_together": rights("see_all_work_orders"),
    "payments.show_together": rights("see_all_work_orders"),
    "pay_page.come_back": EVERYONE,
    "pay_page.show_arrived_pdf": EVERYONE,
    "pay_page.create_attempt": EVERYONE,
    "pay_page.create_autopay_end": EVERYONE,
    "pay_page.create_card_removal": EVERYONE,
    "pay_page.create_deposit_attempt": EVERYONE,
    "pay_page.create_deposit_opening": EVERYONE,
    "pay_page.create_deposit_renewal": EVERYONE,
    "pay_page.show_deposit": EVERYONE,
    "pay_page.show_credit_note": EVERYONE,
    "pay_page.show_credit_note_pdf": EVERYONE,
    "pay_page.show_deposit_receipt": EVERYONE,
    "pay_page.show_deposit_receipt_pdf": EVERYONE,
    "pay_page.create_joint_attempt": EVERYONE,
    "pay_page.create_joint_opening": EVERYONE,
    "pay_page.create_joint_renewal": EVERYONE,
    "pay_page.create_newer": EVERYONE,
    "pay_page.create_joint_autopay_end": EVERYONE,
    "pay_page.create_joint_card_removal": EVERYONE,
    "pay_page.create_opening": EVERYONE,
    "pay_page.create_question": EVERYONE,
    "pay_page.create_renewal": EVERYONE,
    "pay_page.show": EVERYONE,
    "pay_page.show_joint_pdf": EVERYONE,
    "pay_page.show_joint_receipt": EVERYONE,
    "pay_page.show_joint_receipt_pdf": EVERYONE,
    "pay_page.show_together": EVERYONE,
    "pay_page.show_pdf": EVERYONE,
    "pay_page.show_receipt": EVERYONE,
    "pay_page.show_receipt_pdf": EVERYONE,
    "payments.create_autopay_end": rights("edit_customers"),
    "payments.create_card_release": rights("see_board"),
    "payments.create_deposit_card_release": rights("see_board"),
    "payments.create_card_removal": rights("edit_customers"),
    "payments.show_card": rights("edit_customers"),
    "payments.create_count": rights("see_board"),
    "payments.create_count_reversal": rights("see_board"),
    "payments.create_credit_use": rights("take_cash"),
    "payments.create_hand_in": rights("take_cash"),
    "payments.create_of_customer": rights("see_all_work_orders"),
    "payments.create_of_invoice": rights("take_cash"),
    "payments.create_refund": rights("refund"),
    "payments.keep_surplus": rights("refund"),
    "payments.settle_given_twice": rights("refund"),
    "payments.create_reversal": rights("refund"),
    "payments.update_earlier_key": rights("manage_organisation"),
    "payments.remove_earlier_account": rights("manage_organisation"),
    "payments.decide_money_back": rights("void"),
    "payments.create_voiding": rights("void"),
    "payments.create_write_off": rights("void"),
    "payments.take_back_write_off": rights("void"),
    "payments.disputes": rights("see_board"),
    "payments.events": rights("see_board"),
    "payments.index": rights("see_board"),
    "payments.new_of_customer": rights("see_all_work_orders"),
    "payments.new_of_invoice": rights("take_cash"),
    "payments.create_repayment": rights("see_board"),
    "payments.purse": rights("take_cash", "see_board"),
    "payments.purses": rights("take_cash", "see_board"),
    "payments.create_photo": rights("see_board"),
    "payments.show_photo": rights("see_board"),
    "payments.payouts": rights("see_board"),
    "payments.show_payout": rights("see_board"),
    "payments.part_settings": rights("manage_organisation"),
    "payments.receive_event": EVERYONE,
    "payments.retry_event": rights("see_board"),
    "payments.settings": rights("manage_organisation"),
    "payments.show": rights("see_board"),
    "payments.show_evidence": rights("see_board"),
    "payments.show_receipt": rights("see_board"),
    "payments.update_part_settings": rights("manage_organisation"),
    "payments.update_debits": rights("manage_organisation"),
    "payments.update_settings": rights("manage_organisation"),
    "people.create": rights("manage_people"),
    "people.create_password_request": EVERYONE,
    "people.edit_forgotten": EVERYONE,
    "people.new_password_request": EVERYONE,
    "people.update_forgotten": EVERYONE,
    "texting.receive_status": EVERYONE,
    "texting.remove": rights("manage_organisation"),
    "texting.settings": rights("manage_organisation"),
    "texting.update": rights("manage_organisation"),
    "invoices.create_text": rights("raise_invoices"),
    "statements.create": rights("see_board"),
    "statements.show": rights("see_board"),
    "reminders.create_pause": rights("raise_invoices"),
    "reminders.create_resumption": rights("raise_invoices"),
    "reminders.settings": rights("manage_organisation"),
    "reminders.show": rights("raise_invoices", "see_board"),
    "reminders.update": rights("manage_organisation"),
    "people.create_sign_in": EVERYONE,
    "people.create_sign_up": EVERYONE,
    "people.deactivate": rights("manage_people"),
    "people.edit_password": SIGNED_IN,
    "people.home": SIGNED_IN,
    "people.index": rights("manage_people"),
    "people.new_sign_in": EVERYONE,
    "people.new_sign_up": EVERYONE,
    "people.reactivate": rights("manage_people"),
    "people.sign_out": SIGNED_IN,
    "people.update_password": SIGNED_IN,
    "reports.board": rights("see_board"),
    "static_files": EVERYONE,
    "standing.bring_back_exemption": rights("manage_organisation"),
    "standing.create_exemption": rights("manage_organisation"),
    "standing.exemptions": rights("manage_organisation"),
    "standing.create_local_tax": rights("manage_organisation"),
    "standing.local_taxes": rights("manage_organisation"),
    "standing.remove_local_tax": rights("manage_organisation"),
    "standing.registration": rights("manage_organisation"),
    "standing.retire_exemption": rights("manage_organisation"),
    "standing.update_registration": rights("manage_organisation"),
    "taxes.bring_back": rights("manage_organisation"),
    "taxes.create": rights("manage_organisation"),
    "taxes.create_group": rights("manage_organisation"),
    "taxes.create_rate": rights("manage_organisation"),
    "taxes.index": rights("manage_organisation"),
    "taxes.make_usual": rights("manage_organisation"),
    "taxes.retire": rights("manage_organisation"),
    "taxes.show": rights("manage_organisation"),
    "authorities.create": rights("manage_organisation"),
    "authorities.index": rights("manage_organisation"),
    "authorities.show": rights("manage_organisation"),
    "authorities.update": rights("manage_organisation"),
    "taxes.edit_rate": rights("manage_organisation"),
    "taxes.update_rate": rights("manage_organisation"),
    "taxes.remove_rate": rights("manage_organisation"),
    "taxes.remove": rights("manage_organisation"),
    "standing.exemption": rights("manage_organisation"),
    "standing.update_exemption": rights("manage_organisation"),
    "standing.remove_exemption": rights("manage_organisation"),
    "authorities.remove": rights("manage_organisation"),
    "taxes.update_words": rights("manage_organisation"),
    "taxes.update_between_states": rights("manage_organisation"),
    "pay_page.show_picture": EVERYONE,
    "work_orders.create": rights("see_all_work_orders"),
    "work_orders.create_line": rights("edit_work_orders"),
    "work_orders.create_pictures": rights("edit_work_orders"),
    "work_orders.create_signature": rights("edit_work_orders"),
    "work_orders.create_share": rights("raise_invoices"),
    "work_orders.create_step": rights("edit_work_orders"),
    "work_orders.edit": rights("see_all_work_orders"),
    "work_orders.index": rights("see_all_work_orders"),
    "work_orders.new": rights("see_all_work_orders"),
    "work_orders.new_line": rights("edit_work_orders"),
    "work_orders.new_share": rights("raise_invoices"),
    "work_orders.new_signature": rights("edit_work_orders"),
    "work_orders.remove_line": rights("edit_work_orders"),
    "work_orders.remove_picture": rights("edit_work_orders"),
    "work_orders.show": SIGNED_IN,
    "work_orders.show_picture": SIGNED_IN,
    "work_orders.today": SIGNED_IN,
    "work_orders.update": rights("see_all_work_orders"),
    "work_orders.update_line": rights("edit_work_orders"),
}
# A form that names a record needs one that is there; the others are sent empty.
BODIES = {"work_orders.create_line": "item_id"}
# What is taken away for good stays for the roles that come next; to remove what is gone is no error.
SPARED: dict[str, dict[str, object]] = {"work_orders.remove_picture": {"picture_id": A_MADE_UP_NUMBER}}
# "Try again" of what is not stuck (any more) is no error: the same way back to the inbox, for any number.
ALWAYS_BACK = {
    "accounting.decide": 303, "accounting.mark_all_entered": 303, "accounting.mark_entered": 303,
    "accounting.mark_open": 303, "accounting.retry": 303, "payments.retry_event": 303,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def nothing_leaves(world: World) -> Iterator[None]:
    with offline(world):
        yield


@pytest.fixture(scope="module")
def estate(app: Flask) -> Estate:
    return make_estate(app)


@pytest.fixture(scope="module")
def rival(app: Flask) -> Estate:
    return make_estate(app, "Rival Plumbing")


def ask(client: FlaskClient, rule: Rule, ids: dict[str, object], token: str = "") -> TestResponse:
    """GET the route, or POST it as its own page would."""
    path = path_of(rule, ids | SPARED.get(rule.endpoint, {}))
    if "POST" not in (rule.methods or ()):
        return client.get(path)
    named = BODIES.get(rule.endpoint)
    data = {"csrf_token": token} | ({named: str(ids.get(named, ""))} if named else {})
    return client.post(path, data=data)


def guarded(app: Flask) -> list[Rule]:
    """Every route with a row that needs a sign-in; one without a row fails its own test, with words."""
    rules = {id(rule): rule for method in ("GET", "POST") for rule in rules_of(app, method)}
    return [rule for rule in rules.values() if not EXPECTED.get(rule.endpoint, EVERYONE).everyone]


def test_every_route_has_its_row(app: Flask) -> None:
    there = {rule.endpoint: access_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    new, gone = sorted(set(there) - set(EXPECTED)), sorted(set(EXPECTED) - set(there))
    assert not new, f"add a row to EXPECTED for {new}: who may use it? Then look that each role gets what it should"
    assert not gone, f"these routes are gone, take their rows out: {gone}"


@pytest.mark.parametrize("endpoint", sorted(EXPECTED))
def test_a_route_asks_for_the_rights_of_its_row(app: Flask, endpoint: str) -> None:
    asked, row = access_of(app, endpoint), EXPECTED[endpoint]
    assert (asked.everyone, set(asked.rights)) == (row.everyone, set(row.rights))


def test_nobody_is_asked_to_sign_in_everywhere(app: Flask, estate: Estate) -> None:
    stranger = browser(app)
    for rule in guarded(app):
        answer = ask(stranger, rule, estate.ids)
        assert answer.status_code == 303, f"{rule.endpoint} answers {answer.status_code} to nobody"
        assert answer.headers["Location"].startswith("/sign-in"), rule.endpoint


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_admitted_where_its_rights_say_and_nowhere_else(app: Flask, estate: Estate, role: str) -> None:
    client, held = estate[role], set(DEFAULT_RIGHTS[role])
    token, wrong = csrf_of(client), []
    for rule in guarded(app):
        if rule.endpoint == "people.sign_out":
            continue
        row = EXPECTED[rule.endpoint]
        answer = ask(client, rule, estate.ids, token)
        may = not row.rights or bool(held & set(row.rights))
        is_admitted = answer.status_code not in (401, 403, 404) and "/sign-in" not in answer.headers.get("Location", "")
        if is_admitted != may or answer.status_code == 500:
            wrong.append(f"{rule.endpoint}: {answer.status_code}")
    assert not wrong


def test_everybody_may_sign_out(app: Flask, estate: Estate) -> None:
    for role in ROLES:
        client = sign_in(browser(app), estate.firm, role)
        assert client.post("/sign-out", data={"csrf_token": csrf_of(client)}).status_code == 303


def test_the_public_routes_need_no_sign_in(app: Flask, estate: Estate) -> None:
    for rule in rules_of(app, "GET"):
        if EXPECTED.get(rule.endpoint) == EVERYONE and rule.endpoint != "static_files":
            assert browser(app).get(path_of(rule, estate.ids)).status_code == 200, rule.endpoint


def test_another_firms_ids_answer_as_if_they_were_made_up(
    app: Flask, world: World, estate: Estate, rival: Estate
) -> None:
    """With a valid sign-in, every right and a valid form token of one's own."""
    thief = rival["administrator"]
    token, before, tried = csrf_of(thief), rows(world), 0
    for rule in guarded(app):
        if not rule.arguments:
            continue
        foreign, nobodys = ask(thief, rule, estate.ids, token), ask(thief, rule, {}, token)
        expected = ALWAYS_BACK.get(rule.endpoint, 404)
        assert foreign.status_code == nobodys.status_code == expected, f"{rule.endpoint}: {foreign.status_code}"
        assert without_noise(foreign) == without_noise(nobodys), rule.endpoint
        tried += 1
    assert tried > 20
    assert rows(world) == before


@pytest.mark.parametrize("ids", ["theirs in ours", "ours in theirs"])
def test_a_line_is_found_under_its_own_job_only(
    app: Flask, world: World, estate: Estate, rival: Estate, ids: str
) -> None:
    pair = (estate, rival) if ids == "theirs in ours" else (rival, estate)
    mixed = {"work_order_id": pair[1].ids["open_work_order_id"], "line_id": pair[0].ids["open_line_id"]}
    before, token = rows(world), csrf_of(rival["administrator"])
    for rule in guarded(app):
        if "line_id" in rule.arguments:
            assert ask(rival["administrator"], rule, mixed, token).status_code == 404
    assert rows(world) == before


def test_a_technician_learns_nothing_of_a_job_they_are_not_sent_to(app: Flask, world: World, estate: Estate) -> None:
    """Jobs of colleagues and invoices that others raised are as good as made up, in reading and in writing."""
    with job_session(estate.firm.organisation_id) as session:
        job = make_work_order(session, estate.firm, technician="manager")
        line_id, job_id = job.lines[0].id, job.id
        invoice = make_invoice(session, estate.firm, work_order=job)
        invoice.raised_by = estate.firm.people["manager"]
        session.flush()
        invoice_id = invoice.id
    ids = {**estate.ids, "work_order_id": job_id, "line_id": line_id, "invoice_id": invoice_id}
    before = rows(world)
    for role in ("field_agent", "limited_field_agent"):
        client = estate[role]
        token = csrf_of(client)
        for rule in guarded(app):
            if not {"work_order_id", "invoice_id"} & rule.arguments:
                continue
            answer = ask(client, rule, ids, token)
            expected = 404 if EXPECTED[rule.endpoint].admits(estate.firm.viewer(role)) else 403
            assert answer.status_code == expected, f"{rule.endpoint} as {role}: {answer.status_code}"
    assert {k: v for k, v in rows(world).items() if k != "sign_ins"} == {
        k: v for k, v in before.items() if k != "sign_ins"
    }


def test_a_job_given_to_a_colleague_is_gone_at_once(app: Flask, estate: Estate) -> None:
    with job_session(estate.firm.organisation_id) as session:
        job_id = make_work_order(session, estate.firm).id
    client = estate["field_agent"]
    assert client.get(f"/work-orders/{job_id}").status_code == 200
    with job_session(estate.firm.organisation_id) as session:
        session.execute(
            update(Appointment)
            .where(Appointment.work_order_id == job_id)
            .values(technician_id=estate.firm.people["manager"])
        )
    assert client.get(f"/work-orders/{job_id}").status_code == 404


def test_who_may_not_see_prices_sees_none(app: Flask, estate: Estate) -> None:
    client, job = estate["limited_field_agent"], estate.ids["open_work_order_id"]
    for path in ("/today", f"/work-orders/{job}", f"/work-orders/{job}/lines/new"):
        page = client.get(path)
        assert page.status_code == 200
        for price in ("118.00", "46.50", "£", "196.50"):
            assert price not in page.text, f"{price} on {path}"


def test_rights_are_read_anew_with_each_request(app: Flask, estate: Estate) -> None:
    client = sign_in(browser(app), estate.firm, "manager")
    assert client.get("/board").status_code == 200
    with job_session(estate.firm.organisation_id) as session:
        role = session.get_one(Role, (estate.firm.organisation_id, "manager"))
        kept = list(role.rights)
        role.rights = [right for right in kept if right != "see_board"]
    assert client.get("/board").status_code == 403
    with job_session(estate.firm.organisation_id) as session:
        session.get_one(Role, (estate.firm.organisation_id, "manager")).rights = kept

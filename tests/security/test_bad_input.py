"""Nonsense in every form: a sentence beside the field or a 404, what was typed is kept, and nothing is half saved."""

import html
import re
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.organisations.numbering import PREFIXES
from portal.shared import clock
from portal.shared.running import job_session
from portal.shared.throttle import Throttle
from tests.builders import PASSWORD, Firm, make_invoice, post
from tests.conftest import World, browser
from tests.security.estate import Estate, csrf_of, make_estate, rows, rules_of

# Sent as these very bytes, as no browser would: what is not UTF-8 must not break anything either.
NASTY = [
    b"", b"\x00", b"a\x00b", b"\xed\xa0\x80 lone surrogate", b"\xff\xfe", "\u202e evil \u2066".encode(),
    "🙂".encode() * 60, b"x" * 10_000, "é".encode() * 3_000, b"\r\nX: y\r\n", b"1e309", b"NaN", b"-Infinity", b"-1",
    b"0.005", b"1" + b"0" * 12,
    b"9" * 20, b"9" * 5_000, b"-0", "²".encode(), "١٢".encode(), b"1_000", b"2026-02-30", b"0001-01-01", b"9999-12-31",
    b"23:59", b"' OR 1=1 --", b"%s%n{}{0}", b"a@b.c" + b"d" * 300, b"\xe2\x80\xa8 \xc2\xa0", b"xn--a@xn--a.example",
]  # fmt: skip
NASTY_ALONE = [b"", b"\x00", b"\xff\xfe", "\u202e🙂".encode() * 9, b"x" * 10_000, b"-1", b"1e309", b"9" * 20,
               b"9999-12-31", "١²".encode(), b"%s{}' --"]  # fmt: skip


@dataclass
class Paper:
    """A form as the page would send it: where to, by whom, and what would be accepted."""

    path: str
    fields: dict[str, str]
    role: str = "administrator"
    token_from: str = "/people/me/password"
    is_read_elsewhere: bool = False  # by the same reader as another form of these


@dataclass
class Desk:
    estate: Estate
    papers: dict[str, Paper] = field(default_factory=dict)

    @property
    def firm(self) -> Firm:
        return self.estate.firm


def one(firm: Firm, query: str) -> str:
    with job_session(firm.organisation_id) as session:
        return str(session.execute(text(query)).scalar_one())


@pytest.fixture(scope="module")
def desk(app: Flask, world: World) -> Desk:
    estate = make_estate(app)
    ids, job = estate.ids, f"/work-orders/{estate.ids['open_work_order_id']}"
    tax_id = one(estate.firm, "SELECT min(id) FROM taxes")
    draft_line = one(estate.firm, f"SELECT min(id) FROM invoice_lines WHERE invoice_id = {ids['draft_id']}")
    with job_session(estate.firm.organisation_id) as session:
        to_void = make_invoice(session, estate.firm).id
    customer = {
        "kind": "business", "name": "Elm Ltd", "email": "elm@example.com", "phone": "0113 496 0000",
        "first_name": "Eve", "last_name": "E", "tax_number": "980780684",
        "street": "1 Elm", "city": "Leeds", "state": "Y",
        "postal_code": "LS1", "country": "GB",
        "payment_terms_days": "14", "notes": "n",
        "tax_treatment": "uk", "exemption_id": "", "certificate": "c", "certificate_until": "2030-12-31",
    }  # fmt: skip
    item = {"code": "X1", "kind": "part", "name": "Pipe", "unit": "m", "unit_price": "1.50", "description": "d",
            "tax_id": tax_id, "is_active": "yes", "exemption_id": ""}  # fmt: skip
    visit = {
        "customer_id": str(ids["customer_id"]), "title": "Leak", "notes": "n", "form_id": "", "time": "09:00",
        "day": clock.today("Europe/London").isoformat(), "minutes": "60",
        "technician_id": str(estate.firm.people["field_agent"]),
    }  # fmt: skip
    authority = {"name": "HMRC", "registration_number": "1", "description": "d"}
    person = {"name": "Pat", "email": "pat@example.com", "role": "manager"}
    plan = {"is_on": "yes", "before": "3", "on_the_day": "yes", "after": "7, 14", "from_hour": "9", "until_hour": "18",
            "words": "Dear customer"}  # fmt: skip
    firm = {
        "name": "Firm",
        "address": "a",
        "email": "f@example.com",
        "phone": "0113 496 0000",
        "payment_terms_days": "14",
    }
    founding = {key: said for key, said in person.items() if key != "role"} | {
        "password": "a long enough password",
        "firm": "New",
        "country": "GB",
        "currency": "GBP",
        "time_zone": "Europe/London",
    }
    cash = {
        "form_id": "f", "method": "cash", "amount": "0.05", "tendered": "1", "reference": "",
        "received_on": clock.today("Europe/London").isoformat(),
    }  # fmt: skip
    return Desk(estate, {
        "customers.create": Paper("/customers", customer | {"form_id": ""}),
        "customers.update": Paper(f"/customers/{ids['customer_id']}", customer, is_read_elsewhere=True),
        "catalogue.create": Paper("/catalogue", item),
        "catalogue.update": Paper(f"/catalogue/{ids['item_id']}", item, is_read_elsewhere=True),
        "work_orders.create": Paper("/work-orders", visit),
        "work_orders.update": Paper(job, visit),
        "work_orders.create_line": Paper(f"{job}/lines", {"item_id": str(ids["item_id"]), "form_id": ""}),
        "work_orders.update_line": Paper(f"{job}/lines/{ids['open_line_id']}", {"quantity": "2"}),
        "work_orders.create_share": Paper(
            f"{job}/lines/{ids['open_line_id']}/shares", {"percent": "30", "form_id": "s"}
        ),
        "work_orders.create_step": Paper(f"{job}/steps", {"step": "start"}),
        "work_orders.create_signature": Paper(f"{job}/signature", {"signed_by": "Rita Okafor"}),
        "invoices.create": Paper(f"{job}/invoices", {"line": "0", "email": "", "form_id": "", "then": "draft"}),
        "invoices.update_prices": Paper(
            f"/invoices/{ids['draft_id']}/prices",
            {"discount": "1%", "applied": "before_tax", "shipping": "1", "shipping_tax_id": tax_id, "adjustment": "-1",
             "adjustment_reason": "rounding"},
        ),
        "invoices.create_sending": Paper(f"/invoices/{ids['invoice_id']}/sendings", {"email": "a@example.com"}),
        "invoices.create_resending": Paper(f"/undelivered/{ids['message_id']}/resending", {"email": "a@example.com"}),
        "payments.create_credit_note": Paper(
            f"/invoices/{ids['invoice_id']}/credit-notes", {"reason": "", "then": "apply", "form_id": ""}
        ),
        "payments.create_credit_application": Paper(
            f"/credit-notes/{ids['credit_note_id']}/applications", {"invoice_id": str(ids["invoice_id"])}
        ),
        "payments.create_credit_refund": Paper(
            f"/credit-notes/{ids['credit_note_id']}/refunds",
            {"amount": "1", "way": "cash", "reason": "", "form_id": ""},
        ),
        "payments.create_note_voiding": Paper(f"/credit-notes/{ids['credit_note_id']}/voiding", {"void_reason": ""}),
        "payments.create_of_invoice": Paper(f"/invoices/{ids['invoice_id']}/payments", cash),
        "payments.create_of_customer": Paper(f"/customers/{ids['customer_id']}/payments", cash, is_read_elsewhere=True),
        "payments.create_hand_in": Paper("/cash/hand-ins", {"amount": "1", "note": "", "form_id": "h"}),
        "payments.create_count": Paper(f"/cash/hand-ins/{ids['hand_in_id']}/count", {"counted": "x", "note": ""}),
        "payments.create_count_reversal": Paper(f"/cash/hand-ins/{ids['counted_id']}/count/reversal", {"reason": "x"}),
        "payments.create_repayment": Paper(f"/cash/{ids['holder_id']}/repayments", {"owed": "1"}),
        "payments.create_refund": Paper(
            f"/payments/{ids['payment_id']}/refunds", {"amount": "1", "way": "cash", "reason": "", "form_id": "r"}
        ),
        "payments.settle_given_twice": Paper(
            f"/payments/{ids['payment_id']}/refunds/{ids['refund_id']}/settlement", {"how": ""}
        ),
        "payments.create_reversal": Paper(f"/payments/{ids['payment_id']}/reversal", {"reason": ""}),
        "payments.create_voiding": Paper(f"/invoices/{to_void}/voiding", {"reason": ""}),
        "payments.create_write_off": Paper(f"/invoices/{to_void}/write-off", {"reason": ""}),
        "payments.create_deposit": Paper(f"/work-orders/{ids['work_order_id']}/deposits", cash),
        "payments.create_deposit_request": Paper(f"{job}/deposit-requests", {
            "asked": "1", "percent": "x", "channel": "email", "to": "a@b.ie", "form_id": "d"}),
        "payments.create_deposit_sending": Paper(
            f"/work-orders/{ids['work_order_id']}/deposit-requests/{ids['deposit_request_id']}/sendings",
            {"channel": "email", "to": "x"},
        ),
        "payments.create_together": Paper(
            f"/customers/{ids['customer_id']}/together", {"invoice": "1", "email": "a@b.ie"}, is_read_elsewhere=True
        ),
        "pay_page.create_question": Paper(f"/p/{ids['token']}/questions", {"question": "Why?"}, role=""),
        "invoices.create_answer": Paper(f"/questions/{ids['question_id']}/answer", {"answer": "Because."}),
        "payments.update_part_settings": Paper(
            "/payments/settings/parts", {"are_taken": "yes", "least": "30", "tips": "yes"}
        ),
        "payments.update_settings": Paper("/payments/settings", {"key": ""}),
        "organisations.update": Paper("/settings", firm),
        "invoices.update_document_settings": Paper("/settings/documents", {
            "tax_number": "GB 980 7806 84", "registrations": "No: 1", "document_language": "de", "document_words": "w",
            "tax_rounding": "line", "rounding_mode": "half_even", "price_includes_tax": "yes", "discount_style": "line",
            "round_total_to": "0.05"}),
        "taxes.create": Paper("/settings/taxes", {
            "name": "T", "kind": "percent", "rate": "7", "why": "w", "authority_id": "", "is_default": ""}),
        "invoices.update_taxes": Paper(
            f"/invoices/{ids['draft_id']}/taxes", {f"tax-{draft_line}": tax_id, f"reason-{draft_line}": "because"}
        ),
        "standing.create_exemption": Paper("/settings/taxes/exemptions", {"name": "Resale", "applies_to": "item"}),
        "standing.create_local_tax": Paper(
            "/settings/taxes/places", {"state": "", "city": "Leeds", "postal_code": "LS1", "member": tax_id}
        ),
        "standing.update_registration": Paper(
            "/settings/taxes/registration",
            {"registered": "yes", "from": "2020-01-01", "until": "2040-01-01", "place": ""},
        ),
        "taxes.update_between_states": Paper(
            f"/settings/taxes/{tax_id}/between-states", {"between_states_id": ""}
        ),
        "taxes.update_words": Paper(f"/settings/taxes/{tax_id}/words", {"name": "T", "why": "w", "authority_id": ""}),
        "authorities.create": Paper("/settings/taxes/authorities", authority),
        "authorities.update": Paper(f"/settings/taxes/authorities/{ids['authority_id']}", authority),
        "taxes.create_rate": Paper(f"/settings/taxes/{tax_id}/rates", {"rate": "7", "valid_from": "2030-01-01"}),
        "taxes.update_rate": Paper(
            f"/settings/taxes/{ids['tax_id']}/rates/{ids['rate_id']}", {"rate": "7", "valid_from": "2030-01-01"}
        ),
        "standing.update_exemption": Paper(
            f"/settings/taxes/exemptions/{ids['exemption_id']}", {"name": "Resale only"}
        ),
        "taxes.create_group": Paper("/settings/taxes/groups", {
            "name": "G", "member": "0", "last_is_compound": "", "why": ""}),
        "organisations.update_numbers": Paper(
            "/settings/numbers",
            {f"{name}_prefix": prefix for name, prefix in PREFIXES.items()} | dict.fromkeys(
                (f"{name}_next" for name in PREFIXES), "9000"),
        ),
        "people.create": Paper("/people", person),
        "texting.update": Paper("/settings/text-messages", {"sid": "AC1", "token": "x", "sender": "+44"}),
        "invoices.create_text": Paper(f"/invoices/{ids['invoice_id']}/texts", {"phone": "x"}),
        "statements.create": Paper(
            f"/customers/{ids['customer_id']}/statements", {"email": "a@example.com", "form_id": "x"}
        ),
        "reminders.update": Paper("/settings/reminders", plan),
        "people.create_password_request": Paper("/forgotten-password", {"email": ""}, "", "/forgotten-password"),
        "people.update_forgotten": Paper(
            f"/choose-password/{ids['password_token']}", {"new_password": "short"}, "", "/forgotten-password"
        ),
        "people.update_password": Paper("/people/me/password", {"current_password": "x", "new_password": "y"}),
        "people.create_sign_in": Paper("/sign-in", {"email": "", "password": "", "next": ""}, "", "/sign-in"),
        "people.create_sign_up": Paper("/sign-up", founding, "", "/sign-up"),
        "accounting.accept_difference": Paper(f"/books/differences/{ids['invoice_id']}/acceptance", {"reason": ""}),
        "accounting.accept_record": Paper(f"/books/records/{ids['record_id']}/acceptance", {"why": ""}),
        "accounting.leave_out": Paper(f"/books/records/{ids['record_id']}/leaving-out", {"reason": ""}),
        "accounting.create_link": Paper(f"/books/consents/{ids['consent_id']}", {"remote_organisation_id": "1"}),
    })  # fmt: skip


# Forms without a field of their own: a button, or a page of somebody else's.
BUTTONS = {
    "accounting.connect", "accounting.create_reconciliation", "accounting.date_today", "accounting.send_beside",
    "accounting.decide", "accounting.decide_all",
    "accounting.end_link", "accounting.fix_drift", "accounting.receive_hint", "accounting.rehearse",
    "accounting.mark_all_entered", "accounting.mark_entered", "accounting.mark_open", "accounting.retry",
    "accounting.move_day", "accounting.call_off", "accounting.go_over_now",
    "accounting.retry_all",
    "accounting.send_rounding", "accounting.start", "accounting.take_back", "accounting.update_fields",
    "accounting.update_mapping",
    "accounting.update_match", "accounting.update_module", "accounting.update_papers", "accounting.update_taxes",
    "invoices.create_dismissal", "invoices.create_revocation", "invoices.create_rotation",
    "invoices.create_billing_again", "invoices.create_discarding", "invoices.create_issuance",
    "people.deactivate", "people.sign_out",
    "people.reactivate", "reminders.create_pause", "reminders.create_resumption",
    "texting.remove", "texting.receive_status",
    "taxes.bring_back", "taxes.make_usual", "taxes.retire", "taxes.remove", "taxes.remove_rate", "authorities.remove",
    "standing.remove_exemption", "work_orders.remove_line",
    "work_orders.create_pictures", "work_orders.remove_picture", "payments.create_photo",
    "organisations.update_logo", "organisations.remove_logo",
    "payments.update_earlier_key",
    "payments.create_credit_use", "payments.decide_money_back", "payments.remove_earlier_account",
    "payments.retry_event", "payments.take_back_write_off",
    "payments.create_card_removal", "payments.create_card_release", "payments.create_deposit_card_release",
    "pay_page.create_card_removal",
    "payments.create_autopay_end", "pay_page.create_autopay_end", "payments.update_debits",
    "payments.create_deposit_release", "payments.keep_surplus",
    "payments.create_deposit_revocation", "payments.create_deposit_withdrawal",
    "pay_page.create_deposit_attempt", "pay_page.create_deposit_opening", "pay_page.create_deposit_renewal",
    "payments.receive_event", "pay_page.create_attempt", "pay_page.create_newer", "pay_page.create_opening",
    "pay_page.create_joint_autopay_end", "pay_page.create_joint_card_removal",
    "pay_page.create_joint_attempt", "pay_page.create_joint_opening", "pay_page.create_joint_renewal",
    "pay_page.create_renewal",
    "invoices.create_usual_tax", "standing.bring_back_exemption", "standing.retire_exemption",
    "standing.remove_local_tax",
}  # fmt: skip


def send(client: FlaskClient, paper: Paper, token: str, changed: dict[str, bytes]) -> TestResponse:
    """The form with some of its fields as raw bytes."""
    fields = {"csrf_token": token.encode()} | {key: kept.encode() for key, kept in paper.fields.items()} | changed
    body = "&".join(f"{key}={quote_from_bytes(sent, safe='')}" for key, sent in fields.items())
    return client.post(paper.path, data=body, content_type="application/x-www-form-urlencoded")


def forgive() -> None:
    with job_session(None) as session:
        session.query(Throttle).delete()


def test_every_form_is_tried(app: Flask, desk: Desk) -> None:
    there = {rule.endpoint for rule in rules_of(app, "POST")}
    assert there == set(desk.papers) | BUTTONS, "add the new form to the papers of this test"


@pytest.mark.parametrize(
    "form",
    ["customers.create", "customers.update", "catalogue.create", "catalogue.update", "work_orders.create",
     "work_orders.update", "work_orders.create_line", "work_orders.update_line", "work_orders.create_step",
     "invoices.create", "invoices.update_prices", "invoices.update_taxes", "standing.update_registration",
     "standing.create_exemption",
     "invoices.create_sending", "payments.create_voiding", "payments.update_settings",
     "organisations.update", "organisations.update_numbers", "people.create", "people.create_password_request",
     "people.update_forgotten", "reminders.update", "statements.create", "texting.update",
     "invoices.create_text",
     "people.update_password", "people.create_sign_in", "people.create_sign_up", "accounting.create_link",
     "accounting.accept_difference", "accounting.accept_record", "accounting.leave_out", "work_orders.create_share",
     "payments.create_deposit", "payments.create_together", "payments.update_part_settings"],
)  # fmt: skip
def test_no_field_breaks_with_any_nonsense(app: Flask, world: World, desk: Desk, form: str) -> None:
    """Each field with each value: taken, or refused in words; and what is refused leaves every row as it was."""
    forgive()
    before, tried = rows(world), cases(desk.papers[form])
    refused = [case for case in tried if answered(app, desk, form, *case).status_code != 303]
    if refused != tried:  # what was taken has changed rows: once more without it
        before = rows(world)
    else:
        refused = []
    for name, value in refused:
        assert answered(app, desk, form, name, value).status_code != 303
    assert rows(world) == before


def cases(paper: Paper) -> list[tuple[str, bytes]]:
    """Every value in all fields at once, but the form's own id, which may come twice; some in each field alone."""
    alone = [] if paper.is_read_elsewhere else [(name, value) for name in paper.fields for value in NASTY_ALONE]
    return [("", value) for value in NASTY] + alone


def answered(app: Flask, desk: Desk, form: str, name: str, value: bytes) -> TestResponse:
    """Never a 5xx, whatever is sent; but for Zoho, which is not there."""
    paper = desk.papers[form]
    client = desk.estate[paper.role] if paper.role else browser(app)
    token = client.environ_base.setdefault("the test's own token", csrf_of(client, paper.token_from))
    answer = send(
        client, paper, token, {name: value} if name else dict.fromkeys(set(paper.fields) - {"form_id"}, value)
    )
    if answer.status_code == 429:
        forgive()
    assert answer.status_code < 500 or (answer.status_code, form) == (502, "accounting.create_link"), (name, value[:40])
    return answer


BESIDE = [
    ("customers.create", "name", "   "), ("customers.create", "name", "x" * 201),
    ("customers.create", "email", "no address"),
    ("customers.create", "payment_terms_days", "-1"), ("customers.create", "payment_terms_days", "366"),
    ("customers.create", "payment_terms_days", "1.5"), ("customers.create", "postal_code", "9" * 21),
    ("customers.create", "country", "ZZ"), ("customers.create", "kind", "owner"),
    ("customers.create", "notes", "n" * 2001),
    ("customers.create", "tax_treatment", "sez"), ("customers.create", "exemption_id", "99999999999999999999"),
    ("customers.create", "certificate_until", "2026-02-30"), ("catalogue.create", "exemption_id", "x"),
    ("standing.update_registration", "until", "2019-12-31"), ("standing.create_exemption", "name", ""),
    ("catalogue.create", "unit_price", "-1"), ("catalogue.create", "unit_price", "0.005"),
    ("catalogue.create", "unit_price", "1e309"), ("catalogue.create", "unit_price", "NaN"),
    ("catalogue.create", "unit_price", "1000000000000"), ("catalogue.create", "unit_price", "1,50"),
    ("catalogue.create", "tax_id", "99999999999999999999"), ("catalogue.create", "code", ""),
    ("work_orders.create", "title", "\u202e\x00"), ("work_orders.create", "customer_id", "99999999999999999999"),
    ("work_orders.create", "day", "2026-02-30"), ("work_orders.create", "day", "9999-12-31"),
    ("work_orders.create", "day", "0001-01-01"), ("work_orders.create", "time", "25:00"),
    ("work_orders.create", "minutes", "-60"), ("work_orders.create", "technician_id", "x"),
    ("work_orders.update_line", "quantity", "0"), ("work_orders.update_line", "quantity", "-1"),
    ("work_orders.update_line", "quantity", "0.0005"), ("work_orders.update_line", "quantity", "1000000000000"),
    ("organisations.update", "name", ""), ("organisations.update", "email", "a@b@c"),
    ("organisations.update", "payment_terms_days", "NaN"), ("organisations.update", "phone", "1" * 41),
    ("people.create", "role", "root"), ("people.create", "email", ""), ("people.create", "name", "n" * 121),
    ("people.create_sign_up", "password", "short"), ("people.create_sign_up", "currency", "XXX"),
    ("people.create_sign_up", "time_zone", "../../etc/passwd"), ("people.create_sign_up", "country", "EU"),
    ("invoices.create", "email", "a b@example.com"), ("invoices.create_sending", "email", "x"),
    ("invoices.create_resending", "email", "x"), ("people.create_password_request", "email", "x"),
    ("statements.create", "email", "x"), ("invoices.create_text", "phone", "x"),
    ("texting.update", "sid", "AC1"), ("texting.update", "sender", "0"), ("texting.update", "token", ""),
    ("reminders.update", "before", "0"), ("reminders.update", "after", "7, seven"),
    ("reminders.update", "after", "181"), ("reminders.update", "until_hour", "25"),
    ("reminders.update", "until_hour", "9"), ("reminders.update", "from_hour", ""),
]  # fmt: skip


@pytest.mark.parametrize(("form", "name", "value"), BESIDE, ids=lambda v: str(v)[:20])
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(
    app: Flask, world: World, desk: Desk, form: str, name: str, value: str
) -> None:
    forgive()
    paper = desk.papers[form]
    client = desk.estate[paper.role] if paper.role else browser(app)
    token, before = csrf_of(client, paper.token_from), rows(world)
    answer = send(client, paper, token, {name: value.encode()})
    assert answer.status_code == 422
    assert rows(world) == before
    field_id = f"f-{name}-{desk.estate.ids['open_line_id']}" if form == "work_orders.update_line" else f"f-{name}"
    element = re.search(rf'<(?:input|select|textarea)[^>]*id="{field_id}"[^>]*>', answer.text)
    assert element is not None and 'aria-invalid="true"' in element.group(0)
    assert 'aria-describedby="' in element.group(0) and f"{field_id}-error" in element.group(0)
    assert re.search(rf'id="{field_id}-error">[^<]{{8,}}', answer.text)
    kept = [kept for key, kept in paper.fields.items() if key not in (name, "password") and len(kept) > 3]
    assert all(html.escape(each) in answer.text for each in kept)
    if name != "password" and "<input" in element.group(0) and value.strip() and "\x00" not in value:
        assert f'value="{html.escape(value)}"' in element.group(0)
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("number", ["9" * 19, "9" * 20, "9" * 5000, "0", "00", "-1", "1.0", "1e3", "%00", "x"])
def test_a_record_of_any_number_that_is_nobodys_is_not_there(app: Flask, desk: Desk, number: str) -> None:
    client = desk.estate["administrator"]
    for path in ("/customers/{}", "/work-orders/{}", "/invoices/{}", "/invoices/{}/invoice.pdf", "/catalogue/{}/edit"):
        assert client.get(path.format(number)).status_code == 404, path.format(number[:30])


@pytest.mark.parametrize("query", ["page=-1", "page=99999999999999999999", "page=x", "page=%00", "q=%00", "q=%ED%A0%80",
                                   "q=%25_%5C", "q=" + "x" * 5000, "state=%00", "kind=%FF", "before=-1", "before=%00",
                                   "line=x&line=99999999999999999999", "customer_id=%00", "page=1&page=2",
                                   "%00=%00"])  # fmt: skip
def test_nonsense_in_the_query_is_no_error(app: Flask, desk: Desk, query: str) -> None:
    client, job = desk.estate["administrator"], desk.estate.ids["open_work_order_id"]
    for path in ("/customers", "/catalogue", "/work-orders", "/invoices", "/board", "/payments", "/work-orders/new",
                 f"/work-orders/{job}/lines/new", f"/work-orders/{job}/invoices/preview",
                 "/books/consent", "/sign-in"):  # fmt: skip
        assert client.get(f"{path}?{query}").status_code in (200, 303, 422), f"{path}?{query[:40]}"


def test_a_page_far_beyond_the_end_is_empty_and_no_error(app: Flask, desk: Desk) -> None:
    for path in ("/customers", "/catalogue", "/work-orders", "/invoices", "/board"):
        assert desk.estate["administrator"].get(f"{path}?page=9999").status_code == 200


def test_a_visit_at_the_end_of_all_calendars_is_refused(app: Flask, desk: Desk) -> None:
    client, paper = desk.estate["administrator"], desk.papers["work_orders.create"]
    for day in (b"9999-12-31", b"0001-01-01"):
        for time in (b"00:00", b"23:59"):
            answer = send(client, paper, csrf_of(client), {"day": day, "time": time, "minutes": b"480"})
            assert answer.status_code == 422


def test_a_body_that_is_no_form_is_refused(app: Flask, world: World, desk: Desk) -> None:
    client, before = desk.estate["administrator"], rows(world)
    for body, kind in ((b"\xff" * 100, "application/x-www-form-urlencoded"), (b"{", "application/json"),
                       (b"--x\r\nContent-Disposition: form-data; name=\"a\"", "multipart/form-data; boundary=x"),
                       (b"x", "multipart/form-data"), (b"", "multipart/form-data; boundary=")):  # fmt: skip
        assert client.post("/customers", data=body, content_type=kind).status_code == 400
    assert rows(world) == before


def test_more_fields_than_any_form_has_are_no_error(app: Flask, desk: Desk) -> None:
    client = desk.estate["administrator"]
    data = {f"x{n}": "1" for n in range(5_000)}
    assert post(client, "/customers", {"name": "Many fields", "kind": "business", **data}).status_code == 303
    lines = {"line": [str(n) for n in range(10**6, 10**6 + 20_000)]}
    path = f"/work-orders/{desk.estate.ids['work_order_id']}/invoices"
    assert post(client, path, {**lines, "then": "draft"}).status_code == 422

"""A form that is not ours changes nothing, and neither does looking."""

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.shared.access import access_of
from portal.shared.running import job_session
from tests.builders import sign_in
from tests.conftest import World, browser
from tests.security.estate import Estate, csrf_of, make_attempt, path_of, rows, rules_of

EXEMPT = {
    "accounting.receive_hint", "payments.receive_event", "pay_page.create_attempt",
    "pay_page.create_joint_attempt", "pay_page.create_joint_opening",
    "pay_page.create_joint_renewal", "pay_page.create_newer",
    "pay_page.create_deposit_attempt", "pay_page.create_deposit_opening", "pay_page.create_deposit_renewal",
    "pay_page.create_autopay_end", "pay_page.create_card_removal",
    "pay_page.create_joint_autopay_end", "pay_page.create_joint_card_removal",
    "pay_page.create_opening", "pay_page.create_question", "pay_page.create_renewal",
    "texting.receive_status",
}  # fmt: skip
# Values that would be accepted, so that a form that slipped through would show in the tables.
FORM = {
    "name": "Forged", "email": "forged@example.com", "password": "a long enough password", "role": "administrator",
    "firm": "Forged", "country": "GB", "currency": "GBP", "time_zone": "Europe/London", "payment_terms_days": "1",
    "title": "Forged", "kind": "business", "code": "FORGED", "unit_price": "1", "quantity": "7", "step": "reopen",
    "current_password": "a long enough password", "new_password": "another long password", "reason": "forged",
    "remote_organisation_id": "10", "then": "send", "key": "rk_test_forged",
}  # fmt: skip


def fields_for(estate: Estate, rule: Rule) -> dict[str, str]:
    ids = estate.ids
    named = {"customer_id": ids["customer_id"], "item_id": ids["item_id"], "line": ids["open_line_id"], "tax_id": ""}
    fields = FORM | {name: str(value) for name, value in named.items()}
    return fields | ({"kind": "service"} if rule.endpoint.startswith("catalogue") else {})


def ids_for(estate: Estate, rule: Rule) -> dict[str, object]:
    """Records on which the form would succeed: an open line, a draft to send or to throw away."""
    ids = {**estate.ids, "line_id": estate.ids["open_line_id"]}
    if "line_id" in rule.arguments or rule.endpoint == "invoices.create":
        ids["work_order_id"] = estate.ids["open_work_order_id"]
    if rule.endpoint in ("invoices.create_issuance", "invoices.create_discarding"):
        ids["invoice_id"] = estate.ids["draft_id"]
    return ids


def forgeries(token: str, others: str) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """name → (fields, headers) of each way to send a form that is not ours."""
    return {
        "no token": ({}, {}),
        "an empty token": ({"csrf_token": ""}, {}),
        "nonsense": ({"csrf_token": "é" * 90}, {"X-CSRF-Token": "\xff" * 88}),
        "another session's token": ({"csrf_token": others}, {}),
        "another session's token in the header": ({}, {"X-CSRF-Token": others}),
        "only htmx's own header": ({}, {"HX-Request": "true"}),
        "from another site": ({"csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
        "from a neighbouring site": ({"csrf_token": token}, {"Sec-Fetch-Site": "same-site"}),
        "a foreign origin": ({"csrf_token": token}, {"Origin": "https://evil.example"}),
        "an origin that begins like ours": ({"csrf_token": token}, {"Origin": "http://portal.test.evil.example"}),
        "an opaque origin": ({"csrf_token": token}, {"Origin": "null"}),
        "an origin that is none": ({"csrf_token": token}, {"Origin": "http://[portal.test"}),
    }


def test_the_exempt_routes_are_those_that_prove_themselves_otherwise(app: Flask) -> None:
    exempt = {name for name, view in app.view_functions.items() if getattr(view, "csrf_exempt", False)}
    assert exempt == EXEMPT


def test_no_forged_form_is_taken_anywhere(app: Flask, world: World, estate: Estate, rival: Estate) -> None:
    client, stranger = estate["administrator"], browser(app)
    for rule in rules_of(app, "POST"):
        if rule.endpoint in EXEMPT:
            continue
        is_open = access_of(app, rule.endpoint).everyone
        sender = stranger if is_open else client
        token = csrf_of(sender, "/sign-in" if is_open else "/people/me/password")
        others = csrf_of(browser(app), "/sign-in") if is_open else csrf_of(rival["administrator"])
        path, fields, before = path_of(rule, ids_for(estate, rule)), fields_for(estate, rule), rows(world)
        for name, (proof, headers) in forgeries(token, others).items():
            answer = sender.post(path, data=fields | proof, headers=headers)
            assert answer.status_code == 400, f"{rule.endpoint}, {name}: {answer.status_code}"
        for kind in ("text/plain", "application/json"):
            answer = sender.post(path, data=f"csrf_token={token}&name=Forged", content_type=kind)
            assert answer.status_code == 400, f"{rule.endpoint} as {kind}: {answer.status_code}"
        assert rows(world) == before, f"{rule.endpoint} changed something"


def test_the_same_form_with_its_own_token_is_taken(app: Flask, world: World, estate: Estate) -> None:
    """So that the test above cannot pass for a wrong reason."""
    client = estate["administrator"]
    before, token = rows(world), csrf_of(client)
    rule = next(r for r in rules_of(app, "POST") if r.endpoint == "customers.create")
    sent = fields_for(estate, rule) | {"csrf_token": token}
    ours = {"Origin": "http://portal.test", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/customers", data=sent, headers=ours).status_code == 303
    assert rows(world)["customers"] != before["customers"]


@pytest.mark.parametrize("what", ["token", "header"])
def test_a_token_of_an_earlier_sign_in_of_the_same_person_is_not_taken(app: Flask, estate: Estate, what: str) -> None:
    first = sign_in(browser(app), estate.firm, "manager")
    second = sign_in(browser(app), estate.firm, "manager")
    token = csrf_of(first)
    proof = {"data": {"csrf_token": token}} if what == "token" else {"headers": {"X-CSRF-Token": token}}
    assert second.post("/sign-out", **proof).status_code == 400


def test_a_page_never_shows_the_same_token_twice(estate: Estate) -> None:
    assert csrf_of(estate["manager"]) != csrf_of(estate["manager"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://[portal.test"},
    ],
    ids=["cross-site", "foreign origin", "no origin at all"],
)
def test_the_customers_own_forms_are_refused_from_elsewhere(
    app: Flask, world: World, estate: Estate, headers: dict[str, str]
) -> None:
    client, before, path = browser(app), rows(world), f"/p/{estate.ids['token']}"
    for form in ("attempts", "opening"):
        answer = client.post(f"{path}/{form}", data={"shown": "23580.GBP.1", "proof": "0" * 64}, headers=headers)
        assert answer.status_code == 403, f"{form}: {answer.status_code}"
    assert rows(world) == before


def test_pay_without_the_forms_own_proof_is_refused(app: Flask, world: World, estate: Estate) -> None:
    client, before, path = browser(app), rows(world), f"/p/{estate.ids['token']}/attempts"
    for sent in ({}, {"shown": "1.GBP.1", "proof": ""}, {"shown": "23580.GBP.1", "proof": "é"}):
        assert client.post(path, data=sent).status_code == 403
    assert rows(world) == before


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "t=x", "é", "t=1," * 500, "v1=" + "0" * 64])
def test_a_webhook_that_stripe_did_not_sign_leaves_no_row(
    app: Flask, world: World, estate: Estate, signature: str
) -> None:
    before, path = rows(world), f"/webhooks/stripe/{estate.ids['endpoint_key']}"
    body = b'{"id": "evt_1", "object": "event", "type": "checkout.session.completed"}'
    headers = {"Stripe-Signature": signature.encode().decode("latin-1")}
    assert browser(app).post(path, data=body, headers=headers).status_code == 400
    assert rows(world) == before


def test_looking_changes_nothing(app: Flask, world: World, estate: Estate, rival: Estate) -> None:
    """Every page with our ids, others' and made-up ones, GET and HEAD: scanners, prefetchers and crawlers do that."""
    with job_session(estate.firm.organisation_id) as session:
        ids = {**estate.ids, "public_id": make_attempt(session, estate).public_id}
    lookers = [browser(app), estate["administrator"], estate["field_agent"]]
    for rule in rules_of(app, "GET"):
        before = rows(world)
        for path in {path_of(rule, ids), path_of(rule, rival.ids), path_of(rule, {})}:
            for client in lookers:
                seen, again = client.get(path), client.head(path)
                assert seen.status_code == again.status_code != 500, path
                assert again.data == b"", path
        assert rows(world) == before, f"looking at {rule.rule} changed something"

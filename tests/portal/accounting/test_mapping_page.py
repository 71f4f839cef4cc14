"""The mapping is changed on its page: seen first, kept in versions, and then to be found in Zoho."""

import contextlib
import html
import re
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting import directions, field_rules, fields
from portal.accounting.mirror.drain import drain
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Address, Customer
from portal.shared import outbox
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import let_time_pass
from tests.portal.accounting.doings import credit, pay, sent_invoice, void
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
PAGE = "/books/mapping"


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    found = connect(zoho, firm, product=request.param)
    site = {"entity": "contacts", "label": "Site", "api_name": "cf_site"}
    zoho.control("POST", f"/orgs/{found.remote}/customfields", site)
    filled = {"contact_name": "Somebody there", "custom_fields": [{"api_name": "cf_site", "value": "Hull"}]}
    zoho.act(found.remote, "POST /contacts", filled)
    with job_session(found.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).notes = "Ring twice"
        outbox.record(session, found.organisation_id, "customer", firm.customer_id)
    drain(found.organisation_id)
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", page)))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, words(page)
    return html.unescape(found.group(1))


def press(client: FlaskClient, do: str, **fields: object) -> Any:
    return post(client, PAGE, {"module": "customer", "do": do, **fields}, page=PAGE)


def keep(client: FlaskClient, **fields: object) -> Any:
    """See it first, then keep what was seen, as the page does."""
    form = {"module": "customer", **fields}
    seen = post(client, PAGE, form | {"do": "preview"}, page=PAGE)
    names = re.findall(r'<select[^>]* name="([^"]+)"', seen.text)
    chosen = {name: re.search(rf'name="{name}".*?value="([^"]*)" selected', seen.text, re.S) for name in names}
    shown = {name: found.group(1) for name, found in chosen.items() if found is not None}
    named = re.findall(r'name="named" value="([^"]+)"', seen.text)
    told = {name: hidden(seen.text, name) for name in ("seen", "based_on")}
    return post(client, PAGE, {"module": form["module"], "do": "keep", "named": named, **told, **shown}, page=PAGE)


def there_is(linked: LinkedFirm, api_name: str, **facts: str) -> None:
    body = {"entity": "contacts", "label": api_name, "api_name": api_name, **facts}
    linked.zoho.control("POST", f"/orgs/{linked.remote}/customfields", body)


def maple(linked: LinkedFirm) -> dict[str, Any]:
    return next(one for one in linked.there("contacts") if one["contact_name"].startswith("Maple"))


def test_every_row_shows_a_sample_of_a_real_record_and_the_custom_fields_there(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    page = admin.get(PAGE).text
    assert "for example Ring twice" in page and 'value="cf:cf_site"' in page


def test_a_row_of_addresses_shows_anybodys_where_this_record_has_none(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.change("UPDATE addresses SET use = 'billing'")
    with job_session(linked.organisation_id) as session:
        other = Customer(organisation_id=linked.organisation_id, number="C-2", name="Other", kind="business")
        other.addresses = [
            Address(
                organisation_id=linked.organisation_id, use="service", street="7 Mill Lane", city="Leeds",
                postal_code="LS1", country="GB",
            )
        ]  # fmt: skip
        session.add(other)
    assert "for example 7 Mill Lane, Leeds" in words(admin.get(PAGE).text)


def test_a_direction_is_written_as_zoho_writes_itself(linked: LinkedFirm, admin: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "item", directions.BOTH)
    shown = admin.get(f"{PAGE}?module=item").text
    assert "From here to Zoho" in shown and "From here to zoho" not in shown


def test_zohos_four_types_are_told_with_the_firms_own_first_customers(linked: LinkedFirm, admin: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        for name in ("Rita Okafor", "Sam Poole"):
            add_customer(session, linked.organisation_id, CustomerFacts("individual", name), form_id=None)
    told = words(admin.get(PAGE).text).split("How your customers look in Zoho")[1]
    of_type = re.split(r"Type (?:I|II|III|IV) · ", told)[1:]
    assert [each.split(" Each ")[0].split(" A company")[0].split(" Whoever")[0].strip() for each in of_type] == [
        "Companies", "Contacts", "Companies and contacts", "Companies or contacts · as it is here",
    ]  # fmt: skip
    assert "Maple Dental Practice Business Rita Okafor no customer: nobody to bill" in of_type[0]
    assert "Maple Dental Practice Individual Rita Okafor" in of_type[1] and "Sam Poole Individual" in of_type[1]
    assert "Business with Rita Okafor" in of_type[2] and "Sam Poole no customer" in of_type[2]
    assert "Business with Rita Okafor" in of_type[3] and "Sam Poole Individual" in of_type[3]


EVERY_MODULE = {
    "customer": "Name → Contact name from here to Zoho · ours counts for example Maple Dental Practice",
    "item": "Price → Rate from here to Zoho · ours counts for example",
    "invoice": "Customer → Customer from here to Zoho · ours counts for example Maple Dental Practice",
    "payment": "Way of paying → Payment mode from here to Zoho · ours counts for example card",
    "credit_note": "Reason → Customer notes from here to Zoho · ours counts for example",
    "tax": "Name ↔ Tax name offered on both sides · you are asked for example",
}


@pytest.mark.parametrize("module", fields.MAPPED)
def test_every_module_has_its_rows_with_direction_winner_and_a_real_value(
    linked: LinkedFirm, admin: FlaskClient, module: str
) -> None:
    invoice = sent_invoice(linked)
    pay(linked, invoice, 100)
    credit(linked, sent_invoice(linked))
    page = admin.get(f"{PAGE}?module={module}").text
    assert EVERY_MODULE[module] in words(page)
    assert page.count('<details class="card" id="row-') == len(fields.OURS[module])


def test_direction_and_winner_are_each_rows_own_once_the_module_goes_both_ways(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    assert 'name="way_notes"' not in admin.get(PAGE).text
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "customer", "both")
    assert "Name ↔ Contact name both ways · you are asked when both changed it" in words(admin.get(PAGE).text)
    assert keep(admin, theirs_notes="notes", way_notes="pull", wins_name="theirs").status_code == 303
    shown = words(admin.get(PAGE).text)
    assert "Notes ← Remarks from Zoho to here · Zoho's counts" in shown
    assert "Name ↔ Contact name both ways · Zoho's counts when both changed it" in shown
    seen = press(admin, "preview", wins_name="ours")
    assert "No record would change" in seen.text and "comes over with the next change" in seen.text
    refused = press(admin, "preview", way_name="pull")
    assert refused.status_code == 422 and "it goes there as well" in refused.text
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "tax", "both")
    rates = words(admin.get(f"{PAGE}?module=tax").text)
    assert "both ways · you are asked when Zoho changed it" in rates


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"module": "moon"}, "Choose a kind of record from the list."),
        ({"do": "explode"}, "Choose what to do from the list."),
        ({"wins_notes": "nobody"}, "Choose which side counts from the list."),
        ({"way_notes": "sideways"}, "Choose a direction from the list."),
        ({"version": "99"}, "There is no such version"),
        ({"version": "one"}, "There is no such version"),
        ({"theirs_name": ""}, "Zoho asks for it: it always goes there."),
        ({"theirs_notes": "moon"}, "Zoho has no such field"),
    ],
)
def test_what_the_page_does_not_know_is_refused_in_words(
    linked: LinkedFirm, admin: FlaskClient, sent: dict[str, str], said: str
) -> None:
    answer = press(admin, **{"do": "keep", **sent})
    assert answer.status_code == 422 and said in answer.text
    assert "Version 1" not in admin.get(PAGE).text


def test_a_version_with_a_field_that_is_gone_is_restored_but_for_that_row(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    there_is(linked, "cf_days")
    keep(admin, theirs_notes="cf:cf_site", theirs_payment_terms_days="cf:cf_days", named="cf_days")
    keep(admin, theirs_notes="website", theirs_payment_terms_days="payment_terms")
    linked.zoho.act(linked.remote, f"PUT /contacts/{maple(linked)['contact_id']}", {"custom_fields": []})
    seen = press(admin, "preview", version="1")
    assert seen.status_code == 200
    assert "Not all of that version can be restored" in seen.text and "Days to pay → cf_days (custom)" in words(
        seen.text
    )
    assert keep(admin, version="1").status_code == 303
    page = admin.get(PAGE).text
    assert re.search(r'name="theirs_notes".*?value="cf:cf_site" selected', page, re.S)
    assert re.search(r'name="theirs_payment_terms_days".*?value="payment_terms" selected', page, re.S)
    named = press(admin, "preview", version="1", name="cf_days")
    assert "Not all of that version" not in named.text and 'value="cf:cf_days" selected' in named.text


def test_a_change_says_how_many_records_would_change_before_it_is_kept(linked: LinkedFirm, admin: FlaskClient) -> None:
    seen = press(admin, "preview", theirs_notes="cf:cf_site")
    assert "This record would change" in seen.text and "Nothing is kept yet" in seen.text
    assert f'<a href="/customers/{linked.firm.customer_id}">Maple Dental Practice</a>' in seen.text
    drain(linked.organisation_id)
    assert not maple(linked).get("custom_fields")
    assert "No record would change" in press(admin, "preview", theirs_notes="").text


def test_only_records_that_would_be_written_count_as_changed(linked: LinkedFirm, admin: FlaskClient) -> None:
    """Not who has never been there, nor what goes its own way, was left out or is void, nor what only Zoho decides."""
    with job_session(linked.organisation_id) as session:
        fresh = add_customer(
            session, linked.organisation_id, CustomerFacts("business", "New", notes="Not yet there"), form_id=None
        )
        directions.keep(session, linked.link(), "customer", "both")
        assert fresh.notes
    assert "This record would change" in press(admin, "preview", theirs_notes="website").text
    only_theirs = press(admin, "preview", theirs_notes="website", way_notes="pull")
    assert "No record would change" in only_theirs.text
    for change in (
        "state = 'paused', left_out_why = 'Private'",
        """state = 'in_step', snapshot = snapshot || '{"is_theirs": true}'""",
    ):
        linked.change(f"UPDATE mirror_records SET {change}")
        assert "No record would change" in press(admin, "preview", theirs_notes="website").text
    voided = sent_invoice(linked)
    drain(linked.organisation_id)
    named = {"module": "invoice", "theirs_title": "notes"}
    assert "This record would change" in press(admin, "preview", **named).text
    void(linked, voided.id)
    assert "No record would change" in press(admin, "preview", **named).text


def test_a_number_that_goes_into_a_text_goes_there_only_and_the_row_says_so(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "customer", "both")
        session.get_one(Customer, linked.firm.customer_id).payment_terms_days = 21
    asked = {"theirs_payment_terms_days": "cf:cf_site", "way_payment_terms_days": "both"}
    told = words(press(admin, "preview", **asked).text).split("Days to pay →")[1]
    assert "from here to Zoho · ours counts" in told and "words cannot be read back" in told
    assert keep(admin, **asked).status_code == 303
    drain(linked.organisation_id)
    theirs = {"custom_fields": [{"api_name": "cf_site", "value": "when they like"}]}
    linked.zoho.act(linked.remote, f"PUT /contacts/{maple(linked)['contact_id']}", theirs)
    let_time_pass(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        assert session.get_one(Customer, linked.firm.customer_id).payment_terms_days == 21


def test_what_is_kept_is_found_in_zoho(linked: LinkedFirm, admin: FlaskClient) -> None:
    assert keep(admin, theirs_notes="cf:cf_site").status_code == 303
    drain(linked.organisation_id)
    assert [one["value"] for one in maple(linked)["custom_fields"]] == ["Ring twice"]
    assert {one.state for one in linked.mirror("customer")} == {"in_step"}


@pytest.mark.parametrize("way", ["push", "both"])
def test_what_no_row_goes_to_any_more_is_emptied_there_as_the_page_says_before(
    linked: LinkedFirm, admin: FlaskClient, way: str
) -> None:
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "customer", way)
    for where, there in (("cf:cf_site", "Ring twice"), ("", ""), ("cf:cf_site", "Ring twice")):
        assert re.search(
            r"(This record|These \d records) would change", press(admin, "preview", theirs_notes=where).text
        )
        assert keep(admin, theirs_notes=where).status_code == 303
        drain(linked.organisation_id)
        let_time_pass(linked)
        drain(linked.organisation_id)
        assert "".join(one["value"] or "" for one in maple(linked).get("custom_fields", [])) == there
    with job_session(linked.organisation_id) as session:
        assert session.get_one(Customer, linked.firm.customer_id).notes == "Ring twice"


def test_what_was_seen_of_one_organisation_is_not_kept_for_another(linked: LinkedFirm, admin: FlaskClient) -> None:
    """A colleague went over meanwhile: what would change there is told first."""
    form: dict[str, object] = {"module": "customer", "theirs_notes": "website"}
    seen = press(admin, "preview", theirs_notes="website").text
    told = {name: hidden(seen, name) for name in ("seen", "based_on")}
    product = linked.link().product
    linked.change("UPDATE links SET archived_at = now()")
    connect(linked.zoho, linked.firm, product=product)
    late = post(admin, PAGE, form | {"do": "keep", **told}, page=PAGE)
    assert late.status_code == 200 and "Nothing is kept yet" in late.text
    assert hidden(late.text, "seen") != told["seen"]


def test_the_row_of_the_pdf_says_the_same_in_both_products(linked: LinkedFirm, admin: FlaskClient) -> None:
    shown = words(admin.get(f"{PAGE}?module=invoice").text)
    assert "PDF" in shown and "Where you switch it on under Books" in shown and "no Attachment" not in shown


def test_a_field_that_no_record_shows_yet_is_named_and_the_first_record_tells(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    wrong = press(admin, "name", name="Van & crew", theirs_notes="website")
    assert wrong.status_code == 422 and "begins with cf_" in wrong.text and 'value="website" selected' in wrong.text
    there_is(linked, "cf_van")
    named = press(admin, "name", name="{CF_van}")
    assert 'value="cf:cf_van"' in named.text and "shows cf_van yet" in words(named.text)
    assert keep(admin, theirs_notes="cf:cf_van", named="cf_van").status_code == 303
    drain(linked.organisation_id)
    assert [one["value"] for one in maple(linked)["custom_fields"]] == ["Ring twice"]
    assert "shows cf_van yet" not in words(admin.get(PAGE).text)


def test_a_custom_field_that_zoho_has_not_is_refused_beside_its_row_before_anything_is_kept(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    theirs = {"custom_fields": [{"api_name": "cf_site", "value": "Key account"}]}
    linked.zoho.act(linked.remote, f"PUT /contacts/{maple(linked)['contact_id']}", theirs)
    refused = keep(admin, theirs_notes="cf:cf_nowhere", named="cf_nowhere")
    assert refused.status_code == 422 and 'value="cf:cf_nowhere" selected' in refused.text
    of_notes = words(refused.text).split("Where Notes goes")[1].split("In use")[0]
    assert "Zoho did not take cf_nowhere when it was tried just now" in of_notes and "Look up its API name" in of_notes
    assert "Version 1" not in refused.text
    drain(linked.organisation_id)
    assert {one.state for one in linked.mirror("customer")} == {"in_step"}
    assert [one["value"] for one in maple(linked)["custom_fields"]] == ["Key account"]


def test_a_named_field_that_turns_out_to_be_of_another_kind_is_refused(linked: LinkedFirm, admin: FlaskClient) -> None:
    there_is(linked, "cf_count", data_type="number")
    there_is(linked, "cf_photo", data_type="attachment")
    refused = keep(admin, theirs_notes="cf:cf_count", named="cf_count")
    assert refused.status_code == 422 and "cf_count (custom) takes numbers only" in words(refused.text)
    refused = keep(admin, theirs_notes="cf:cf_photo", named="cf_photo")
    assert refused.status_code == 422 and "cannot be filled from here" in words(refused.text)


def test_a_named_field_is_not_kept_while_there_is_no_record_to_try_it_on_or_zoho_is_silent(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    refused = keep(admin, module="payment", theirs_reference="cf:cf_code", named="cf_code")
    assert refused.status_code == 422 and "nothing of yours is there yet" in words(refused.text)
    there_is(linked, "cf_van")
    linked.zoho.break_down("code_44", method="GET", path=f"/contacts/{maple(linked)['contact_id']}")
    refused = keep(admin, theirs_notes="cf:cf_van", named="cf_van")
    assert refused.status_code == 422 and "Nothing is kept yet" in words(refused.text)
    assert 'value="cf:cf_van" selected' in refused.text
    linked.zoho.mend()
    assert keep(admin, theirs_notes="cf:cf_van", named="cf_van").status_code == 303


def test_what_was_changed_after_it_was_seen_is_shown_again_first(linked: LinkedFirm, admin: FlaskClient) -> None:
    seen = hidden(press(admin, "preview", theirs_notes="website").text, "seen")
    again = press(admin, "keep", theirs_notes="cf:cf_site", seen=seen)
    assert again.status_code == 200 and "would change" in again.text
    assert "Version 1" not in admin.get(PAGE).text


def test_who_keeps_from_an_old_page_is_told_first_who_kept_another_version_meanwhile(
    app: Flask, linked: LinkedFirm, admin: FlaskClient
) -> None:
    opened = hidden(admin.get(PAGE).text, "based_on")
    old = press(admin, "preview", theirs_notes="website", based_on=opened).text
    told = {name: hidden(old, name) for name in ("seen", "based_on")}
    assert keep(sign_in(browser(app), linked.firm, "administrator"), theirs_notes="cf:cf_site").status_code == 303
    refused = press(admin, "keep", theirs_notes="website", **told)
    shown = words(refused.text)
    assert refused.status_code == 409
    assert "Ada Admin kept version 1 meanwhile On " in shown and "This record would change" in shown
    assert "Notes: cf_site" in shown and "now, Website" in shown and 'value="website" selected' in refused.text
    assert "Version 1 (now)" in words(admin.get(PAGE).text)
    told = {name: hidden(refused.text, name) for name in ("seen", "based_on")}
    assert press(admin, "keep", theirs_notes="website", **told).status_code == 303
    assert "Version 2 (now)" in words(admin.get(PAGE).text)


@pytest.mark.parametrize("do", ["preview", "name"])
def test_a_page_that_was_opened_before_another_version_says_so_when_it_is_looked_at(
    linked: LinkedFirm, admin: FlaskClient, do: str
) -> None:
    opened = hidden(admin.get(PAGE).text, "based_on")
    keep(admin, theirs_notes="cf:cf_site")
    seen = press(admin, do, theirs_notes="website", based_on=opened)
    assert "kept version 1 meanwhile" in seen.text and 'value="website" selected' in seen.text
    again = press(admin, do, theirs_notes="website", based_on=hidden(seen.text, "based_on"))
    assert "kept version 1 meanwhile" not in again.text


def test_two_who_keep_at_the_same_moment_are_never_both_kept_unseen(linked: LinkedFirm) -> None:
    both_have_seen, kept = threading.Barrier(2, timeout=15), list[int]()

    def press_it() -> None:
        with job_session(linked.organisation_id) as session:
            link = session.merge(linked.link())
            wanted = field_rules.rules_of(session, link.id, "customer")
            both_have_seen.wait()
            with contextlib.suppress(field_rules.KeptMeanwhile):
                kept.append(field_rules.keep(session, link, "customer", wanted, made_by="Ada Admin", based_on=0))

    presses = [threading.Thread(target=press_it) for _ in range(2)]
    for each in presses:
        each.start()
    for each in presses:
        each.join(20)
    with job_session(linked.organisation_id) as session:
        assert [each.number for each in field_rules.versions_of(session, linked.link().id, "customer")] == [1]
    assert len(kept) == 1


def test_versions_tell_who_and_can_be_gone_back_to(linked: LinkedFirm, admin: FlaskClient) -> None:
    keep(admin, theirs_notes="cf:cf_site")
    keep(admin, theirs_notes="website")
    shown = words(admin.get(PAGE).text)
    assert "Version 2 (now) Ada Admin" in shown and "Version 1 Ada Admin" in shown
    assert keep(admin, version="1").status_code == 303
    assert re.search(r'value="cf:cf_site" selected', admin.get(PAGE).text)
    assert "Version 3 (now)" in words(admin.get(PAGE).text)
    assert "would change" in press(admin, "reset").text


def test_a_mapping_that_cannot_be_is_refused_beside_its_row_with_what_was_chosen_kept(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    refused = press(admin, "keep", theirs_notes="payment_terms")
    assert refused.status_code == 422 and "takes numbers only" in refused.text
    assert re.search(r'value="payment_terms" selected', refused.text)
    assert "Version 1" not in admin.get(PAGE).text


def test_the_row_says_what_the_product_lacks_and_cannot_be_kept_so(linked: LinkedFirm, admin: FlaskClient) -> None:
    shown = words(admin.get(PAGE).text)
    is_invoice = linked.link().product == "invoice"
    of_notes = shown.split("Notes · stays here")[1].split("Where Notes goes")[0]
    assert ("Zoho Invoice has no Legal name; Zoho Books has." in of_notes) == is_invoice
    refused = press(admin, "keep", theirs_notes="legal_name")
    assert ("Legal name is there in Zoho Books only" in refused.text, refused.status_code) == (
        is_invoice, 422 if is_invoice else 200)  # fmt: skip
    money = words(admin.get(f"{PAGE}?module=payment").text)
    assert ("Zoho Invoice has no Account" in money) == is_invoice


def test_an_invoice_carries_what_was_done_where_the_mapping_says(linked: LinkedFirm, admin: FlaskClient) -> None:
    keep(admin, module="invoice", theirs_title="notes")
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert there["notes"] == invoice.title != ""


def test_zoho_out_of_reach_is_told(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.break_down("code_44", method="GET", path="/contacts")
    assert admin.get(PAGE).status_code == 502


def test_what_was_chosen_stands_there_still_when_zoho_is_silent(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.break_down("error_500_before", method="GET", path="/contacts", times=3)
    shown = admin.get(PAGE)
    assert shown.status_code == 502 and "The mapping below is the one in force" in shown.text
    silent = press(admin, "preview", theirs_notes="cf:cf_site", named="cf_van", wins_phone="ours")
    assert silent.status_code == 502 and "Press the button once more" in words(silent.text)
    assert 'value="cf:cf_site" selected' in silent.text and 'name="named" value="cf_van"' in silent.text
    linked.zoho.mend()
    assert keep(admin, theirs_notes="cf:cf_site").status_code == 303


def test_a_custom_field_that_only_a_record_of_the_last_page_shows_is_in_the_lists(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    there_is(linked, "cf_last")
    for count in range(205):
        linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": f"Before {count:03}"})
    filled = {"contact_name": "Zuzu", "custom_fields": [{"api_name": "cf_last", "value": "x"}]}
    linked.zoho.act(linked.remote, "POST /contacts", filled)
    linked.zoho.forget_requests()
    assert 'value="cf:cf_last"' in admin.get(PAGE).text
    asked = len(linked.zoho.requests(linked.remote, "GET", "/contacts"))
    assert asked == 2
    token = re.search(r'name="csrf_token" value="([^"]+)"', admin.get("/books").text)
    assert token is not None
    form = {"csrf_token": token.group(1), "module": "customer", "do": "preview", "theirs_notes": "cf:cf_last"}
    assert 'value="cf:cf_last" selected' in admin.post(PAGE, data=form).text
    assert len(linked.zoho.requests(linked.remote, "GET", "/contacts")) == asked  # remembered for a few minutes

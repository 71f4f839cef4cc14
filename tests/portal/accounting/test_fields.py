"""What may go into which field of Zoho's, and what a payload looks like afterwards."""

import pytest

from portal.accounting import fields
from portal.accounting.fields import NUMBER, Facts, Rule, Theirs, custom_fields_of, dress, problems, usual

SITE = Theirs("cf:cf_site", "Site", longest=255)
DAYS = Theirs("cf:cf_days", "Days", NUMBER)
MAIL = Theirs("cf:cf_mail", "Second mail", fields.custom_fields_of(
    {"custom_fields": [{"api_name": "cf_mail", "data_type": "email"}]})[0].kind)  # fmt: skip


def changed(module: str, **theirs: str) -> list[Rule]:
    return [Rule(rule.ours, theirs.get(rule.ours, rule.theirs)) for rule in usual(module)]


@pytest.mark.parametrize("module", fields.MAPPED)
@pytest.mark.parametrize("product", ["books", "invoice"])
def test_the_usual_mapping_can_be_kept_in_both_products(module: str, product: str) -> None:
    assert problems(Facts(module, product, country="GB"), usual(module)) == {}


@pytest.mark.parametrize(
    ("module", "theirs", "product", "words"),
    [
        ("customer", {"name": ""}, "books", "Zoho asks for it"),
        ("customer", {"name": "website"}, "books", "Zoho asks for it"),
        ("invoice", {"number": "notes"}, "books", "always goes there"),
        ("customer", {"notes": "payment_terms"}, "books", "takes numbers only"),
        ("customer", {"notes": "cf:cf_days"}, "books", "takes numbers only"),
        ("customer", {"notes": "cf:cf_gone"}, "books", "no such field"),
        ("customer", {"notes": "legal_name"}, "invoice", "Zoho Books only"),
        ("customer", {"notes": "website", "tax_number": "website"}, "books", "Two of your fields"),
        ("customer", {"notes": "website"}, "books", "has 300 characters, and Website takes 255"),
        ("item", {"description": "purchase_description"}, "invoice", "Zoho Books only"),
        ("customer", {"tax_number": "gst_no"}, "books", "edition has no GSTIN"),
        ("customer", {"notes": "cf:cf_mail"}, "books", "takes e-mail addresses only"),
        ("payment", {"amount": ""}, "invoice", "Zoho asks for it"),
        ("payment", {"reference": "description"}, "invoice", "Two of your fields"),
        ("credit_note", {"reason": "cf:cf_gone"}, "books", "no such field"),
        ("tax", {"rate": "tax_name"}, "books", "always goes there"),
    ],
)
def test_what_would_break_a_field_of_theirs_cannot_be_kept(
    module: str, theirs: dict[str, str], product: str, words: str
) -> None:
    facts = Facts(module, product, [SITE, DAYS, MAIL], {"notes": 300}, "GB")
    found = problems(facts, changed(module, **theirs))
    assert any(words in each for each in found.values()), found


def test_a_number_may_go_into_a_text_and_a_text_into_a_custom_field() -> None:
    wanted = changed("customer", payment_terms_days="cf:cf_days", tax_number="cf:cf_site")
    assert problems(Facts("customer", "invoice", [SITE, DAYS], {"tax_number": 12}), wanted) == {}


def test_a_number_in_a_text_goes_there_only_and_in_a_number_both_ways() -> None:
    facts = Facts("customer", "books", [SITE, DAYS])
    ways = {}
    for theirs in ("cf:cf_site", "cf:cf_days", "website", "payment_terms", ""):
        settled = fields.settled(facts, changed("customer", payment_terms_days=theirs))
        ways[theirs] = next(rule.direction for rule in settled if rule.ours == "payment_terms_days")
    assert ways == {"cf:cf_site": "push", "cf:cf_days": "both", "website": "push", "payment_terms": "both", "": "both"}
    earlier = fields.ways_of("customer", changed("customer", payment_terms_days="website", notes="notes"))
    assert (earlier["payment_terms_days"], earlier["notes"]) == ("push", "both")


def test_a_field_that_was_moved_leaves_its_usual_place() -> None:
    payload = {"contact_name": "Maple", "payment_terms": 14}
    wanted = changed("customer", payment_terms_days="cf:cf_days", notes="notes")
    dressed = dress(payload, "customer", wanted, {"payment_terms_days": 14, "notes": "Ring twice"})
    assert dressed == {
        "contact_name": "Maple", "notes": "Ring twice", "custom_fields": [{"api_name": "cf_days", "value": "14"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "beside"),
    [("vat_reg_no", {"vat_treatment": "uk"}), ("gst_no", {"gst_treatment": "business_gst"}),
     ("tax_reg_no", {"tax_treatment": "vat_registered"})],
)  # fmt: skip
def test_a_tax_number_goes_with_the_standing_that_the_edition_asks_for(theirs: str, beside: dict[str, str]) -> None:
    wanted = changed("customer", tax_number=theirs)
    assert dress({}, "customer", wanted, {"tax_number": "GB999999973"}) == {theirs: "GB999999973", **beside}
    assert dress({}, "customer", wanted, {"tax_number": ""}) == {}


def test_the_usual_mapping_changes_no_payload() -> None:
    payload = {"contact_name": "Maple", "payment_terms": 14}
    assert dress(payload, "customer", usual("customer"), {"notes": "x", "payment_terms_days": 14}) == payload
    assert dress({"amount": 1}, "payment", [], {}) == {"amount": 1}


def test_custom_fields_of_kinds_that_we_cannot_fill_are_not_offered() -> None:
    shown = [
        {"api_name": "cf_site", "label": "Site", "data_type": "string"},
        {"api_name": "cf_photo", "label": "Photo", "data_type": "attachment"},
        {"label": "Without a name"},
    ]
    assert [each.key for each in custom_fields_of({"custom_fields": shown})] == ["cf:cf_site"]


def test_a_tax_number_that_stays_here_is_told_to_go_along_where_the_edition_asks_for_it() -> None:
    numbers = [field for field in fields.OURS["customer"] if field.key == "tax_number"]
    told = [fields.goes_anyway(numbers[0], Facts("customer", "books", country=each)) for each in ("GB", "US")]
    assert told == ["VAT number (United Kingdom)", ""]


def test_an_update_leaves_alone_what_only_zoho_decides() -> None:
    wanted = [Rule("notes", "notes", "pull"), Rule("tax_number", "cf:cf_vat", "pull"), Rule("name", "contact_name")]
    payload = {"contact_name": "Maple", "notes": "x", "custom_fields": [{"api_name": "cf_vat", "value": "1"}]}
    assert fields.without_pulled(payload, "customer", wanted) == {"contact_name": "Maple"}
    assert fields.without_pulled(payload, "customer", usual("customer")) == payload

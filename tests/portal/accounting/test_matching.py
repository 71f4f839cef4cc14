"""Which of our records one in Zoho is taken for, may be, or is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.accounting.setup.matching import MATCHED, NEW, UNSURE, Known, Match, Ours, customer_of, item_of, match

MAPLE = Known(1, "C-00001", "Maple Dental Practice", "reception@maple.example", "0113 496 0000", "GB 123 4567 89")
HARBOUR = Known(2, "C-00002", "Harbour Flats", "office@harbour.example", "0113 496 0111")
OURS = Ours([MAPLE, HARBOUR])


@pytest.mark.parametrize(
    ("theirs", "found", "local_id"),
    [
        (Known(0, name="Willow Court"), NEW, None),
        (Known(0), NEW, None),
        (Known(0, name="  maple dental  PRACTICE. "), MATCHED, 1),
        (Known(0, name="Maple Dental Practice", email="RECEPTION@maple.example"), MATCHED, 1),
        (Known(0, name="Maple Dental Practice", email="somebody@else.example"), UNSURE, 1),
        (Known(0, name="Maple Dental", email="reception@maple.example"), UNSURE, 1),
        (Known(0, name="Maple Dental", email="reception@maple.example", tax_number="GB123456789"), MATCHED, 1),
        (Known(0, name="Rita Okafor", phone="+44 113 496 0000"), UNSURE, 1),
        (Known(0, name="Another firm", number="C-00001"), NEW, None),
        (Known(0, name="Another firm", number="C-00001", email="office@harbour.example"), UNSURE, 2),
        (Known(0, name="Another branch", tax_number="GB123456789"), UNSURE, 1),
        (Known(0, number="C-00001", tax_number="GB123456789"), MATCHED, 1),
        (Known(0, name="Harbour Flats", phone="0113 496 0111"), MATCHED, 2),
        (Known(0, name="Elm", phone="12"), NEW, None),
    ],
)  # fmt: skip
def test_a_customer_is_matched_by_what_both_know(theirs: Known, found: str, local_id: int | None) -> None:
    result = match(theirs, OURS)
    assert (result.found, result.local_id) == (found, local_id)


def test_a_code_alone_makes_a_pair_of_items_that_people_judge() -> None:
    ours = Ours([Known(1, name="Valve", code="SV-02")])
    assert match(item_of({"name": "Labour", "sku": "sv 02"}), ours) == Match(UNSURE, 1, "code")


def test_two_of_ours_that_are_equally_like_it_are_never_guessed_between() -> None:
    twins = [Known(1, name="Maple"), Known(2, name="Maple")]
    assert match(Known(0, name="Maple"), Ours(twins)).found == UNSURE


def test_what_is_out_of_use_here_is_asked_about_and_comes_after_what_is_in_use() -> None:
    asleep, awake = Known(1, name="Maple", is_in_use=False), Known(2, name="Maple")
    assert match(Known(0, name="Maple"), Ours([asleep])) == Match(UNSURE, 1, "name, out of use here")
    assert match(Known(0, name="Maple"), Ours([asleep, awake])) == Match(MATCHED, 2, "name")
    assert match(customer_of({"contact_name": "Maple", "status": "inactive"}), Ours([asleep])).found == NEW


def test_the_basis_is_told_in_words() -> None:
    found = match(Known(0, name="Maple Dental Practice", email="reception@maple.example"), OURS)
    assert found.basis == "e-mail and name"


def test_the_tax_number_is_read_from_whatever_the_edition_calls_it() -> None:
    for key in ("tax_reg_no", "vat_reg_no", "gst_no"):
        assert customer_of({"contact_name": "A", key: "X1"}).tax_number == "X1"


words = st.text("abc @.0123456789", max_size=6)
facts = st.builds(Known, st.just(0), words, words, words, words, words)


@settings(max_examples=200)
@given(facts, st.lists(facts, max_size=4))
def test_a_record_is_matched_only_to_one_of_ours_and_only_for_a_reason(theirs: Known, ours: list[Known]) -> None:
    numbered = [Known(n, *list(vars(each).values())[1:]) for n, each in enumerate(ours, 1)]
    found = match(theirs, Ours(numbered))
    assert (found.found == NEW) == (found.local_id is None) == (found.basis == "")
    assert found.local_id in (None, *(each.id for each in numbered))

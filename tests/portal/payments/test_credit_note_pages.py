"""A credit note takes the card page away first, so that nobody pays what is not owed any more; and the list."""

import pytest
from werkzeug.test import TestResponse

from portal.payments import queries
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, post, sign_in
from tests.paying import Till


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def credit(till: Till, firm: Firm, invoice_id: int, **typed: str) -> TestResponse:
    client = sign_in(till.browser(), firm, "manager")
    form = {"line-0": "18.00", "reason": "Too long", "then": "apply", "form_id": "a" * 32} | typed
    return post(client, f"/invoices/{invoice_id}/credit-notes", form, page="/invoices")


def due(firm: Firm, invoice_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return queries.balance_of(session, invoice_id).minor


def test_an_open_card_page_is_closed_before_less_is_owed(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    assert credit(till, firm, sent[0]).status_code == 303
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert due(firm, sent[0]) == 23580 - 2160
    assert credit(till, firm, sent[0]).status_code == 303 and due(firm, sent[0]) == 23580 - 2160


def test_credit_that_is_only_kept_leaves_the_page_open(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    assert credit(till, firm, sent[0], then="keep").status_code == 303
    assert [made.status for made in till.made_sessions(firm)] == ["open"]
    assert due(firm, sent[0]) == 23580


def test_with_stripe_away_nothing_is_credited(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    till.fault("error_500", "expire")
    answer = credit(till, firm, sent[0])
    assert answer.status_code == 422
    assert "customer could still pay" in answer.text and 'value="18.00"' in answer.text
    assert due(firm, sent[0]) == 23580


def test_bad_amounts_close_no_page(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    assert credit(till, firm, sent[0], **{"line-0": "9999"}).status_code == 422
    assert [made.status for made in till.made_sessions(firm)] == ["open"]


def test_kept_credit_closes_the_page_of_the_invoice_that_it_is_put_to(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    with job_session(firm.organisation_id) as session:
        note_id = make_credit_note(session, firm, share="0.5", keep=True).id
    till.begin(sent[1])
    client = sign_in(till.browser(), firm, "manager")
    answer = post(client, f"/credit-notes/{note_id}/applications", {"invoice_id": str(sent[0])}, page="/invoices")
    assert answer.status_code == 303
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert due(firm, sent[0]) == 11790


def test_the_list_finds_notes_by_state_and_words(till: Till, firm: Firm, other_firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        kept = make_credit_note(session, firm, share="0.5", keep=True).number
        used = make_credit_note(session, firm, make_invoice(session, firm)).number
    client = sign_in(till.browser(), firm, "manager")

    def found(query: str) -> set[str]:
        page = client.get(f"/credit-notes{query}").text
        return {number for number in (kept, used) if number in page}

    assert found("") == found("?q=maple") == {kept, used}
    assert (found("?state=kept"), found("?state=used"), found("?q=inv-00002")) == ({kept}, {used}, {used})
    assert found("?q=%25") == found("?q=nothing+like+it") == set()
    assert kept not in sign_in(till.browser(), other_firm, "manager").get("/credit-notes").text


def test_the_same_form_with_another_amount_is_told_not_done(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    assert credit(till, firm, sent[0]).status_code == 303
    again = credit(till, firm, sent[0], **{"line-0": "20.00"})
    assert again.status_code == 422 and "credit note CN-00001 over £21.60 was made" in again.text
    assert 'value="20.00"' in again.text and 'value="' + "a" * 32 not in again.text
    assert due(firm, sent[0]) == 23580 - 2160

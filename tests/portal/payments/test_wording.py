"""How a payment came is told in the payer's language, on the page, in the mail and on paper alike."""

import pytest
from sqlalchemy import select, update

from portal.customers.models import Customer
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.rules import METHODS, words_of
from portal.payments.wording import way_in
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till
from tests.portal.payments.test_recording import record


@pytest.mark.parametrize(
    ("code", "method", "reference", "said"),
    [
        ("en", "card", "Visa ending 4242", "Visa ending 4242"),
        ("de", "card", "Visa ending 4242", "Visa mit den Endziffern 4242"),
        ("de", "cheque", "Cheque 004512", "Scheck 004512"),
        ("fr", "cash", "Cash", "Espèces"),
        ("es", "terminal", "Card terminal, slip 0071", "Terminal de tarjeta 0071"),
        ("pt", "bank_transfer", "Bank transfer, INV-7, second half", "Transferência bancária INV-7, second half"),
        ("de", "bank_transfer", "Cheque ending", "Cheque ending"),
        ("ja", "card", "", "カード"),
    ],
)
def test_the_way_is_said_in_the_language(code: str, method: str, reference: str, said: str) -> None:
    assert way_in(LANGUAGES[code], method, reference) == said


@pytest.mark.parametrize("code", sorted(set(LANGUAGES) - {"en"}))
def test_nothing_english_is_left_of_what_we_write_ourselves(code: str) -> None:
    language = LANGUAGES[code]
    for method in METHODS:
        said = way_in(language, method, words_of(method, "0071"))
        assert said.startswith(language.text(f"method_{method}")), said
        assert "slip" not in said and ("0071" in said) is (method != "cash")


def test_page_and_receipt_speak_german_to_a_german(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language="de"))
    _, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    assert "Visa mit den Endziffern 4242" in till.get(path).text and "ending 4242" not in till.get(path).text
    other, _ = till.invoice(firm)
    record(firm, [other], 23580, method="cheque", reference="77")
    with job_session(firm.organisation_id) as session:
        ids = session.scalars(select(Message.id).where(Message.kind == "receipt").order_by(Message.id)).all()
        first, second = (read_mail(session, each).text for each in ids)
    assert "Visa mit den Endziffern 4242" in first and "Scheck 77" in second and "Cheque" not in second

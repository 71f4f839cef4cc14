"""A customer asks on the page: the firm hears, reminders wait, and the answer comes by mail."""

import pytest
from sqlalchemy import select, text, update

from portal.customers.models import Customer
from portal.invoices import pauses
from portal.invoices.questions.models import Question
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.audit import timeline
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till

WORDS = "Why two hours?\nIt took <b>one</b>."


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def ask(till: Till, path: str, words: str = WORDS, **more: object) -> int:
    return till.post(f"{path}/questions", data={"question": words}, **more).status_code


def mails(firm: Firm, kind: str) -> list[tuple[str, str, str, str]]:
    """(to, reply to, subject, text) of each."""
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)).all()
        return [(m.to_address, m.reply_to, m.subject, read_mail(session, m.id).text) for m in found]


def waits(firm: Firm, invoice_id: int) -> bool:
    """Do reminders?"""
    with job_session(firm.organisation_id) as session:
        return pauses.standing(session, invoice_id) is not None


def test_a_question_reaches_the_firm_and_pauses_reminders(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    assert not waits(firm, sent[0])
    answer = till.post(f"{sent[1]}/questions?lang=fr", data={"question": WORDS})
    assert answer.headers["Location"] == f"{sent[1]}?lang=fr#question"
    assert LANGUAGES["fr"].words["question_sent"] in till.get(f"{sent[1]}?lang=fr").text
    assert waits(firm, sent[0])
    [(to, reply_to, subject, words)] = mails(firm, "question")
    assert reply_to == "reception@maple.example" and "INV-00001" in subject and WORDS in words
    assert "northgateheating" in to
    with job_session(firm.organisation_id) as session:
        job_id = session.execute(text("SELECT min(id) FROM work_orders")).scalar_one()
        for record, record_id in (("invoice", sent[0]), ("work_order", job_id)):
            [said] = [entry for entry in timeline(session, record, record_id) if entry.action == "question asked"]
            assert "Why two hours?" in said.words and said.actor == "customer"


def test_staff_answer_by_mail_in_the_customers_language_and_reminders_go_on(
    till: Till, firm: Firm, other_firm: Firm, sent: tuple[int, str]
) -> None:
    ask(till, sent[1])
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language="de"))
        question_id = session.scalars(select(Question.id)).one()
    manager, stranger = sign_in(till.browser(), firm, "manager"), sign_in(till.browser(), other_firm, "manager")
    assert "The customer has a question" in manager.get(f"/invoices/{sent[0]}").text
    inbox = manager.get("/questions").text
    assert "Maple Dental Practice" in inbox and "It took &lt;b&gt;one&lt;/b&gt;." in inbox
    assert "Maple" not in stranger.get("/questions").text
    path = f"/questions/{question_id}/answer"
    assert post(stranger, path, {"answer": "x"}, page="/questions").status_code == 404
    too_long = post(manager, path, {"answer": "x" * 2001}, page="/questions")
    assert too_long.status_code == 422 and 'aria-invalid="true"' in too_long.text and waits(firm, sent[0])
    assert post(manager, path, {"answer": "One was travel."}, page="/questions").status_code == 303
    [(to, _reply_to, subject, words)] = mails(firm, "answer")
    assert to == "reception@maple.example" and subject.startswith("Antwort zur Rechnung INV-00001")
    assert "One was travel." in words and WORDS in words and "Ihre Frage:" in words
    assert not waits(firm, sent[0])
    assert post(manager, path, {"answer": "again"}, page="/questions").status_code == 303
    assert len(mails(firm, "answer")) == 1
    assert "Your question has been sent" not in till.get(f"{sent[1]}?lang=en").text


def test_a_question_answered_on_the_telephone_sends_no_mail(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    ask(till, sent[1])
    ask(till, sent[1], "And why on a Sunday?")
    manager = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        question_ids = session.scalars(select(Question.id).order_by(Question.id)).all()
    for question_id in question_ids:
        assert waits(firm, sent[0])
        assert post(manager, f"/questions/{question_id}/answer", {"answer": " "}, page="/questions").status_code == 303
    assert mails(firm, "answer") == [] and not waits(firm, sent[0])


def test_a_pause_of_the_firms_own_outlives_the_answer(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    with job_session(firm.organisation_id) as session:
        pauses.pause(session, firm.organisation_id, sent[0], "by Ann")
    ask(till, sent[1])
    manager = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        question_id = session.scalars(select(Question.id)).one()
    post(manager, f"/questions/{question_id}/answer", {"answer": ""}, page="/questions")
    assert waits(firm, sent[0])


@pytest.mark.parametrize(("words", "said"), [(" \n ", "Write your question first"), ("x" * 1001, "1000 char")])
def test_what_cannot_be_sent_is_said_beside_the_box(
    till: Till, firm: Firm, sent: tuple[int, str], words: str, said: str
) -> None:
    answer = till.post(f"{sent[1]}/questions", data={"question": words})
    assert answer.status_code == 422 and said in answer.text and 'aria-invalid="true"' in answer.text
    assert words.strip() in answer.text and mails(firm, "question") == []


def test_asking_is_for_the_holder_of_the_link_and_not_for_machines(
    till: Till, firm: Firm, sent: tuple[int, str]
) -> None:
    assert ask(till, "/p/unknown") == 404
    assert ask(till, sent[1], headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert [ask(till, sent[1]) for _ in range(6)] == [303] * 5 + [429]
    assert len(mails(firm, "question")) == 5
    kept = till.post(f"{sent[1]}/questions", data={"question": "Please do not lose this"})
    assert "asked several times today" in kept.text and "Please do not lose this" in kept.text

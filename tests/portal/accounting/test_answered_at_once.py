"""Two people answer the same question at the same moment, each otherwise: the first answer is carried out, the other
person is told of it, and nothing of theirs is done on either side."""

import threading

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import questions
from tests.portal.accounting.stand_in import LinkedFirm, linked, wait_until, zoho
from tests.portal.accounting.test_deciding_beside_workers import WAITS
from tests.portal.accounting.test_payments_back import billed
from tests.portal.accounting.test_voided_there import void_there

__all__ = ["billed", "linked", "zoho"]
QUESTIONS = "/books/questions"
IN_LINE = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")


def test_voiding_here_and_opening_again_there_are_never_both_carried_out(
    billed: tuple[LinkedFirm, Invoice], app: Flask
) -> None:
    linked, invoice = billed
    void_there(linked)
    (asked,) = questions(linked)
    first, second = (sign_in(browser(app), linked.firm, who) for who in ("manager", "administrator"))
    linked.zoho.forget_requests()

    def press(who: FlaskClient, decision: str) -> None:
        post(who, f"{QUESTIONS}/{asked.id}", {"decision": decision}, page=QUESTIONS)
        done.append(decision)

    done: list[str] = []
    presses = [threading.Thread(target=press, args=each) for each in ((first, "theirs"), (second, "ours"))]
    with job_session(linked.organisation_id) as session:
        session.execute(text("SELECT 1 FROM invoices WHERE id = :id FOR UPDATE"), {"id": invoice.id})
        presses[0].start()
        wait_until(lambda: session.execute(WAITS).scalar_one(), what="the first is about to void it here")
        presses[1].start()
        wait_until(lambda: done or session.execute(IN_LINE).scalar_one(), what="the second waits, or is through")
    for each in presses:
        each.join()
    drain(linked.organisation_id)
    told = second.get(QUESTIONS).text
    assert "Mo Manager has decided this already: Void it here too. That counts, and yours was not carried out" in told
    assert "It is carried out now" in first.get(QUESTIONS).text
    with job_session(linked.organisation_id) as session:
        assert get_invoice(session, invoice.id).status == "void"
    assert [each["status"] for each in linked.there("invoices")] == ["void"]
    assert linked.zoho.requests(linked.remote, "POST", "/status/") == []

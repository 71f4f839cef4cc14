"""Every request of our own gateway, held against Zoho's published documents."""

import json
from typing import Any

import pytest

from portal.accounting.mirror import papers
from portal.accounting.mirror.drain import drain
from portal.accounting.models import Link
from portal.gateways.zoho import wire
from portal.gateways.zoho.calls import Answer, Line, Target
from portal.invoices.documents.papers import keep_missing
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from tests.contract.zoho_contract import load
from tests.portal.accounting.doings import (
    credit,
    fail_refund,
    give_back,
    pay,
    refund_note,
    rename,
    reverse,
    sent_invoice,
    take_write_off_back,
    void,
    write_off,
)
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile, told

__all__ = ["linked", "zoho"]


def test_every_request_keeps_to_zohos_own_documents(linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, problems, seen = load(), [], set()
    real = Line.call

    def held_against_the_documents(
        line: Line, target: Target, token: str, method: str, path: str, query: Any = None, body: Any = None, **more: Any
    ) -> Answer:
        seen.add((method, path.rstrip("0123456789")))
        as_sent = None if body is None else json.loads(wire.encode(body))
        named = {"organization_id": target.organisation} | dict(query or {})
        problems.extend(contract.check_request(method, f"/books/v3{path}", named, as_sent))
        return real(line, target, token, method, path, query, body, **more)

    monkeypatch.setattr(Line, "call", held_against_the_documents)
    linked.zoho.break_down("error_500_after", times=12)
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    for _ in range(12):
        drain(linked.organisation_id)
        linked.make_due()
    linked.zoho.mend()
    rename(linked, "Maple Dental")
    drain(linked.organisation_id)
    _move_money(linked)
    other = sent_invoice(linked)
    void(linked, other.id)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        papers.switch(session, session.get_one(Link, linked.link().id), is_on=True)
    given_up = sent_invoice(linked)
    with job_session(linked.organisation_id) as session:
        keep_missing(session, session.get_one(Organisation, linked.organisation_id))
    for change in (write_off, take_write_off_back):
        change(linked, given_up.id)
        drain(linked.organisation_id)
    assert told(reconcile(linked)) == []
    stuck = [
        (each.module, each.state, each.last_error, each.waits_for)
        for each in linked.mirror()
        if each.state != "in_step"
    ]
    assert stuck == []
    assert any(path.endswith("/attachment") for _, path in seen)
    assert len(seen) >= 20 and problems == []


def _move_money(linked: LinkedFirm) -> None:
    """Credited, given back, sent back by the bank, reversed; with an answer lost, so that it is looked for as well."""
    card, cash = (pay(linked, sent_invoice(linked), method=method) for method in ("card", "cash"))
    drain(linked.organisation_id)
    refund_id = give_back(linked, card, 1000)
    credit(linked, sent_invoice(linked), share="0.37")
    paid = sent_invoice(linked)
    pay(linked, paid)
    refund_note(linked, credit(linked, paid, share="0.37", keep=True).id, 500)
    reverse(linked, cash)
    linked.zoho.break_down("error_500_after", path="/refunds")
    linked.zoho.break_down("error_500_after", path="/creditnotes", times=2)
    drain(linked.organisation_id)
    for _ in range(3):
        linked.make_due()
        drain(linked.organisation_id)
    fail_refund(linked, refund_id)
    drain(linked.organisation_id)

"""Every request of the set-up, held against Zoho's published documents."""

import json
from typing import Any

import pytest

from portal.accounting.models import Consent, Link
from portal.accounting.setup import authorities, new_organisation, reading, rehearsal, taking, tax_reading, taxes
from portal.accounting.setup.desk import Desk
from portal.gateways.zoho import wire
from portal.gateways.zoho.calls import Answer, Line, Target
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from tests.contract.zoho_contract import load
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def test_every_request_of_the_set_up_keeps_to_zohos_own_documents(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, problems, seen = load(), [], set()
    real = Line.call

    def held_against_the_documents(
        line: Line, target: Target, token: str, method: str, path: str, query: Any = None, body: Any = None, **more: Any
    ) -> Answer:
        seen.add((method, path.rstrip("0123456789")))
        as_sent = None if body is None else json.loads(wire.encode(body))
        named = ({"organization_id": target.organisation} if target.organisation else {}) | dict(query or {})
        problems.extend(contract.check_request(method, f"/books/v3{path}", named, as_sent))
        answer = real(line, target, token, method, path, query, body, **more)
        status = 201 if method == "POST" and body is not None else 200
        problems.extend(contract.check_answer(method, f"/books/v3{path}", status, answer.body))
        return answer

    monkeypatch.setattr(Line, "call", held_against_the_documents)
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Harbour Hotel"})
    theirs = {"customer_id": linked.there("contacts")[0]["contact_id"],
              "line_items": [{"name": "Work", "rate": 10, "quantity": 1}]}  # fmt: skip
    linked.zoho.act(linked.remote, "POST /invoices", theirs)
    linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": "VAT", "tax_percentage": 20})
    for name in ("One", "Two"):
        linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": name, "tax_percentage": 9})
    ids = ",".join(one["tax_id"] for one in linked.there("taxes")[-2:])
    linked.zoho.act(linked.remote, "POST /settings/taxgroups", {"tax_group_name": "Both", "taxes": ids})
    with job_session(linked.organisation_id) as session:
        link = session.get_one(Link, linked.link().id)
        consent = session.get_one(Consent, link.consent_id)
        organisation = session.get_one(Organisation, linked.organisation_id)
    new_organisation.find_or_create(consent, organisation, "Northgate Heating Ltd")
    with Desk(link, consent) as desk:
        _settle_taxes(linked, desk)
        reading.read_on(desk, linked.organisation_id, link.id, most=10)
        with job_session(linked.organisation_id) as session:
            taking.accept(session, link.id)
        assert taking.take_over(desk, linked.organisation_id, link.id, most=40) == 0
        with job_session(linked.organisation_id) as session:
            planned = rehearsal.plan(session, session.get_one(Link, link.id))
        assert rehearsal.play(desk, planned) == ""
        assert tax_reading.read_preferences(desk).rounding == "document"
    assert len(seen) >= 12 and problems == []


def _settle_taxes(linked: LinkedFirm, desk: Desk) -> None:
    theirs = tax_reading.read(desk)
    authorities.read(desk, "US")
    tax_reading.count_uses(desk)
    with job_session(linked.organisation_id) as session:
        organisation = session.get_one(Organisation, linked.organisation_id)
        link = session.get_one(Link, linked.link().id)
        rows = taxes.compare(session, organisation, theirs)
        taxes.keep(session, link, theirs, rows, [], {})

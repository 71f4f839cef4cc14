"""An older key may be taken away once everything is sealed with the newest one."""

import base64
import dataclasses

import pytest
from sqlalchemy import create_engine, text

from portal import rotate_keys
from portal.accounting import tokens
from portal.accounting.models import Consent
from portal.shared import running
from portal.shared.running import job_session
from portal.shared.vault import Vault
from tests.builders import Firm, make_firm, make_invoice
from tests.conftest import World

TOKEN = "1000.a.b"
NEWER = "t2:" + base64.b64encode(b"B" * 32).decode()


def with_keys(monkeypatch: pytest.MonkeyPatch, keys: str) -> Vault:
    here, vault = running.here(), Vault.from_text(keys)
    monkeypatch.setattr(here, "settings", dataclasses.replace(here.settings, vault=vault))
    return vault


def consent_of(firm: Firm) -> int:
    vault = running.here().settings.vault
    sealed = {
        "refresh_token_sealed": vault.seal(TOKEN, organisation_id=firm.organisation_id, purpose=tokens.REFRESH_PURPOSE),
        "access_token_sealed": "",
    }
    with job_session(firm.organisation_id) as session:
        consent = Consent(organisation_id=firm.organisation_id, data_centre="eu", **sealed)
        session.add(consent)
        session.flush()
        return consent.id


def sealed_with(world: World, key: str) -> int:
    tables = {"zoho_consents": "refresh_token_sealed", "pay_links": "token_sealed", "messages": "body_sealed"}
    engine = create_engine(world.superuser_url)
    with engine.connect() as connection:
        counts = [
            connection.execute(text(f"SELECT count(*) FROM {table} WHERE {column} LIKE '{key}.%'")).scalar_one()
            for table, column in tables.items()
        ]
    engine.dispose()
    return sum(counts)


def test_everything_is_sealed_anew_in_every_firm_and_opens_without_the_old_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms = [make_firm(), make_firm(name="Rival Plumbing")]
    ids = [consent_of(firm) for firm in firms]
    with job_session(firms[0].organisation_id) as session:
        make_invoice(session, firms[0], email="someone@example.com")
    old = running.here().settings.vault.keys["t1"]
    with_keys(monkeypatch, f"{NEWER},t1:{base64.b64encode(old).decode()}")
    done, lost = rotate_keys.rotate_all()
    assert done >= 4 and lost == 0
    assert sealed_with(world, "t1") == 0 and sealed_with(world, "t2") == done
    with_keys(monkeypatch, NEWER)
    for firm, consent_id in zip(firms, ids, strict=True):
        with job_session(firm.organisation_id) as session:
            assert tokens.refresh_token(session.get_one(Consent, consent_id)) == TOKEN
    assert rotate_keys.rotate_all() == (0, 0)


def test_what_no_key_opens_is_counted_and_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = make_firm()
    consent_id = consent_of(firm)
    old = base64.b64encode(running.here().settings.vault.keys["t1"]).decode()
    with_keys(monkeypatch, f"{NEWER},t1:{old}")
    with job_session(firm.organisation_id) as session:
        session.get_one(Consent, consent_id).refresh_token_sealed = "gone.AAAA"
    assert rotate_keys.rotate_all()[1] == 1
    with job_session(firm.organisation_id) as session:
        assert session.get_one(Consent, consent_id).refresh_token_sealed == "gone.AAAA"

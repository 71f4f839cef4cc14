"""From job done to paid, with Stripe's stand-in: what is written down on the way."""

import json
import re
from urllib.parse import quote

from portal.payments.actions import connect_stripe_account
from portal.shared.running import here, job_session
from tests.builders import PASSWORD, Firm, make_firm, make_work_order, post, sign_in
from tests.conftest import World
from tests.paying import Till, key_of, till
from tests.security.estate import csrf_of, dump
from tests.security.written import SHAPES, Written, written
from workers import mail_jobs, payment_jobs

__all__ = ["till", "written"]
CARD = "4242424242424242"


def main_job(till: Till, firm: Firm) -> dict[str, str]:
    """Job done → invoice → paid, with everything that people and machines send on the way. Returns the secrets."""
    client = sign_in(till.browser(), firm, "administrator")
    name = 'Nasty\r\n{"level": "info", "say": "forged"}\r\nLtd'
    post(client, "/customers", {"kind": "business", "name": name, "email": "secret.person@example.com"})
    connect_stripe_account(firm.organisation_id, key_of(firm))
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
    sent = {"line": lines, "email": "rita@maple.example", "then": "send", "form_id": "a" * 32}
    shown = post(client, f"/work-orders/{job_id}/invoices", sent).headers["Location"]
    path = re.search(r"/p/[\w-]{43}", client.get(shown).text)
    assert path is not None
    till.pay(path.group(0), card=CARD)
    till.stand_in.idle()
    payment_jobs.look(firm.organisation_id)
    mail_jobs.look(firm.organisation_id)
    client.get("/books/consent?state=StateOfTheConsent123&code=1000.abcdef0123456789.abcdef0123456789&error=")
    post(client, "/sign-in", {"email": "x@example.com", "password": "wrong-" + PASSWORD}, page="/people/me/password")
    cookie = client.get_cookie("portal", domain="127.0.0.1")
    assert cookie is not None
    return {
        "password": PASSWORD, "pay token": path.group(0)[3:], "form token": csrf_of(client), "cookie": cookie.value,
        "Stripe key": key_of(firm), "card": CARD, "state": "StateOfTheConsent123",
        "code": "1000.abcdef0123456789.abcdef0123456789", "vault key": "QUFBQUFBQUFB",
        "signing key": here().settings.secret_key,
    }  # fmt: skip


def paying_firm(till: Till) -> Firm:
    firm = make_firm()
    account = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=[{"key": key_of(firm)}], **account)
    return firm


def test_a_whole_main_job_writes_no_secret_anywhere(world: World, till: Till, written: Written) -> None:
    secrets = main_job(till, paying_firm(till))
    kept, log = dump(world), "\n".join(written.lines)
    assert len(written.lines) > 10
    for what, secret in secrets.items():
        assert secret not in log, f"the {what} is in the log"
        assert quote(secret, safe="") not in log, f"the {what} is in the log, encoded"
        assert secret not in kept, f"the {what} is in the database"
        assert secret.encode().hex() not in kept, f"the {what} is in the database, as bytes"
    assert not SHAPES.findall(log)
    assert not SHAPES.findall(kept)
    assert "secret.person@example.com" not in log


def test_every_line_is_json_with_the_id_of_its_request_or_job(world: World, till: Till, written: Written) -> None:
    main_job(till, paying_firm(till))
    entries = [json.loads(line) for line in written.lines]
    assert {"at", "level", "log", "trace", "say"} <= set.intersection(*(set(entry) for entry in entries))
    ours = [entry for entry in entries if entry["log"].startswith(("portal", "workers"))]
    assert ours and all(entry["trace"] for entry in ours)
    assert not [entry for entry in entries if entry["say"] == "forged"]

"""Invoice, reminder and receipt speak the customer's language, in its own direction, and nothing is left unsaid."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from portal.customers.models import Customer
from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.organisations.models import Organisation
from portal.reminders.actions import edit_plan
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, post, sign_in
from workers import mail_jobs

SUBJECTS = {
    "de": ["Rechnung INV-00001 von", "Erinnerung: Rechnung INV-00001 von", "Quittung R-00001 von"],
    "ar": ["فاتورة", "تذكير: فاتورة", "إيصال"],
    "": ["Invoice INV-00001 from", "Reminder: invoice INV-00001 from", "Receipt R-00001 from"],
}


@pytest.mark.parametrize("code", SUBJECTS)
def test_the_customer_reads_their_own_language(
    client: FlaskClient, firm: Firm, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    taken: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: taken.append(mail))
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language=code))
        invoice_id = make_invoice(session, firm, email="rita@maple.example").id
        organisation = session.get_one(Organisation, firm.organisation_id)
        edit_plan(session, organisation, is_on=True, days=[1], from_hour=0, until_hour=24, words="")
    mail_jobs.look(firm.organisation_id)
    with clock.at(clock.now() + timedelta(days=16)):
        mail_jobs.look(firm.organisation_id)
    paid = {"form_id": "f", "method": "cash", "amount": "100", "tendered": "", "reference": "",
            "received_on": clock.today("Europe/London").isoformat()}  # fmt: skip
    sign_in(client, firm, "manager")
    assert post(client, f"/invoices/{invoice_id}/payments", paid).status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert [mail.subject.startswith(said) for mail, said in zip(taken, SUBJECTS[code], strict=True)] == [True] * 3
    direction = "rtl" if code == "ar" else "ltr"
    for mail in taken:
        assert f'<html lang="{code or "en"}" dir="{direction}">' in mail.html
        assert "/p/" in mail.text and "235" in taken[0].text and "{" not in mail.text
        assert ("Questions?" in mail.text) == (code == "")

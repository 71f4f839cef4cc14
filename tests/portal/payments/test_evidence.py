"""A dispute is answered with what the job left behind: papers, signature, photos, and what happened when."""

import io
import re
import zipfile
from pathlib import Path

from pypdf import PdfReader

from portal.invoices.questions import actions as asking
from portal.messages.rules import STAFF_TOLD
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions import plan_refund
from portal.payments.evidence.gathering import OF_THE_BOOKS
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, make_picture, make_work_order, pay_address, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import record
from tests.portal.payments.test_refunding import charge_of


def test_the_pack_holds_the_papers_the_pictures_and_what_happened_when(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        job, another = make_work_order(session, firm), make_work_order(session, firm)
        ours = make_picture(session, firm, job, "navy")
        make_picture(session, firm, another, "teal")
        invoice = make_invoice(session, firm, work_order=job)
        path = pay_address(session, invoice)
        asking.ask(session, session.get_one(Organisation, firm.organisation_id), invoice, "When do you come?")
        photo = ours.content
        for action in (*OF_THE_BOOKS, STAFF_TOLD):
            audit.note(session, firm.organisation_id, action, "invoice", invoice.id, words="Kept from the bank")
    till.pay(path)
    till.work(firm)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)  # the bank takes the money back at once
    client = sign_in(till.browser(), firm, "manager")
    [payment_id] = re.findall(r'href="/payments/(\d+)"', client.get("/payments/disputes").text)
    assert "evidence.zip" in client.get(f"/payments/{payment_id}").text
    archive = client.get(f"/payments/{payment_id}/evidence.zip").data
    pack = zipfile.ZipFile(io.BytesIO(archive))
    assert sorted(pack.namelist()) == [
        "invoice_INV-00001.pdf", "receipt.pdf", "service_documentation.pdf", "uncategorized_file_photo_1.jpg",
    ]  # fmt: skip
    assert pack.read("uncategorized_file_photo_1.jpg") == photo
    said = _documentation(archive)
    for fact in ("£235.80", "invoice INV-00001", "Photo added", "Boiler annual service"):
        assert fact in said, fact
    assert "Kept from the bank" not in said
    assert said.count("taken back by the bank") == 1
    assert said.count("When do you come?") == 1  # it stands on the job's timeline, too
    assert said.index("Photo added") < said.index("taken back by the bank")  # in order of time


def test_why_staff_did_it_goes_to_the_bank_only_when_somebody_chose_that(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    made = record(firm, [invoice_id])
    with job_session(firm.organisation_id) as session:
        amount, by = Money(5000, "GBP"), firm.people["manager"]
        plan_refund(session, made.payment_id, amount, way="cash", reason="he shouted", by=by, form_id=None)
        reasons = f"Receipt {made.number} reversed: typed twice (it is in the firm's till)"
        audit.note(session, firm.organisation_id, "payment reversed", "payment", made.payment_id, words=reasons)
    client = sign_in(till.browser(), firm, "manager")
    plain, chosen = (
        _documentation(client.get(f"/payments/{made.payment_id}/evidence.zip{query}").data)
        for query in ("", "?reasons=yes")
    )
    assert "£50.00 goes back" in plain and f"Receipt {made.number} reversed" in plain
    assert all(words in chosen and words not in plain for words in ("he shouted", "typed twice", "firm's till"))


def _documentation(pack: bytes) -> str:
    content = zipfile.ZipFile(io.BytesIO(pack)).read("service_documentation.pdf")
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_whatever_the_mirror_tells_of_an_invoice_stays_out_of_the_pack() -> None:
    sources = (Path(__file__).parents[3] / "portal" / "accounting").rglob("*.py")
    noted = r'audit\.note\(\s*[^"]*"([^"]+)",\s*"invoice"'
    told = {action for path in sources for action in re.findall(noted, path.read_text())}
    assert told == set(OF_THE_BOOKS)

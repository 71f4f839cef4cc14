"""One payment of several invoices has one receipt: on their page for ever, and behind the link that thanks for it."""

import io
import re
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from portal.invoices.models import PayLink
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till
from tests.portal.pay_page.test_together import Joint, joint_path, three
from tests.portal.payments.test_recording import record

__all__ = ["three"]


def receipts_on(till: Till, path: str) -> list[str]:
    return re.findall(r'href="(/t/[^"]+/receipts/\d+\.pdf)"', till.get(path).text)


def words_of(till: Till, address: str) -> str:
    pages = PdfReader(io.BytesIO(till.get(address).content)).pages
    return "\n".join(page.extract_text() for page in pages)


def thanked_at(firm: Firm) -> str:
    """Where the receipt's mail leads."""
    with job_session(firm.organisation_id) as session:
        mail = read_mail(session, session.scalars(select(Message.id).where(Message.kind == "receipt")).one())
    [path] = set(re.findall(r"/[pt]/[\w-]{43}", mail.text))
    return path


@pytest.fixture
def paid(till: Till, firm: Firm, three: Joint) -> Joint:
    assert receipts_on(till, three.path) == []
    till.pay(three.path)
    till.work(firm)
    return three


def test_the_receipt_of_all_stays_on_their_page_when_the_link_is_long_over(till: Till, firm: Firm, paid: Joint) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now() - timedelta(days=900)))
    for path in (paid.path, thanked_at(firm)):
        assert path.startswith("/t/")
        [receipt] = receipts_on(till, path)
        words, shown = words_of(till, receipt), till.get(receipt.removesuffix(".pdf")).text
        assert "£707.40" in shown and "INV-00003" in shown and f'href="{path}"' in shown
        assert "£707.40" in words and all(number in words for number in ("INV-00001", "INV-00002", "INV-00003"))


def test_cash_for_several_thanks_with_a_link_to_all_of_them(till: Till, firm: Firm, three: Joint) -> None:
    record(firm, three.ids[:2], 47160)
    page = till.get(thanked_at(firm)).text
    assert "INV-00001" in page and "INV-00002" in page and "INV-00003" not in page


def test_of_a_payment_a_link_shows_only_what_came_to_its_own_invoices(till: Till, firm: Firm, three: Joint) -> None:
    record(firm, three.ids, 70740)
    [receipt] = receipts_on(till, joint_path(firm, three.ids[:2]))
    words = words_of(till, receipt)
    assert "INV-00003" not in till.get(receipt.removesuffix(".pdf")).text
    assert "£471.60" in words and "INV-00003" not in words and "£707.40" not in words


def test_another_customers_receipt_is_not_there(till: Till, firm: Firm, other_firm: Firm, paid: Joint) -> None:
    [receipt] = receipts_on(till, paid.path)
    till.connect(other_firm)
    elsewhere = joint_path(other_firm, [till.invoice(other_firm)[0] for _ in range(2)])
    assert till.get(f"{elsewhere}/{receipt.split('/', 3)[3]}").status_code == 404
    assert till.get(receipt).status_code == 200

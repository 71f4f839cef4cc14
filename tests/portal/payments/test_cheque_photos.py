"""A photo of the cheque: kept with the payment, once, and seen by who keeps the books and by nobody else."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.payments.models import Payment
from portal.payments.photos import PaymentPhoto, photos_of
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, make_work_order, picture_file, post, sign_in
from tests.paying import Till, at_once
from tests.portal.payments.test_recording import due


def record(till: Till, firm: Firm, invoice_id: int, file: bytes, *, form_id: str = "f" * 32) -> TestResponse:
    client = sign_in(till.browser(), firm, "field_agent")
    form: dict[str, Any] = {
        "amount": "100.00", "method": "cheque", "reference": "004512", "received_on": "2026-11-20", "form_id": form_id,
        "picture": (io.BytesIO(file), "cheque.jpg"),
    }  # fmt: skip
    return post(client, f"/invoices/{invoice_id}/payments", form, content_type="multipart/form-data")


def photos(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalar(select(func.count()).select_from(PaymentPhoto)) or 0


def payment_of(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id)).one()


@pytest.fixture
def taken(till: Till, firm: Firm) -> tuple[int, str]:
    """(payment, where its photo is)"""
    invoice_id, _ = till.invoice(firm)
    assert record(till, firm, invoice_id, picture_file("navy")).status_code == 303
    payment_id = payment_of(firm)
    with job_session(firm.organisation_id) as session:
        return payment_id, f"/payments/{payment_id}/photos/{photos_of(session, payment_id)[0].id}"


def test_the_bookkeeper_sees_the_cheque_on_the_payment(till: Till, firm: Firm, taken: tuple[int, str]) -> None:
    manager = sign_in(till.browser(), firm, "manager")
    assert f'src="{taken[1]}?size=small"' in manager.get(f"/payments/{taken[0]}").text
    whole, small = manager.get(taken[1]), manager.get(f"{taken[1]}?size=small")
    assert (whole.mimetype, whole.status_code) == ("image/jpeg", 200) and small.data[:2] == b"\xff\xd8"
    assert sign_in(till.browser(), firm, "field_agent").get(taken[1]).status_code == 403
    stranger = sign_in(till.browser(), make_firm(name="Another firm"), "manager")
    assert stranger.get(taken[1]).status_code == 404


def test_two_taps_keep_one_payment_and_one_photo(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    at_once(*[lambda: record(till, firm, invoice_id, picture_file("navy"))] * 2)
    assert (photos(firm), due(firm, invoice_id)) == (1, 13580)


def test_what_is_no_picture_records_nothing(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    answer = record(till, firm, invoice_id, b"<svg onload=alert(1)>")
    assert answer.status_code == 422 and "This is no picture" in answer.text and 'value="004512"' in answer.text
    assert (photos(firm), due(firm, invoice_id)) == (0, 23580)


def test_a_photo_can_come_later_and_both_sides_of_it(till: Till, firm: Firm, taken: tuple[int, str]) -> None:
    manager = sign_in(till.browser(), firm, "manager")

    def add(file: bytes) -> TestResponse:
        form = {"picture": (io.BytesIO(file), "back.jpg")}
        page = f"/payments/{taken[0]}"
        return post(manager, f"{page}/photos", form, page=page, content_type="multipart/form-data")

    assert [add(picture_file(colour)).status_code for colour in ("teal", "teal", "red", "gold")] == [303] * 4
    assert photos(firm) == 4
    refused = add(picture_file("black"))
    assert refused.status_code == 422 and "keeps 4 photos" in refused.text
    assert "Choose a picture" in add(b"").text


def test_a_deposit_by_cheque_keeps_its_photo_too(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
    form: dict[str, Any] = {
        "amount": "100.00", "method": "cheque", "reference": "77", "received_on": "2026-11-20", "form_id": "e" * 32,
        "picture": (io.BytesIO(picture_file("navy")), "cheque.jpg"),
    }  # fmt: skip
    client = sign_in(till.browser(), firm, "field_agent")
    answer = post(client, f"/work-orders/{job_id}/deposits", form, content_type="multipart/form-data")
    assert answer.status_code == 303 and photos(firm) == 1

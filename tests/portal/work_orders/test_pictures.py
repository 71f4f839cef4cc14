"""Photos of the work and the customer's signature: kept once, drawn anew, shown to whom they concern."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.shared import drawing
from portal.work_orders.pictures.actions import MOST_OF_A_JOB
from portal.work_orders.pictures.queries import pictures_of
from tests.builders import Firm, make_invoice, make_picture, make_work_order, pay_address, picture_file, post, sign_in
from tests.conftest import browser

ORIENTATION, GPS, CAMERA = 0x0112, 0x8825, 0x010F


@pytest.fixture
def job_id(session: Session, firm: Firm) -> int:
    return make_work_order(session, firm).id


def send(client: FlaskClient, job_id: int, *files: bytes, name: str = "../../x.png", to: str = "pictures",
         **fields: str) -> TestResponse:  # fmt: skip
    data: dict[str, object] = {"picture": [(io.BytesIO(file), name) for file in files], **fields}
    return post(client, f"/work-orders/{job_id}/{to}", data, content_type="multipart/form-data")


def signature() -> bytes:
    paper = Image.new("RGBA", (640, 280), (0, 0, 0, 0))
    ImageDraw.Draw(paper).line([(40, 200), (200, 60), (420, 220)], fill="#111", width=3)
    kept = io.BytesIO()
    paper.save(kept, "PNG")
    return kept.getvalue()


def bomb(side: int) -> bytes:
    kept = io.BytesIO()
    Image.new("1", (side, side)).save(kept, "PNG")
    return kept.getvalue()


def test_photos_are_kept_once_and_shown_on_the_job(client: FlaskClient, firm: Firm, job_id: int) -> None:
    sign_in(client, firm, "field_agent")
    photos = [picture_file("navy"), picture_file("teal")]
    assert send(client, job_id, *photos).status_code == 303
    assert send(client, job_id, *photos).status_code == 303  # a double tap
    page = client.get(f"/work-orders/{job_id}").text
    assert page.count("?size=small") == 2 and "Photo added" in page


def test_what_is_handed_out_is_upright_small_and_says_nothing_of_place_or_camera(
    client: FlaskClient, session: Session, firm: Firm, job_id: int
) -> None:
    sign_in(client, firm, "field_agent")
    facts = Image.Exif()
    facts[ORIENTATION], facts[CAMERA], facts.get_ifd(GPS)[2] = 6, "Phone", (53.0, 48.0, 0.0)
    send(client, job_id, picture_file(size=(3000, 2000), kind="JPEG", exif=facts))
    [kept] = pictures_of(session, [job_id])
    address = f"/work-orders/{job_id}/pictures/{kept.id}"
    large, small = client.get(address), client.get(address, query_string={"size": "small"})
    shown = Image.open(io.BytesIO(large.data))
    assert (shown.size, shown.format, dict(shown.getexif())) == ((1067, 1600), "JPEG", {})
    assert max(Image.open(io.BytesIO(small.data)).size) == 360
    assert large.mimetype == "image/jpeg" and large.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("file", "says"),
    [(b"", "Choose a picture first"), (b"GIF89a" + b"\0" * 50, "no picture that can be kept"),
     (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture that can be kept"),
     (b"<html>" + b"x" * 99, "no picture that can be kept"), (picture_file()[:-30], "no picture that can be kept"),
     (bomb(8_000), "too many pixels"), (bomb(15_000), "too many pixels"), (picture_file(size=(4, 4)), "too small")],
    ids=["nothing", "gif", "svg", "html", "cut off", "large", "bomb", "dot"],
)  # fmt: skip
def test_what_is_no_photo_is_refused_beside_the_button(
    client: FlaskClient, session: Session, firm: Firm, job_id: int, file: bytes, says: str
) -> None:
    sign_in(client, firm, "field_agent")
    answer = send(client, job_id, picture_file(), file, name="photo.png")
    assert answer.status_code == 422 and says in answer.text
    assert pictures_of(session, [job_id]) == []  # all or none


def test_a_file_beyond_all_bounds_is_refused_unread(client: FlaskClient, firm: Firm, job_id: int) -> None:
    sign_in(client, firm, "field_agent")
    assert send(client, job_id, b"\xff" * (drawing.LARGEST_FILE + 1)).status_code == 422
    assert send(client, job_id, b"\xff" * (5 * drawing.LARGEST_FILE + 1)).status_code == 413
    assert post(client, f"/work-orders/{job_id}/steps", {"step": "x" * 2_000_000}).status_code == 413


def test_the_customer_signs_on_the_glass_and_only_with_ink(client: FlaskClient, firm: Firm, job_id: int) -> None:
    sign_in(client, firm, "field_agent")
    assert "Rita Okafor" in client.get(f"/work-orders/{job_id}/signature").text  # the contact, ready to be taken
    blank = send(client, job_id, picture_file("white"), to="signature", signed_by="Rita Okafor")
    assert blank.status_code == 422 and "Nothing was drawn yet" in blank.text and "Rita Okafor" in blank.text
    nameless = send(client, job_id, signature(), to="signature", signed_by=" ")
    assert nameless.status_code == 422 and "Enter who signs" in nameless.text
    assert send(client, job_id, signature(), to="signature", signed_by="Rita Okafor").status_code == 303
    assert "Signed by Rita Okafor" in client.get(f"/work-orders/{job_id}").text


def test_a_picture_is_removed_once_and_the_history_says_so(
    client: FlaskClient, session: Session, firm: Firm, job_id: int
) -> None:
    make_picture(session, firm, make_work_order(session, firm))  # of another job: it stays
    sign_in(client, firm, "field_agent")
    send(client, job_id, picture_file())
    [kept] = pictures_of(session, [job_id])
    for _ in range(2):
        assert post(client, f"/work-orders/{job_id}/pictures/{kept.id}/removal", {}).status_code == 303
    page = client.get(f"/work-orders/{job_id}").text
    assert "?size=small" not in page and page.count("Photo removed") == 1


def test_a_job_keeps_so_many_and_says_when_it_is_full(
    client: FlaskClient, session: Session, firm: Firm, job_id: int
) -> None:
    sign_in(client, firm, "field_agent")
    for first in range(0, MOST_OF_A_JOB, 5):
        shades = [picture_file(f"#{(first + n) * 6:02x}0000") for n in range(5)]
        assert send(client, job_id, *shades).status_code == 303
    full = send(client, job_id, picture_file("white"))
    assert full.status_code == 422 and f"keeps {MOST_OF_A_JOB} pictures" in full.text
    assert len(pictures_of(session, [job_id])) == MOST_OF_A_JOB


def test_the_customer_sees_the_pictures_of_their_own_work_only(app: Flask, session: Session, firm: Firm) -> None:
    job, others = make_work_order(session, firm), make_work_order(session, firm)
    ours, theirs = make_picture(session, firm, job, "navy"), make_picture(session, firm, others, "teal")
    path = pay_address(session, make_invoice(session, firm, work_order=job))
    customer = browser(app)
    page = customer.get(path).text
    assert "Photos and signature" in page and f"{path}/pictures/{ours.id}.jpg?size=small" in page
    assert customer.get(f"{path}/pictures/{ours.id}.jpg").mimetype == "image/jpeg"
    assert customer.get(f"{path}/pictures/{theirs.id}.jpg").status_code == 404
    plain = pay_address(session, make_invoice(session, firm))
    assert "Photos and signature" not in customer.get(plain).text
    assert customer.get(f"{plain}/pictures/{ours.id}.jpg").status_code == 404

"""The firm's logo: drawn anew, kept under its own name, on pages, papers and mails, and frozen on what went out."""

import io
import re
import time

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.invoices.documents.papers import invoice_paper
from portal.invoices.queries import get_invoice
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import AuditEntry, Organisation
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, make_invoice, pay_address, picture_file, post, sign_in
from tests.conftest import browser


@pytest.fixture
def admin(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "administrator")


def drawn(colour: str = "navy", kind: str = "PNG", size: tuple[int, int] = (800, 400)) -> bytes:
    """A mark in the middle of nothing, see-through where the format can be."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle(
        (size[0] // 4, size[1] // 4, size[0] * 3 // 4 - 1, size[1] * 3 // 4 - 1), fill=colour
    )
    file = io.BytesIO()
    (picture.convert("RGB") if kind == "JPEG" else picture).save(file, kind)
    return file.getvalue()


def choose(client: FlaskClient, file: bytes, name: str = "logo.png") -> TestResponse:
    form: dict[str, object] = {"picture": (io.BytesIO(file), name)}
    return post(client, "/settings/logo", form, page="/settings", content_type="multipart/form-data")


def logo_of(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        return session.get_one(Organisation, firm.organisation_id).logo


def address_in(page: str) -> str:
    found = re.search(r'<img src="(/logos/[^"]+)" alt="" width="384?" height="\d+"|<img src="(/logos/[^"]+)"', page)
    assert found is not None, page[:600]
    return found[1] or found[2]


def test_a_logo_is_drawn_anew_without_its_edge_and_stands_on_the_pages(admin: FlaskClient, firm: Firm) -> None:
    assert choose(admin, drawn()).headers["Location"] == "/settings#logo"
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, make_invoice(session, firm))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "logo changed")).one()
    assert entry.actor_name == "Ada Admin"
    address = address_in(admin.get(path).text)
    assert address_in(admin.get("/settings").text) == address
    picture = Image.open(io.BytesIO(admin.get(address).data))
    assert (picture.format, picture.size) == ("PNG", (192, 96))
    assert f'width="{picture.width}" height="{picture.height}"' in admin.get(path).text
    assert picture.convert("RGB").getpixel((1, 1)) == (0, 0, 128)


def test_whoever_fetches_it_may_keep_it_for_ever(admin: FlaskClient, firm: Firm) -> None:
    choose(admin, drawn())
    answer = browser(admin.application).get(f"/logos/{logo_of(firm)}.png")
    assert answer.mimetype == "image/png" and "Set-Cookie" not in answer.headers
    assert {"public", "immutable", "max-age=31536000"} <= set(answer.headers["Cache-Control"].split(", "))
    assert "Cookie" not in answer.headers.get("Vary", "")
    before = logo_of(firm)
    choose(admin, drawn("teal"))
    assert logo_of(firm) != before
    assert admin.get(f"/logos/{before}.png").status_code == 200  # old pages and mails still show what they showed


@pytest.mark.parametrize("name", ["0" * 32 + "-10x10", "x", "..%2f..", "%00", "0" * 32])
def test_what_is_no_logo_is_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/logos/{name}.png").status_code == 404


@pytest.mark.parametrize(
    ("file", "why"),
    [(b"", "Choose a picture first"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "choose a JPEG, PNG or WebP file"),
     (picture_file(size=(20, 20)), "too small to be sharp"), (picture_file("white", (200, 80)), "all white"),
     (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "no picture that can be kept")],
    ids=["none", "svg", "tiny", "white", "broken"],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_beside_the_field(
    admin: FlaskClient, firm: Firm, file: bytes, why: str
) -> None:
    answer = choose(admin, file)
    assert answer.status_code == 422
    beside = re.search(r'id="f-picture-error">([^<]+)', answer.text)
    assert beside is not None and why in beside[1]
    assert 'aria-describedby="f-picture-hint f-picture-error"' in answer.text
    assert logo_of(firm) == "" and 'value="Northgate Heating"' in answer.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_however_large_the_file_the_page_stays_light(admin: FlaskClient, firm: Firm, kind: str) -> None:
    noise, file = Image.effect_noise((3000, 1200), 90).convert("RGB"), io.BytesIO()
    noise.save(file, kind)
    began = time.perf_counter()
    assert choose(admin, file.getvalue()).status_code == 303
    assert time.perf_counter() - began < 5
    assert len(admin.get(f"/logos/{logo_of(firm)}.png").data) < 25_000  # noise: the worst there is


def test_an_invoice_keeps_the_logo_it_went_out_with(admin: FlaskClient, firm: Firm) -> None:
    def pictures(invoice_id: int) -> list[tuple[int, int]]:
        with job_session(firm.organisation_id) as session:
            invoice = get_invoice(session, invoice_id)
            paper = invoice_paper(session, session.get_one(Organisation, firm.organisation_id), invoice)
        return [picture.image.size for picture in PdfReader(io.BytesIO(paper)).pages[0].images if picture.image]

    choose(admin, drawn())
    with job_session(firm.organisation_id) as session:
        early = make_invoice(session, firm).id
    assert pictures(early) == [(400, 200)]
    page = admin.get("/settings").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    assert admin.post("/settings/logo/removal", data={"csrf_token": token[1]}).status_code == 303
    assert "/logos/" not in admin.get("/settings").text
    with job_session(firm.organisation_id) as session:
        late = make_invoice(session, firm).id
    assert (pictures(early), pictures(late)) == ([(400, 200)], [])


def test_mails_to_customers_show_it(admin: FlaskClient, firm: Firm) -> None:
    choose(admin, drawn())
    with job_session(firm.organisation_id) as session:
        make_invoice(session, firm, email="rita@maple.example")
    with job_session(firm.organisation_id) as session:
        mail = read_mail(session, session.scalars(select(Message.id)).one())
    assert f'/logos/{logo_of(firm)}.png" alt="" height="32"' in mail.html
    assert "/logos/" not in mail.text


def test_the_same_logo_of_two_firms_is_one_file(admin: FlaskClient, firm: Firm) -> None:
    choose(admin, drawn())
    other = make_firm(name="Another firm")
    client = sign_in(browser(admin.application), other, "administrator")
    choose(client, drawn())
    assert logo_of(firm) == logo_of(other)
    assert client.get(f"/logos/{logo_of(other)}.png").status_code == 200

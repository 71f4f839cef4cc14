"""Receipts and credit notes of the link's invoice: as a page in the customer's language, and as the PDF."""

from typing import Any

from flask import Response, url_for

from portal.invoices.documents.pdf import drawn
from portal.organisations.models import Organisation
from portal.pay_page import papers
from portal.pay_page.views.pages import answer, asked_language, bp, page_of, speak
from portal.shared.access import everyone
from portal.shared.web import request_session


@bp.get("/p/<token>/receipts/<int:payment_id>")
@everyone
def show_receipt(token: str, payment_id: int) -> Response:
    page = page_of(token)
    language = speak(page.organisation, page.language)
    paper = papers.receipt_on(request_session(), page, payment_id, language.code)
    own: dict[str, Any] = {"token": token, "payment_id": payment_id}
    return paper_page(
        page.organisation, page.language, paper, address=url_for("pay_page.show_receipt", **own),
        file=url_for("pay_page.show_receipt_pdf", **own), back=url_for("pay_page.show", token=token),
    )  # fmt: skip


@bp.get("/p/<token>/receipts/<int:payment_id>.pdf")
@everyone
def show_receipt_pdf(token: str, payment_id: int) -> Response:
    page = page_of(token)
    return papers.receipt_response(request_session(), page, payment_id)


@bp.get("/p/<token>/credit-notes/<int:credit_note_id>")
@everyone
def show_credit_note(token: str, credit_note_id: int) -> Response:
    page = page_of(token)
    language = speak(page.organisation, page.language)
    paper = papers.credit_note_on(request_session(), page, credit_note_id, language.code)
    own: dict[str, Any] = {"token": token, "credit_note_id": credit_note_id}
    return paper_page(
        page.organisation, page.language, paper, address=url_for("pay_page.show_credit_note", **own),
        file=url_for("pay_page.show_credit_note_pdf", **own), back=url_for("pay_page.show", token=token),
    )  # fmt: skip


@bp.get("/p/<token>/credit-notes/<int:credit_note_id>.pdf")
@everyone
def show_credit_note_pdf(token: str, credit_note_id: int) -> Response:
    page = page_of(token)
    return papers.credit_note_response(request_session(), page, credit_note_id)


def paper_page(
    organisation: Organisation, customers: str, paper: dict[str, Any], *, address: str, file: str, back: str,
    back_words: str = "back_to_invoice",
) -> Response:  # fmt: skip
    """What a paper says, as a page that can be printed.

    file, back  addresses of the PDF and of the link's own page; back_words: a key of the catalogue of phrases
    """
    return answer(
        "paper", organisation, customers, address=address, paper=paper, code=drawn(paper["code"]), file=file,
        back_words=back_words, back=f"{back}?lang={asked}" if (asked := asked_language()) else back,
    )  # fmt: skip

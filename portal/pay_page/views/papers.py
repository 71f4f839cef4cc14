"""Receipts and credit notes of the link's invoice: as a page in the customer's language, and as the PDF."""

from typing import Any, Protocol

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
    back = url_for("pay_page.show", token=token)
    return paper_page(page, paper, "show_receipt", back, token=token, payment_id=payment_id)


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
    back = url_for("pay_page.show", token=token)
    return paper_page(page, paper, "show_credit_note", back, token=token, credit_note_id=credit_note_id)


@bp.get("/p/<token>/credit-notes/<int:credit_note_id>.pdf")
@everyone
def show_credit_note_pdf(token: str, credit_note_id: int) -> Response:
    page = page_of(token)
    return papers.credit_note_response(request_session(), page, credit_note_id)


class Page(Protocol):
    """What every link's page knows: whose it is, and the customer's language."""

    @property
    def organisation(self) -> Organisation: ...
    @property
    def language(self) -> str: ...


def paper_page(
    page: Page, paper: dict[str, Any], view: str, back: str, back_words: str = "back_to_invoice", **own: Any
) -> Response:
    """What a paper says, as a page that can be printed.

    view        the one that shows it; that of its PDF has the same name and `_pdf`, and both take `own`
    back        address of the link's own page; back_words: a key of the catalogue of phrases
    """
    address, file = (url_for(f"pay_page.{name}", **own) for name in (view, f"{view}_pdf"))
    return answer(
        "paper", page.organisation, page.language, address=address, paper=paper, code=drawn(paper["code"]), file=file,
        back_words=back_words, back=f"{back}?lang={asked}" if (asked := asked_language()) else back,
    )  # fmt: skip

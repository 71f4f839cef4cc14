"""What all answers to customers share: the language, the link's own page, and the answers where there is no page."""

import math
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request, url_for

from portal.invoices.models import PayLink
from portal.organisations.models import Organisation
from portal.pay_page import limits
from portal.pay_page.actions import note_opening
from portal.pay_page.proofs import form_proof, is_tapped_here
from portal.pay_page.queries import ExpiredLink, PayPage, UnknownLink, open_link
from portal.payments.wording import way_in
from portal.shared import clock, formats, phrases
from portal.shared.forms import Form
from portal.shared.phrases import Language
from portal.shared.text import decimal_mark
from portal.shared.web import client_address, request_session
from portal.taxes.wording import told_in, tongue

bp = Blueprint("pay_page", __name__)
OVER = "session_over"  # in the page's address: the payer comes from a page of Stripe's that has closed
PAID = "paid"  # in the page's address: the payer has just come back from paying a part
_CHOSEN, _CHOSEN_AGE_S = "portal_language", 180 * 24 * 60 * 60
_RENEWABLE = ("pay_page.show", "pay_page.show_together", "pay_page.show_deposit")


class Opened(Protocol):
    """A link of either kind, opened: whose it is, and the language of its customer."""

    @property
    def organisation(self) -> Organisation: ...

    @property
    def language(self) -> str: ...


@bp.before_request
def _mark_public() -> None:
    g.public_page = True


@bp.errorhandler(UnknownLink)
def _unknown(_problem: UnknownLink) -> Response:
    return answer("unknown", status=404, can_renew=request.endpoint in _RENEWABLE)


@bp.errorhandler(ExpiredLink)
def _expired(problem: ExpiredLink) -> Response:
    can_renew = request.endpoint in _RENEWABLE
    return answer("expired", problem.organisation, problem.language, status=410, can_renew=can_renew)


def page_of(token: str, *, to_look: bool = False) -> PayPage:
    """Raises UnknownLink, ExpiredLink."""
    try:
        page = open_link(request_session(), token, to_look=to_look and not is_tapped_here())
    except UnknownLink:
        count_miss()
        raise
    note_tap(page.link)
    return page


def note_tap(link: PayLink, invoice_ids: Sequence[int] = ()) -> None:
    """As note_person does, where a link was followed; a form has to be proven first."""
    if request.method == "GET" and is_tapped_here():
        note_person(link, invoice_ids)


def note_person(link: PayLink, invoice_ids: Sequence[int] = ()) -> None:
    """With scripts off nothing tells of an opening: then whoever follows a link of the page, or sends a form of it, has
    it open. Commits, as Stripe may be asked next.

    invoice_ids  of a joint link
    """
    if link.opened_at is None:
        note_opening(request_session(), link, invoice_ids)
        request_session().commit()


def count_miss() -> None:
    """Somebody may be guessing: too many tries end with 429."""
    request_session().rollback()  # a miss is written down, and a revoked link's transaction was for looking only
    if limits.is_beyond(limits.MISSES, client_address()):
        abort(429)


def speak(organisation: Organisation | None, customers: str = "") -> Language:
    """The language of this answer: what the address asks for, else the customer's, else the browser's, else the firm's.

    Numbers and dates follow it.
    """
    if organisation is None:
        language = phrases.choose(asked_language(), *request.accept_languages.values())
        g.locale = language.locale("")
        return language
    language = phrases.choose(
        asked_language(), customers, *request.accept_languages.values(), organisation.locale
    )  # fmt: skip
    g.locale, g.time_zone = language.locale(organisation.locale, organisation.country), organisation.time_zone
    decimal_mark.set(formats.decimal_mark_of(g.locale))
    return language


def asked_language() -> str | None:
    """What the page's address asks for, or this browser chose before on the same link."""
    language = phrases.find(request.args.get("lang")) or phrases.find(request.cookies.get(_CHOSEN))
    return language.code if language else None


def _remember_language(response: Response) -> None:
    """For this link and this browser alone: the cookie says a language, comes to this link only, and names nobody."""
    chosen = phrases.find(request.args.get("lang"))
    if chosen is not None and response.status_code == 200:
        link = "/".join(request.path.split("/")[:3])  # /p/<token>, /t/<token> or /d/<token>
        response.set_cookie(
            _CHOSEN, chosen.code, max_age=_CHOSEN_AGE_S, path=link, httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip


def answer(
    name: str, organisation: Organisation | None = None, customers: str = "", *, status: int = 200, address: str = "",
    **values: Any,
) -> Response:  # fmt: skip
    """templates/pay_page/`name`.html in the customer's language.

    customers  the language that the firm has noted for the customer
    address  where this page stands, for the language switch; "" for the address that was asked for
    """
    language = speak(organisation, customers)
    spoken = tongue(language.code, organisation.country if organisation else "")
    body = render_template(
        f"pay_page/{name}.html", organisation=organisation, say=language.say, language=language,
        languages=phrases.LANGUAGES.values(), lang=language.code, dir="rtl" if language.is_rtl else "ltr",
        asked=asked_language(), address=address, way=partial(way_in, language),
        spoken=spoken, told=partial(told_in, spoken, mark=decimal_mark.get()), mark=decimal_mark.get(), **values,
    )  # fmt: skip
    response = make_response(body, status)
    if organisation is not None:
        _remember_language(response)
    return response


def show_page(
    token: str, page: PayPage, *, problem: str = "", part_form: Form | None = None,
    question_form: Form | None = None, status: int = 200, done: str = "",
) -> Response:  # fmt: skip
    """The link's page.

    problem    a key of the catalogue of phrases
    done       what the customer has just done: PAID, or a key of the catalogue about their card
    part_form, question_form  what somebody typed, and what is wrong with it
    """
    shown = shown_on(page)
    return answer(
        "show", page.organisation, page.language, status=status, address=url_for("pay_page.show", token=token),
        page=page, invoice=page.invoice, token=token, shown=shown, proof=form_proof(token, shown), problem=problem,
        part_form=part_form or Form(), done=done,
        question_form=question_form or Form(),
    )  # fmt: skip


def shown_on(page: PayPage) -> str:
    """What the customer agrees to by tapping Pay."""
    return f"{page.balance.to_pay.minor}.{page.balance.currency}.{page.invoice.revision}"


def come_later(token: str, page: Opened | None, wait: timedelta) -> Response:
    organisation, language = (page.organisation, page.language) if page else (None, "")
    speak(organisation, language)
    at = formats.clock_time(clock.now() + wait)
    response = answer(
        "later", organisation, language, status=429, address=request.path.removesuffix("/attempts"), at=at
    )
    response.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response


def see(token: str, language: str | None, *, done: str | None = None) -> Response:
    """To the link's page, in the language that was chosen on it. done: as looking.show reads it."""
    return _to(url_for("pay_page.show", token=token, lang=language, done=done))


def see_together(token: str, language: str | None, *, done: str | None = None) -> Response:
    anchor = "card" if done and done != OVER else None
    return _to(url_for("pay_page.show_together", joint_token=token, lang=language, done=done, _anchor=anchor))


def see_deposit(token: str, language: str | None, *, done: str | None = None) -> Response:
    return _to(url_for("pay_page.show_deposit", deposit_token=token, lang=language, done=done))


def _to(address: str) -> Response:
    response: Response = redirect(address, code=303)  # type: ignore[assignment]
    return response

"""Paying: to Stripe's page and back."""

import logging
import uuid
from urllib.parse import urlsplit

from flask import Response, redirect, request
from sqlalchemy.orm import Session

from portal.gateways.errors import GatewayError
from portal.invoices.models import PayLink
from portal.invoices.pay_links import reveal_token
from portal.invoices.queries import due_on
from portal.organisations.models import Organisation
from portal.pay_page import limits
from portal.pay_page.cards import wish_of
from portal.pay_page.parts import PartRefused, chosen_amount
from portal.pay_page.proofs import find_attempt, is_from_our_page, is_proven, recall_payer, remember_payer
from portal.pay_page.queries import PayPage, UnknownLink
from portal.pay_page.tips import chosen_tip
from portal.pay_page.views.arrived import tell_of_arrival
from portal.pay_page.views.pages import (
    OVER,
    PAID,
    answer,
    asked_language,
    bp,
    come_later,
    note_person,
    page_of,
    see,
    see_deposit,
    see_together,
    show_page,
    shown_on,
    speak,
)
from portal.payments.actions import CannotKeepCard, Started, Wish, look_at_attempt, start_attempt
from portal.payments.rules import AmountChanged, CannotPay, NothingToPay, TooManyDeclines, TooManySessions
from portal.shared import formats
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.db import enter
from portal.shared.forms import Form
from portal.shared.phrases import Language
from portal.shared.text import clean
from portal.shared.web import request_session, settings

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 4


@bp.post("/p/<token>/attempts")
@everyone
@exempt
def create_attempt(token: str) -> Response:
    """Pay: to Stripe's page, the same one for everybody who taps."""
    page = page_of(token)
    shown = request.form.get("shown", "")
    if not is_from_our_page() or not is_proven(token, shown, request.form.get("proof", "")):
        return show_page(token, page, problem="out_of_date", status=403)
    note_person(page.link)
    if not page.is_payable:
        return see(token, asked_language())
    if shown != shown_on(page):
        return show_page(token, page, problem="changed", status=409)
    if limits.is_beyond(limits.TAPS, page.link.id):
        return come_later(token, page, limits.TAPS.window)
    language = speak(page.organisation, page.language)
    choice, typed = request.form.get("part", ""), clean(request.form.get("amount", ""))
    try:
        figures = formats.without_sign(typed, page.balance.currency)
        amount = chosen_amount(page.balance.to_pay, page.parts, choice, figures)
    except PartRefused as refused:
        return show_page(token, page, part_form=_refused(language, refused, typed), status=422)
    tip = chosen_tip(amount, request.form.get("tip", ""), are_taken=page.organisation.takes_tips)
    card = wish_of(request.form, page.organisation, language, page.link.id)
    return _send_to_stripe(token, page, Wish(amount, page.balance.to_pay, tip, card))


@bp.get("/r/<uuid:public_id>")
@everyone
def come_back(public_id: uuid.UUID) -> Response:
    """Back from Stripe, paid or not: nothing in this address is believed, Stripe is asked."""
    session = request_session()
    payer, found = recall_payer(public_id), find_attempt(session, str(public_id))
    if found is None:
        return answer("thanks")
    organisation_id, attempt_id = found
    state = _look(organisation_id, attempt_id)
    if payer is None:
        return answer("thanks")
    enter(session, organisation_id)
    if state is None:
        response = answer("checking", session.get_one(Organisation, organisation_id))
        response.headers["Refresh"] = str(_LOOK_AGAIN_S)
        return response
    link = session.get(PayLink, payer.link_id)
    if link is None:
        raise UnknownLink
    if link.revoked_at is not None:
        organisation = session.get_one(Organisation, organisation_id)
        return tell_of_arrival(session, organisation, attempt_id, public_id, state, payer.language)
    return _see_behind(session, link, state, payer.language)


def _see_behind(session: Session, link: PayLink, state: str, language: str | None) -> Response:
    """state: of the attempt that the payer comes from"""
    token = reveal_token(link, settings().vault)
    over = OVER if state == "expired" else None
    if link.invoice_id is None:
        return see_deposit(token, language, done=over)
    if link.is_joint:
        return see_together(token, language, done=over)
    is_part = state == "paid" and due_on(session, link.invoice_id).balance
    return see(token, language, done=PAID if is_part else over)


def _refused(language: Language, refused: PartRefused, typed: str) -> Form:
    amounts = {name: formats.money(amount) for name, amount in refused.amounts.items()}
    if "example" in refused.amounts:
        amounts["example"] = formats.amount(refused.amounts["example"])
    form = Form(amount=typed[:40])
    form.errors["amount"] = language.say(refused.key, **amounts)
    return form


def _send_to_stripe(token: str, page: PayPage, wish: Wish) -> Response:
    try:
        started = start_attempt(page.organisation.id, page.invoice.id, wish)
    except NothingToPay:
        return see(token, asked_language())
    except TooManySessions as problem:
        return come_later(token, page, problem.wait)
    except TooManyDeclines:
        return show_page(token, page_of(token), problem="too_many_cards", status=409)
    except AmountChanged:
        return show_page(token, page_of(token), problem="changed", status=409)
    except CannotKeepCard:
        return show_page(token, page_of(token), problem="card_not_saved", status=409)
    except CannotPay as problem:
        log.info("no card payment for attempt: %s", problem.sentence)
        return show_page(token, page_of(token), problem="cannot_pay", status=409)
    except GatewayError:
        return show_page(token, page_of(token), problem="no_answer", status=503)
    return to_checkout(started, page.link.id) or show_page(token, page, problem="no_answer", status=503)


def to_checkout(started: Started, link_id: int) -> Response | None:
    """To Stripe's page; None when it stands at an address that is not Stripe's."""
    if not _is_checkout(started):
        log.error("payment page at an address that STRIPE_CHECKOUT_HOSTS does not name")
        return None
    response: Response = redirect(started.url, code=303)  # type: ignore[assignment]
    remember_payer(response, started.public_id, link_id, asked_language())
    return response


def _is_checkout(started: Started) -> bool:
    address = urlsplit(started.url)
    return f"{address.scheme}://{address.netloc}" in settings().checkout_origins


def _look(organisation_id: int, attempt_id: int) -> str | None:
    """Ask Stripe about this attempt and book it. Its state; None when Stripe did not answer, "" when nobody asked."""
    if limits.is_beyond(limits.RETURNS, attempt_id):
        return ""
    try:
        return look_at_attempt(organisation_id, attempt_id, retries=0)
    except GatewayError:
        return None

"""Stripe's webhook, and what staff see and do about money coming in."""

import logging
from datetime import date, timedelta

from flask import Response, abort, flash, g, make_response, render_template, request, url_for
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import ForgedEvent, verify_event
from portal.invoices.cautions import CAUTIONS, Caution
from portal.payments import actions, chargeable, queries
from portal.payments.debits import NAMES
from portal.payments.models import StripeAccount
from portal.payments.rules import AnotherAccount
from portal.payments.views.pages import bp
from portal.shared import clock
from portal.shared.access import allow, everyone
from portal.shared.csrf import exempt
from portal.shared.db import enter
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.text import clean, id_from
from portal.shared.web import request_session

log = logging.getLogger(__name__)
PAGE_SIZE = 50


@bp.get("/payments")
@allow("see_board")
def index() -> str:
    """All payments, or with ?week=this those that the board's tile counts."""
    before = id_from(request.args.get("before", ""))
    monday = _monday() if request.args.get("week") == "this" else None
    found = queries.list_payments(
        request_session(), before=before, most=PAGE_SIZE + 1, since=monday,
        currency=g.organisation.currency if monday else "",
    )  # fmt: skip
    shown, week = found[:PAGE_SIZE], "this" if monday else None
    older = url_for("payments.index", before=shown[-1].payment.id, week=week) if len(found) > PAGE_SIZE else ""
    newest = url_for("payments.index", week=week) if before is not None else ""
    return render_template("payments/index.html", payments=shown, older_url=older, newest_url=newest, monday=monday)


def _card_caution(session: Session, balance: Money) -> Caution | None:
    """None where customers can pay so much by card."""
    other_ways = chargeable.other_ways(balance) if balance else ""
    if other_ways:
        return Caution("A card cannot pay this.", other_ways)
    if queries.live_account(session):
        return None
    may_mend = g.viewer.may("manage_organisation")
    return Caution(
        "Card payment is not set up yet.", "The customer can open the invoice but not pay it there.",
        url=url_for("payments.settings") if may_mend else "", label="Set up card payment",
    )  # fmt: skip


CAUTIONS.append(_card_caution)


@bp.get("/payments/settings")
@allow("manage_organisation")
def settings() -> str:
    return _settings_page(Form())


@bp.post("/payments/settings")
@allow("manage_organisation")
def update_settings() -> Response:
    """Take a restricted key, check it at Stripe, seal it. It is never shown again."""
    form = Form(request.form)
    key = form.text("key", "the restricted key", longest=300)
    request_session().rollback()  # no transaction stays open while Stripe is asked
    if form.ok:
        _connect(form, g.viewer.organisation_id, key, form.values.get("change", ""))
    if not form.ok:
        form.values.pop("key", None)  # a secret is not printed back
        return make_response(_settings_page(form), 422)
    flash("Connected. Customers can pay by card now.", "good")
    return see_other(url_for("payments.settings"))


@bp.post("/payments/settings/earlier")
@allow("manage_organisation")
def remove_earlier_account() -> Response:
    """Safe to repeat: what is removed is no error."""
    form = Form(request.form)
    account_id = form.record("account_id", "the account") or 0
    request_session().rollback()  # no transaction stays open while Stripe is asked
    try:
        if actions.remove_account(g.viewer.organisation_id, account_id):
            flash("Removed. Stripe sends nothing more of that account, and its key is gone.", "good")
        else:
            flash("Removed. Its key works no more, so switch the webhook off yourself in that account.", "due")
    except NotFound:
        flash("That account is removed already.", "good")
    except RuleBroken as problem:
        flash(problem.sentence, "late")
    except GatewayError as problem:
        flash(problem.words, "late")
    return see_other(url_for("payments.settings"))


@bp.post("/payments/settings/earlier/key")
@allow("manage_organisation")
def update_earlier_key() -> Response:
    """A new restricted key for a replaced account, which stays replaced."""
    form = Form(request.form)
    account_id = form.record("account_id", "the account") or 0
    key = form.text("key", "the restricted key", longest=300)
    request_session().rollback()  # no transaction stays open while Stripe is asked
    try:
        if form.ok:
            actions.renew_earlier_key(g.viewer.organisation_id, account_id, key)
            flash("That account is heard with the new key from now on.", "good")
    except NotFound:
        flash("That account is removed already.", "due")
    except RuleBroken as problem:
        form.refuse(problem)
    except GatewayError as problem:
        form.errors["key"] = problem.words
    for sentence in form.errors.values():
        flash(sentence, "late")
    return see_other(url_for("payments.settings", _anchor="earlier"))


@bp.post("/webhooks/stripe/<endpoint_key>")
@everyone
@exempt
def receive_event(endpoint_key: str) -> tuple[str, int]:
    """200 only after the event is stored: what it means is worked out later. A forged one leaves only a log line."""
    raw = request.get_data(cache=False)  # before anything parses it: the signature is over these bytes
    session = request_session()
    account = _account_at(session, endpoint_key)
    secrets = actions.webhook_secrets(account)
    if not secrets:
        return "not ready", 503
    try:
        event = verify_event(raw, request.headers.get("Stripe-Signature", ""), secrets)
    except ForgedEvent:
        log.warning("webhook refused", extra={"stripe_account": account.id})
        return "not signed by Stripe", 400
    actions.keep_event(session, account, event)
    session.commit()
    return "kept", 200


def _monday() -> date:
    """The first day of this week, where the firm is."""
    today = clock.today(g.time_zone)
    return today - timedelta(days=today.weekday())


def _account_at(session: Session, endpoint_key: str) -> StripeAccount:
    row = session.execute(
        text("SELECT organisation_id, stripe_account_id FROM gate.stripe_endpoint(:key)"), {"key": clean(endpoint_key)}
    ).one_or_none()
    if row is None:
        abort(404)
    enter(session, row.organisation_id)
    return session.get_one(StripeAccount, row.stripe_account_id)


def _settings_page(form: Form) -> str:
    session = request_session()
    return render_template(
        "payments/settings.html", form=form, account=queries.live_account(session),
        earlier=actions.earlier_accounts(session), debit_names=NAMES,
    )  # fmt: skip


def _connect(form: Form, organisation_id: int, key: str, change_to: str) -> None:
    try:
        actions.connect_stripe_account(organisation_id, key, change_to=change_to)
    except AnotherAccount as problem:
        form.refuse(problem)
        form.values["wanted"] = problem.wanted
    except RuleBroken as problem:
        form.refuse(problem, "key")
    except GatewayError as problem:
        form.errors["key"] = problem.words

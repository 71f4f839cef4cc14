"""The firm's own Twilio account, and what Twilio tells of its messages."""

import logging
import re

from flask import Blueprint, Response, abort, flash, g, make_response, render_template, request, url_for
from sqlalchemy import text

from portal.gateways import sms_gateway
from portal.gateways.errors import GatewayError
from portal.invoices.sendings import tell_sender
from portal.messages import texts
from portal.messages.models import SmsAccount
from portal.organisations import audit
from portal.shared.access import allow, everyone
from portal.shared.csrf import exempt
from portal.shared.db import enter
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.text import clean
from portal.shared.web import request_session

bp = Blueprint("texting", __name__)
log = logging.getLogger(__name__)

_SID, _SENDER = re.compile(r"AC[0-9a-fA-F]{32}"), re.compile(r"\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}")


@bp.get("/settings/text-messages")
@allow("manage_organisation")
def settings() -> Response:
    account = texts.sms_account(request_session())
    return _page(Form(sid=account.account_sid, sender=account.sender) if account else Form())


@bp.post("/settings/text-messages")
@allow("manage_organisation")
def update() -> Response:
    """Take the account's token, try it at Twilio, seal it. It is never shown again."""
    form = Form(request.form)
    sid = form.text("sid", "the account SID", longest=40)
    sender = form.text("sender", "the number that sends", longest=40).replace(" ", "")
    token = form.text("token", "the auth token", longest=100)
    form.values.pop("token", None)  # a secret is not printed back
    if "sid" not in form.errors and not _SID.fullmatch(sid):
        form.errors["sid"] = "Enter the account SID as Twilio shows it: AC and 32 letters and digits."
    if "sender" not in form.errors and not _SENDER.fullmatch(sender):
        form.errors["sender"] = "Enter a number of your account like +441134960000, or a messaging service (MG…)."
    session = request_session()
    session.rollback()  # no transaction stays open while Twilio is asked
    if form.ok:
        _try(form, sid, token, sender)
    if not form.ok:
        return _page(form, 422)
    account = texts.keep_account(session, g.viewer.organisation_id, sid=sid, token=token, sender=sender)
    session.flush()
    audit.note(session, g.viewer.organisation_id, "text messages set up", "sms_account", account.id)
    session.commit()
    flash("Connected. Invoices can be sent by text message now.", "good")
    return see_other(url_for("texting.settings"))


@bp.post("/settings/text-messages/removal")
@allow("manage_organisation")
def remove() -> Response:
    """Forget the account and its token. Messages that still wait fail, and their senders hear of it."""
    session = request_session()
    account = texts.sms_account(session)
    if account is not None:
        audit.note(session, account.organisation_id, "text messages given up", "sms_account", account.id)
        session.delete(account)
        session.commit()
        flash("Disconnected. No text message leaves any more.", "good")
    return see_other(url_for("texting.settings"))


@bp.post("/sms/<sms_key>/messages/<int:sms_id>/status")
@everyone
@exempt
def receive_status(sms_key: str, sms_id: int) -> tuple[str, int]:
    """Told by Twilio, signed with the account's token over the address it was given and all fields."""
    session, account, fields = request_session(), _account_at(sms_key), request.form.to_dict()
    signature = request.headers.get("X-Twilio-Signature", "")
    if not sms_gateway.is_signed(texts.token_of(account), texts.status_address(account, sms_id), fields, signature):
        log.warning("callback refused", extra={"sms_account": account.id})
        return "not signed by Twilio", 403
    sid, status, error = (clean(fields.get(name, ""))[:64] for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    lost = texts.note_status(session, sms_id, sid, status, error[:10])
    if lost is not None:
        tell_sender(session, lost)
        audit.note(
            session, account.organisation_id, "mail failed", lost.record, lost.record_id,
            words=f"The text message to {lost.to_address} did not arrive. {lost.last_error}",
        )  # fmt: skip
    session.commit()
    return "", 204


def _account_at(sms_key: str) -> SmsAccount:
    session = request_session()
    found = session.scalar(text("SELECT gate.sms_account(:key)"), {"key": clean(sms_key)})
    if found is None:
        abort(404)
    enter(session, found)
    account = texts.sms_account(session)
    if account is None:
        abort(404)
    return account


def _try(form: Form, sid: str, token: str, sender: str) -> None:
    try:
        sms_gateway.check(sms_gateway.Account(texts.twilio_base(), sid, token, sender))
    except GatewayError as problem:
        form.errors["token"] = problem.words


def _page(form: Form, status: int = 200) -> Response:
    account = texts.sms_account(request_session())
    return make_response(render_template("texting/settings.html", form=form, account=account), status)

"""Signed words that a customer's browser carries for us: the Pay form's proof, and who comes back from Stripe."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import text
from sqlalchemy.orm import Session

_COOKIE = "portal_return"
_COOKIE_AGE_S = 2 * 60 * 60


def form_proof(token: str, shown: str) -> str:
    """Binds the Pay form to its link and to the amount it showed."""
    words = f"pay:{hashlib.sha256(token.encode()).hexdigest()}:{shown}"
    return hmac.new(_secret().encode(), words.encode(), hashlib.sha256).hexdigest()


def is_proven(token: str, shown: str, proof: str) -> bool:
    return hmac.compare_digest(form_proof(token, shown).encode(), proof.encode("utf-8", "replace"))


def is_from_our_page() -> bool:
    """False when the browser says that another site sent this form.

    Our pages send no referrer, which makes browsers say "Origin: null" even for our own form; so where the browser
    tells the site, that decides, and the form's proof does the rest.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin in (None, "null") or str(origin).partition("://")[2] == request.host


def is_tapped_here() -> bool:
    """A browser says that a person followed a link from a page of ours. What only fetches addresses, as mail scanners
    do, comes from no page of ours: even where it drives a whole browser, it opens the address itself."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin" and request.headers.get("Sec-Fetch-User") == "?1"


@dataclass(frozen=True)
class Payer:
    """Which link this browser came from, and the language chosen on its page, if one was."""

    link_id: int
    language: str | None


def remember_payer(response: Response, public_id: uuid.UUID, link_id: int, language: str | None) -> None:
    """So that the return page knows whose link it was. The link's secret itself is not in the cookie."""
    response.set_cookie(
        _COOKIE, _signer().dumps([str(public_id), link_id, language]), max_age=_COOKIE_AGE_S, path=f"/r/{public_id}",
        httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip


def recall_payer(public_id: uuid.UUID) -> Payer | None:
    """None when it was another browser."""
    try:
        whose, link_id, language = _signer().loads(request.cookies.get(_COOKIE, ""), max_age=_COOKIE_AGE_S)
    except (BadSignature, ValueError, TypeError):
        return None
    return Payer(int(link_id), language) if whose == str(public_id) else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_secret(), salt="return")


def _secret() -> str:
    secret: str = current_app.config["SECRET_KEY"]
    return secret


def find_attempt(session: Session, public_id: str) -> tuple[int, int] | None:
    """(organisation id, attempt id) of the id in a return address, across organisations."""
    row = session.execute(
        text("SELECT organisation_id, attempt_id FROM gate.payment_attempt(:id)"), {"id": public_id}
    ).one_or_none()
    return (row.organisation_id, row.attempt_id) if row else None

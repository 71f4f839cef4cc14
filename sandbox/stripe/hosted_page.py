"""The page payers see: card or bank, 3-D Secure, and what to say when it is too late."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.stripe import methods, money, sessions
from sandbox.stripe.cards import CARDS
from sandbox.stripe.control_money import answer_3ds, pay
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document
from sandbox.stripe.world import World

_HEADERS = {
    # No form-action: after paying the form ends on the shop's own address, which the page cannot know.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_OFFERED = ("4242424242424242", "4000000000000002", "4000000000009995", "4000002760003184", "4000000000000259")


def hosted_page(world: World) -> Blueprint:
    bp = Blueprint("hosted_page", __name__, template_folder="templates", url_prefix="/c/pay")

    @bp.get("/<session_id>")
    def show(session_id: str) -> Response:
        desk, session = _find(world, session_id)
        return _show(desk, session)

    @bp.post("/<session_id>")
    def pay_now(session_id: str) -> BaseResponse:
        desk, session = _find(world, session_id)
        try:
            session = pay(desk, session_id, _wish())
        except StripeProblem as problem:
            return _show(desk, sessions.retrieve(desk, session_id), problem)
        finally:
            world.courier.wake()
        return redirect(_after(session), 303)

    @bp.get("/<session_id>/3ds")
    def ask(session_id: str) -> Response:
        desk, session = _find(world, session_id)
        if session["status"] != "open":
            return _show(desk, session)
        return _page("3ds.html", desk, session)

    @bp.post("/<session_id>/3ds")
    def answer(session_id: str) -> BaseResponse:
        desk, session = _find(world, session_id)
        try:
            session = answer_3ds(desk, session_id, passed=request.form.get("answer") == "complete")
        except StripeProblem as problem:
            return _show(desk, sessions.retrieve(desk, session_id), problem)
        finally:
            world.courier.wake()
        return redirect(_after(session), 303)

    return bp


def _find(world: World, session_id: str) -> tuple[Desk, Document]:
    desk, _ = world.desk_of("checkout.session", session_id, request.host_url.rstrip("/"))
    with world.store.transaction():
        return desk, sessions.retrieve(desk, session_id)


def _wish() -> dict[str, str]:
    form = request.form
    card = form.get("saved") or ("bank" if form.get("method") == "bank" else form.get("number", ""))
    return {"card": card, "email": form.get("email", ""), "name": form.get("name", "")}


def _after(session: Document) -> str:
    """Where to go next: the bank's page while 3-D Secure is asked, the shop's success page otherwise."""
    if session["status"] == "open":
        return f"/c/pay/{session['id']}/3ds"
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _show(desk: Desk, session: Document, problem: StripeProblem | None = None) -> Response:
    template = "checkout.html" if session["status"] == "open" else "closed.html"
    response = _page(template, desk, session, problem=problem, offered=[c for c in CARDS if c.number in _OFFERED],
                     others=[card for card in CARDS if card.number not in _OFFERED])  # fmt: skip
    if problem is not None:
        response.status_code = problem.status
    return response


def _page(template: str, desk: Desk, session: Document, **values: object) -> Response:
    by_bank = len(session["payment_method_types"]) > 1 and request.values.get("method") == "bank"
    typed = request.values.get("number") or "4242 4242 4242 4242"
    page = render_template(
        template,
        session=session,
        merchant=desk.account()["name"],
        lines=[(line["description"], line["quantity"], _spoken(line)) for line in session["_line_items"]],
        total=money.spoken(session["amount_total"], session["currency"]),
        by_bank=by_bank,
        saved=methods.shown_on(desk, session),
        will_be_saved=bool(session["_payment_intent_data"].get("setup_future_usage")),
        number=typed,
        email=(session["customer_details"] or {}).get("email") or request.form.get("email", ""),
        **values,
    )
    return make_response(page, 200, _HEADERS)


def _spoken(line: Document) -> str:
    return money.spoken(line["amount_total"], line["currency"])

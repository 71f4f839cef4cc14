"""Controls over money: pay, settle, refund, dispute, expire, without a browser. JSON under /_control/."""

from typing import Any

from flask import Blueprint, Response, request

from sandbox.stripe import disputes, methods, payments, payouts, refunds, sessions
from sandbox.stripe.cards import card_for
from sandbox.stripe.desk import Desk
from sandbox.stripe.payments import Payer, PaymentDeclined
from sandbox.stripe.rendering import public
from sandbox.stripe.store import Document
from sandbox.stripe.world import World


def pay(desk: Desk, session_id: str, wish: dict[str, Any]) -> Document:
    """Pay a session. {"card": "4242…"}, "bank" or a saved card's "pm_…", "email", "name".

    A decline is recorded, then raised.
    """
    payer = Payer(wish.get("email"), wish.get("name"))
    declined: PaymentDeclined | None = None
    with desk.store.transaction():
        try:
            if wish.get("card") == "bank":
                return payments.pay_by_bank(desk, session_id, payer)
            if wish.get("card", "").startswith("pm_"):
                return payments.pay_by_saved(desk, session_id, wish["card"], payer)
            return payments.pay_by_card(desk, session_id, card_for(wish.get("card", "4242424242424242")), payer)
        except PaymentDeclined as problem:
            declined = problem
    raise declined


def answer_3ds(desk: Desk, session_id: str, *, passed: bool) -> Document:
    """Finish 3-D Secure. A refusal is recorded, then raised."""
    declined: PaymentDeclined | None = None
    with desk.store.transaction():
        try:
            return payments.finish_3ds(desk, session_id, passed=passed)
        except PaymentDeclined as problem:
            declined = problem
    raise declined


def session_controls(world: World) -> Blueprint:
    bp = Blueprint("control_sessions", __name__, url_prefix="/_control/sessions/<session_id>")

    def desk(session_id: str) -> Desk:
        return world.desk_of("checkout.session", session_id, request.host_url.rstrip("/"))[0]

    @bp.after_request
    def send_news(response: Response) -> Response:
        world.courier.wake()
        return response

    @bp.post("/pay")
    def pay_session(session_id: str) -> Document:
        return public(pay(desk(session_id), session_id, _wish()))

    @bp.post("/3ds")
    def finish_3ds(session_id: str) -> Document:
        """{"passed": true}"""
        return public(answer_3ds(desk(session_id), session_id, passed=_wish().get("passed", True)))

    @bp.post("/bank")
    def settle_bank(session_id: str) -> Document:
        """{"succeeded": true}"""
        with world.store.transaction():
            return public(
                payments.settle_bank(desk(session_id), session_id, succeeded=_wish().get("succeeded", True))
            )  # fmt: skip

    @bp.post("/expire")
    def expire(session_id: str) -> Document:
        with world.store.transaction():
            return public(sessions.expire(desk(session_id), {}, session_id))

    return bp


def aftermath_controls(world: World) -> Blueprint:
    bp = Blueprint("control_aftermath", __name__, url_prefix="/_control")

    def desk(kind: str, object_id: str) -> Desk:
        return world.desk_of(kind, object_id, request.host_url.rstrip("/"))[0]

    @bp.after_request
    def send_news(response: Response) -> Response:
        world.courier.wake()
        return response

    @bp.post("/charges/<charge_id>/refunds")
    def refund(charge_id: str) -> Document:
        """As if somebody pressed Refund in the dashboard. {"amount": minor units} or all that is left."""
        wish = {name: str(value) for name, value in _wish().items() if name in ("amount", "reason")}
        with world.store.transaction():
            return public(refunds.create(desk("charge", charge_id), {"charge": charge_id, **wish}))

    @bp.post("/refunds/<refund_id>/settle")
    def settle_refund(refund_id: str) -> Document:
        """{"outcome": "succeeded" or "failed", "reason": "lost_or_stolen_card"}"""
        with world.store.transaction():
            return public(refunds.settle(desk("refund", refund_id), refund_id, **_wish()))

    @bp.post("/charges/<charge_id>/dispute")
    def dispute(charge_id: str) -> Document:
        """{"status": "needs_response" or "warning_needs_response", "reason": "fraudulent"}"""
        with world.store.transaction():
            return public(disputes.open_dispute(desk("charge", charge_id), charge_id, **_wish()))

    @bp.post("/disputes/<dispute_id>/escalate")
    def escalate_dispute(dispute_id: str) -> Document:
        """An inquiry becomes a dispute."""
        with world.store.transaction():
            return public(disputes.escalate_dispute(desk("dispute", dispute_id), dispute_id))

    @bp.post("/disputes/<dispute_id>/close")
    def close_dispute(dispute_id: str) -> Document:
        """{"outcome": "won", "lost" or, for an inquiry, "warning_closed"}"""
        with world.store.transaction():
            return public(disputes.close_dispute(desk("dispute", dispute_id), dispute_id, **_wish()))

    return bp


def saved_card_controls(world: World) -> Blueprint:
    bp = Blueprint("control_saved_cards", __name__, url_prefix="/_control/payment_methods/<method_id>")

    @bp.post("/bank")
    def change_bank(method_id: str) -> Document:
        """{"number": "4000…"}: from now on its bank answers as for this test card."""
        desk = world.desk_of("payment_method", method_id, request.host_url.rstrip("/"))[0]
        with world.store.transaction():
            return public(methods.change_bank(desk, method_id, _wish()["number"]))

    @bp.post("/renewal")
    def renew(method_id: str) -> Document:
        """{"last4", "exp_month", "exp_year", "by_hand": in the dashboard}: the network's own news otherwise."""
        desk, wish = world.desk_of("payment_method", method_id, request.host_url.rstrip("/"))[0], _wish()
        by_hand = bool(wish.pop("by_hand", False))
        with world.store.transaction():
            renewed = public(methods.renew(desk, method_id, wish, by_hand=by_hand))
        world.courier.wake()
        return renewed

    return bp


def payout_controls(world: World) -> Blueprint:
    bp = Blueprint("control_payouts", __name__, url_prefix="/_control")

    def desk(kind: str, object_id: str) -> Desk:
        return world.desk_of(kind, object_id, request.host_url.rstrip("/"))[0]

    @bp.after_request
    def send_news(response: Response) -> Response:
        world.courier.wake()
        return response

    @bp.post("/accounts/<account_id>/payouts")
    def pay_out(account_id: str) -> Document:
        """{"currency", "automatic": true, "arrives": true}: all that is in the account goes to the bank"""
        with world.store.transaction():
            return public(payouts.create(desk("account", account_id), **_wish()))

    @bp.post("/payouts/<payout_id>/<outcome>")
    def end_payout(payout_id: str, outcome: str) -> Document:
        """arrive, or fail (also after it had arrived)"""
        end = {"arrive": payouts.arrive, "fail": payouts.fail}[outcome]
        with world.store.transaction():
            return public(end(desk("payout", payout_id), payout_id))

    return bp


def _wish() -> dict[str, Any]:
    return request.get_json(silent=True) or {}

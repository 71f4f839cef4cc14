"""A plain dashboard for people: payments, sessions, events and their deliveries, with the buttons one needs."""

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.stripe import disputes, money, payments, payouts, refunds, sessions
from sandbox.stripe.control_delivery import repeat
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document, Scope
from sandbox.stripe.world import World

_NEWEST = 50


def dashboard(world: World) -> Blueprint:
    bp = Blueprint("dashboard", __name__, template_folder="templates")

    @bp.app_template_filter("clock")
    def clock(stamp: float) -> str:
        return datetime.fromtimestamp(stamp, UTC).strftime("%d %b %H:%M:%S")

    @bp.app_template_filter("spoken")
    def spoken(row: Document, name: str = "amount") -> str:
        return money.spoken(row[name], row["currency"])

    @bp.get("/")
    @bp.get("/dashboard")
    def accounts() -> str:
        return render_template("accounts.html", accounts=world.store.oldest_first("account"))

    @bp.get("/dashboard/<account>")
    def show(account: str) -> tuple[str, int]:
        return _show(world, account)

    @bp.post("/dashboard/<account>")
    def press(account: str) -> BaseResponse | tuple[str, int]:
        """One button: `do` says which, `id` on what."""
        try:
            with world.store.transaction():
                _press(world, request.form["do"], request.form["id"])
        except StripeProblem as problem:
            return _show(world, account, problem)
        world.courier.wake()
        return redirect(f"/dashboard/{account}", 303)

    return bp


def _press(world: World, button: str, thing: str) -> None:
    if button == "again":
        repeat(world, thing)
        return
    kind = next((kind for kind, buttons in _BUTTONS.items() if button in buttons), None)
    if kind is None:
        raise StripeProblem(f"There is no button {button}.")
    _act(world.desk_of(kind, thing, request.host_url.rstrip("/"))[0], button, thing)


_BUTTONS = {
    "charge": ("refund", "dispute"),
    "checkout.session": ("bank_paid", "bank_refused", "expire"),
    "refund": ("refund_fails", "refund_succeeds"),
    "dispute": ("won", "lost", "warning_closed"),
    "account": ("pay_out",),
    "payout": ("payout_arrives", "payout_fails"),
}


def _act(desk: Desk, button: str, thing: str) -> None:
    match button:
        case "refund":
            amount = {"amount": request.form["amount"]} if request.form.get("amount", "").isdecimal() else {}
            refunds.create(desk, {"charge": thing, **amount})
        case "dispute":
            disputes.open_dispute(desk, thing)
        case "bank_paid" | "bank_refused":
            payments.settle_bank(desk, thing, succeeded=button == "bank_paid")
        case "expire":
            sessions.expire(desk, {}, thing)
        case "refund_fails" | "refund_succeeds":
            refunds.settle(desk, thing, "failed" if button == "refund_fails" else "succeeded")
        case "won" | "lost" | "warning_closed":
            disputes.close_dispute(desk, thing, button)
        case "pay_out":
            payouts.create(desk)
        case "payout_arrives" | "payout_fails":
            (payouts.fail if button == "payout_fails" else payouts.arrive)(desk, thing)


def _show(world: World, account_id: str, problem: StripeProblem | None = None) -> tuple[str, int]:
    account = world.store.get("account", account_id)
    if account is None:
        return render_template("accounts.html", accounts=world.store.oldest_first("account")), 404
    page = render_template(
        "dashboard.html",
        account=account,
        problem=problem,
        deliveries=_deliveries(world, account_id),
        **{name: _rows(world, kind, account_id) for name, kind in _TABLES.items()},
    )
    return page, 400 if problem else 200


_TABLES = {
    "charges": "charge", "sessions": "checkout.session", "refunds": "refund", "disputes": "dispute",
    "payouts": "payout",
    "events": "event", "endpoints": "webhook_endpoint",
}  # fmt: skip


def _rows(world: World, kind: str, account: str) -> list[Document]:
    both = [*world.store.newest_first(kind, Scope(account)), *world.store.newest_first(kind, Scope(account, True))]
    return both[:_NEWEST]


def _deliveries(world: World, account: str) -> dict[str, list[Document]]:
    """Deliveries per event id, newest first."""
    rows = [*_rows(world, "delivery", account), *_rows(world, "past_delivery", account)]
    return {event: [row for row in rows if row["event"] == event] for event in {row["event"] for row in rows}}

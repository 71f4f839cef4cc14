"""Controls over the stand-in itself: accounts, faults, the request log. JSON under /_control/."""

from typing import Any

from flask import Blueprint, request

from sandbox.stripe import accounts
from sandbox.stripe.store import Document
from sandbox.stripe.world import World


def general_controls(world: World) -> Blueprint:
    bp = Blueprint("control", __name__, url_prefix="/_control")

    @bp.get("/health")
    def health() -> dict[str, Any]:
        return {"ok": True, "stand_in_for": "stripe", "checks_against_openapi": world.checker.reads_openapi}

    @bp.get("/accounts")
    def list_accounts() -> list[Document]:
        return world.store.oldest_first("account")

    @bp.post("/accounts")
    def open_account() -> Document:
        """{"id", "name", "country", "currency", "livemode", "keys": [{"key", "missing": ["refund:write"]}]}"""
        return accounts.open_account(world.store, **_wish())

    return bp


def fault_controls(world: World) -> Blueprint:
    bp = Blueprint("control_faults", __name__, url_prefix="/_control")

    @bp.get("/requests")
    def requests_made() -> dict[str, Any]:
        """?path_contains= narrows the list; the counts are of everything since the last DELETE."""
        part = request.args.get("path_contains", "")
        entries = [entry for entry in world.journal.entries() if part in entry["path"]]
        return {"counts": world.journal.counts(), "requests": entries}

    @bp.delete("/requests")
    def forget_requests() -> tuple[str, int]:
        world.journal.clear()
        return "", 204

    @bp.get("/faults")
    def faults_waiting() -> list[dict[str, Any]]:
        return world.faults.waiting()

    @bp.post("/faults")
    def order_fault() -> dict[str, Any]:
        return vars(world.faults.order(_wish()))

    @bp.delete("/faults")
    def clear_faults() -> tuple[str, int]:
        world.faults.clear()
        return "", 204

    return bp


def _wish() -> dict[str, Any]:
    return request.get_json(silent=True) or {}

"""For whoever runs the portal: is it alive, is it ready. Nothing secret."""

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.shared import running
from portal.shared.access import everyone
from portal.shared.migrate import is_current

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@everyone
def alive() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@bp.get("/readyz")
@everyone
def ready() -> tuple[Response, int]:
    """The database answers and is migrated. Redis may be down: wake-ups are then late, nothing is lost."""
    checks = {"database": _database(), "redis": _redis()}
    is_ready = checks["database"] == "ok"
    return jsonify(status="ready" if is_ready else "not ready", checks=checks), 200 if is_ready else 503


def _database() -> str:
    try:
        with running.here().engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return "ok" if is_current(running.here().engine) else "not migrated: run `portal migrate`"
    except SQLAlchemyError:
        return "not reachable"


def _redis() -> str:
    try:
        running.here().redis.ping()
    except (RedisError, OSError):
        return "not reachable"
    return "ok"

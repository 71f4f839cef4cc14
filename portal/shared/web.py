"""What a view needs of the request: its session, and the person behind it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, g, request
from sqlalchemy.orm import Session

from portal.shared import running
from portal.shared.text import id_from

if TYPE_CHECKING:
    from portal.config import Settings

F = TypeVar("F", bound=Callable[..., Any])


def install(app: Flask) -> None:
    app.teardown_appcontext(_close)


def request_session() -> Session:
    """The request's own database session. Views commit it, once; what is not committed is rolled back."""
    if "session" not in g:
        g.session = running.here().sessions()
    return cast(Session, g.session)


def settings() -> "Settings":
    return running.here().settings


def large_form(most: int) -> Callable[[F], F]:
    """For views that take files: up to `most` bytes in one request, from people who may use the view."""

    def mark(view: F) -> F:
        view.largest_form = most  # type: ignore[attr-defined]
        return view

    return mark


def client_address() -> str:
    """The address that connected to us; behind a proxy, what the trusted proxy says (PORTAL_TRUSTED_PROXIES)."""
    return request.remote_addr or ""


def page_number() -> int:
    """Which page of a list is asked for; nonsense means the first."""
    number = id_from(request.args.get("page", "1")) or 1
    return min(max(number, 1), 10_000)


def _close(_problem: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()

"""Who may use a route. Each view says it; a view that says nothing stops the start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import Flask, abort

F = TypeVar("F", bound=Callable[..., Any])

RIGHTS = (
    "see_prices", "raise_invoices", "give_discount", "take_cash", "refund", "void",
    "see_all_work_orders", "edit_work_orders", "see_board", "edit_customers", "edit_catalogue",
    "manage_link", "manage_people", "manage_organisation",
)  # fmt: skip


class Viewer(Protocol):
    """The person behind the request."""

    id: int
    organisation_id: int

    def may(self, right: str) -> bool: ...


@dataclass(frozen=True)
class Access:
    """`everyone` needs no sign-in; otherwise any one of `rights` is enough, and none means any signed-in person."""

    everyone: bool = False
    rights: tuple[str, ...] = ()

    def admits(self, viewer: Viewer | None) -> bool:
        if self.everyone:
            return True
        return viewer is not None and (not self.rights or any(viewer.may(right) for right in self.rights))


def allow(*rights: str) -> Callable[[F], F]:
    """Signed-in people who hold any one of these rights."""
    unknown = set(rights) - set(RIGHTS)
    if unknown:
        raise ValueError(f"no such right: {unknown}")
    return _say(Access(rights=rights))


def signed_in(view: F) -> F:
    """Anyone who is signed in."""
    return _say(Access())(view)


def everyone(view: F) -> F:
    """No sign-in: the page itself, or the secret in its address, decides what is shown."""
    return _say(Access(everyone=True))(view)


def access_of(app: Flask, endpoint: str) -> Access:
    view = app.view_functions[endpoint]
    access: Access | None = getattr(view, "access", None)
    if access is None:
        raise LookupError(f"{endpoint} does not say who may use it: add @allow, @signed_in or @everyone")
    return access


def check_all_routes(app: Flask) -> None:
    """Raises LookupError for a route that forgot to say who may use it."""
    for rule in app.url_map.iter_rules():
        access_of(app, rule.endpoint)


def refuse_unless(condition: bool) -> None:
    """The same 404 for a record that is not there and one that this person may not know of."""
    if not condition:
        abort(404)


def _say(access: Access) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark

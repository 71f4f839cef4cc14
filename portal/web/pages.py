"""What every page may show: the person, their firm, and where they can go."""

from typing import NamedTuple

from flask import Flask, g, request, url_for

from portal.shared import once


class NavItem(NamedTuple):
    url: str
    label: str
    active: bool


# endpoint, label, rights of which one is needed (none: everybody)
_NAV: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("reports.board", "Board", ("see_board",)),
    ("work_orders.today", "Today", ()),
    ("work_orders.index", "Work orders", ("see_all_work_orders",)),
    ("invoices.index", "Invoices", ("raise_invoices", "see_board")),
    ("payments.index", "Payments", ("see_board",)),
    ("customers.index", "Customers", ("edit_customers",)),
    ("catalogue.index", "Catalogue", ("edit_catalogue",)),
)
_NAV_MORE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("invoices.questions", "Questions", ("raise_invoices", "see_board")),
    ("payments.purses", "Cash", ("take_cash",)),
    ("accounting.show", "Books", ("manage_link",)),
    ("people.index", "People", ("manage_people",)),
    ("organisations.settings", "Settings", ("manage_organisation",)),
    ("people.edit_password", "Your password", ()),
)


def install(app: Flask) -> None:
    app.context_processor(_shared)


def _shared() -> dict[str, object]:
    viewer = g.get("viewer")
    return {
        "viewer": viewer,
        "organisation": g.get("organisation"),
        "nav": _nav(viewer, _NAV),
        "nav_more": _nav(viewer, _NAV_MORE),
        "new_form_id": once.new_form_id,
    }


def _nav(viewer: object, items: tuple[tuple[str, str, tuple[str, ...]], ...]) -> list[NavItem]:
    if viewer is None:
        return []
    here = (request.endpoint or "").partition(".")
    return [
        NavItem(url_for(endpoint), label, _is_active(endpoint, here))
        for endpoint, label, rights in items
        if not rights or any(viewer.may(right) for right in rights)  # type: ignore[attr-defined]
    ]


def _is_active(endpoint: str, here: tuple[str, str, str]) -> bool:
    if endpoint == request.endpoint:
        return True
    blueprint, _, name = endpoint.partition(".")
    return here[0] == blueprint and name in ("index", "show") and here[2] != "today"

"""What a person sees: the books of an organisation as plain pages. Every page says that nothing here is real."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, url_for

from . import errors
from .books import contacts, credit_notes, invoice_answers, items, payments
from .ledger import Ledger
from .limits import used_today
from .oauth import stand_in
from .wire import Record, plain

bp = Blueprint("pages", __name__)
REFRESH_S = 3
OTHERS = "contacts, items, customerpayments, creditnotes"
SHOWN = 200  # newest records on the overview


@bp.app_template_filter("plain")
def plain_number(value: Any) -> str:
    """Decimals as on the wire; everything else as text."""
    return str(plain(value)) if hasattr(value, "as_tuple") else str(value)


@bp.app_template_filter("money")
def money(value: Any, precision: int = 2) -> str:
    return f"{value:,.{precision}f}"


@bp.get("/")
def index() -> str:
    organizations = stand_in().store.all("", "organizations")
    return render_template("index.html", organizations=organizations, refresh=0)


@bp.get("/<dc>/app/<product>")
def home(dc: str, product: str) -> Response:
    return redirect(url_for("pages.index"))  # type: ignore[return-value]


@bp.get("/<dc>/app/<product>/<organization_id>")
def overview(dc: str, product: str, organization_id: str) -> str:
    books = _books(dc, product, organization_id)
    owed = contacts.balances(books)
    with books.store.lock:
        shown = {
            "contacts": [contacts.show(books, row) for row in _newest(books, "contacts")],
            "items": [items.show(books, row) for row in _newest(books, "items")],
            "invoices": [invoice_answers.row_of(books, row) for row in _newest(books, "invoices")],
            "payments": [payments.show(books, row["payment_id"]) for row in _newest(books, "customerpayments")],
            "notes": [credit_notes.show(books, row["creditnote_id"]) for row in _newest(books, "creditnotes")],
            "taxes": books.all("taxes"), "counts": _counts(books), "owed": owed,
        }  # fmt: skip
    return render_template("overview.html", refresh=REFRESH_S, **_frame(books, dc, product), **shown)


@bp.get("/<dc>/app/<product>/<organization_id>/invoices/<record_id>")
def invoice_page(dc: str, product: str, organization_id: str, record_id: str) -> str:
    books = _books(dc, product, organization_id)
    invoice = _found(books, "invoices", record_id)
    paid = invoice_answers.payments_of(books, record_id)
    return render_template("invoice.html", refresh=0, invoice=invoice_answers.show(books, invoice), paid=paid,
                           **_frame(books, dc, product))  # fmt: skip


@bp.get(f"/<dc>/app/<product>/<organization_id>/<any({OTHERS}):module>/<record_id>")
def record_page(dc: str, product: str, organization_id: str, module: str, record_id: str) -> str:
    books = _books(dc, product, organization_id)
    record = _found(books, module, record_id)
    shown: dict[str, Record] = {
        "contacts": lambda: contacts.show(books, record), "items": lambda: items.show(books, record),
        "customerpayments": lambda: payments.show(books, record_id),
        "creditnotes": lambda: credit_notes.show(books, record_id),
    }[module]()  # type: ignore[assignment]  # fmt: skip
    return render_template("record.html", refresh=0, record=shown, module=module, **_frame(books, dc, product))


def _books(dc: str, product: str, organization_id: str) -> Ledger:
    organization = stand_in().store.peek("", "organizations", organization_id)
    if organization is None or organization["dc"] != dc:
        abort(404)
    return Ledger(stand_in().store, organization, product)


def _found(books: Ledger, module: str, record_id: str) -> Record:
    try:
        return books.find(module, record_id)
    except errors.Refusal:
        abort(404)


def _newest(books: Ledger, module: str) -> list[Record]:
    return list(reversed(books.all(module)))[:SHOWN]


def _counts(books: Ledger) -> dict[str, int]:
    return {module: len(books.all(module))
            for module in ("contacts", "items", "invoices", "customerpayments", "creditnotes", "taxes")}  # fmt: skip


def _frame(books: Ledger, dc: str, product: str) -> Record:
    """What every page of an organisation shows around its own part."""
    return {"organization": books.organization, "dc": dc, "product": product, "used": used_today(books),
            "currency": books.currency(), "root": f"/{dc}/app/{product}/{books.id}"}  # fmt: skip

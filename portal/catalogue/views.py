"""Pages of services and parts."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from portal.catalogue import actions, forms, queries
from portal.catalogue.actions import CodeTaken, ItemFacts, ItemStanding
from portal.catalogue.models import Item
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.money import decimals_of
from portal.shared.text import clean
from portal.shared.web import page_number, request_session
from portal.taxes.models import Tax
from portal.taxes.queries import taxes_by_id
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing.models import Exemption
from portal.taxes.standing.queries import all_exemptions, list_exemptions
from portal.taxes.together import stands_alone

bp = Blueprint("catalogue", __name__)

KINDS = {"": "All", "service": "Services", "part": "Parts"}


@bp.get("/catalogue")
@allow("edit_catalogue", "see_prices")
def index() -> Response:
    session = request_session()
    search, page, kind = clean(request.args.get("q", ""))[:100], page_number(), request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    items, has_more = queries.list_items(
        session, search=search, kind=kind, active_only=not g.viewer.may("edit_catalogue"), page=page
    )
    return page_or_fragment(
        "catalogue/index.html", "catalogue/_rows.html", items=items, has_more=has_more, page_no=page, search=search,
        kind=kind, kinds=KINDS, taxes=taxes_by_id(session),
        reasons={each.id: each.name for each in all_exemptions(session)},
        by_address=standing_of(g.organisation.country).get("by_address"),
    )  # fmt: skip


@bp.get("/catalogue/new")
@allow("edit_catalogue")
def new() -> Response:
    usual = next((tax for tax in _taxes() if tax.is_default), None)
    return _new_page(Form(kind="service", is_active="yes", on_building="yes", tax_id=str(usual.id) if usual else ""))


@bp.post("/catalogue")
@allow("edit_catalogue")
def create() -> Response:
    session = request_session()
    form, facts, standing = _read(None)
    if form.ok:
        _save(form, lambda: actions.set_standing(
            session, actions.add_item(session, g.viewer.organisation_id, facts), standing
        ))  # fmt: skip
    return see_other(url_for("catalogue.index")) if form.ok else _new_page(form, 422)


@bp.get("/catalogue/<int:item_id>/edit")
@allow("edit_catalogue")
def edit(item_id: int) -> Response:
    item = queries.get_item(request_session(), item_id)
    return _edit_page(item, _filled_with(item))


@bp.post("/catalogue/<int:item_id>")
@allow("edit_catalogue")
def update(item_id: int) -> Response:
    session = request_session()
    item = queries.get_item(session, item_id)
    form, facts, standing = _read(item)
    form.check_seen(_filled_with(item))
    if form.ok:
        _save(form, lambda: _edit(item, facts, standing))
    return see_other(url_for("catalogue.index")) if form.ok else _edit_page(item, form, 422)


def _filled_with(item: Item) -> Form:
    return forms.filled_with(item, decimals_of(g.organisation.currency))


def _edit(item: Item, facts: ItemFacts, standing: ItemStanding) -> None:
    session = request_session()
    actions.edit_item(session, item, facts)
    actions.set_standing(session, item, standing)


def _read(item: Item | None) -> tuple[Form, ItemFacts, ItemStanding]:
    tax_ids, country = {tax.id for tax in _taxes(item)}, g.organisation.country
    form, facts = forms.read_item(
        request.form, tax_ids=tax_ids, currency=g.organisation.currency,
        needs_tax=not standing_of(country).get("by_address"),
    )  # fmt: skip
    reasons = {each.id for each in _exemptions(item)}
    return form, facts, forms.read_standing(form, country, exemption_ids=reasons)


def _exemptions(item: Item | None = None) -> Sequence[Exemption]:
    return list_exemptions(request_session(), "item", keep=item.exemption_id if item else None)


def _save(form: Form, change: Callable[[], object]) -> None:
    """Make the change and commit it; a code that is taken, even in this very moment, is said beside the field."""
    session = request_session()
    try:
        change()
        session.commit()
    except CodeTaken as problem:
        session.rollback()
        form.refuse(problem)
    except IntegrityError:
        session.rollback()
        form.errors["code"] = "Another item has this code. Choose another one."


def _taxes(item: Item | None = None) -> list[Tax]:
    """What may be chosen: the taxes in use that stand alone, and the one that the item has had so far."""
    known = taxes_by_id(request_session())
    country = g.organisation.country
    return [
        tax for tax in known.values()
        if (tax.is_active and stands_alone(tax, known, country)) or (item and tax.id == item.tax_id)
    ]  # fmt: skip


def _new_page(form: Form, status: int = 200) -> Response:
    return make_response(render_template("catalogue/new.html", form=form, **_choices()), status)


def _edit_page(item: Item, form: Form, status: int = 200) -> Response:
    seen = _filled_with(item).fingerprint
    page = render_template("catalogue/edit.html", item=item, form=form, seen=seen, **_choices(item))
    return make_response(page, status)


def _choices(item: Item | None = None) -> dict[str, Any]:
    return {
        "kinds": forms.KINDS, "taxes": _taxes(item), "exemptions": _exemptions(item),
        "asked": standing_of(g.organisation.country),
    }  # fmt: skip

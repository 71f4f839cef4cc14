"""The mapping: our fields and theirs, changed by people at any time, in versions."""

from typing import Any

from flask import Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.accounting import directions, field_rules, fields, link
from portal.accounting.fields import Rule, Theirs
from portal.accounting.models import Consent, Link
from portal.accounting.setup.desk import Desk, page_of
from portal.accounting.views.linking import show_page
from portal.accounting.views.pages import bp
from portal.customers.models import Customer
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import PRODUCTS
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.text import id_from
from portal.shared.web import request_session

_LISTS = {"customer": ("/contacts", "contacts"), "item": ("/items", "items"), "invoice": ("/invoices", "invoices")}
_MOST_NAMED = 20
_WINS = [("ours", "Ours counts"), ("theirs", "Zoho's counts"), ("ask", "Ask")]


@bp.get("/books/mapping")
@allow("manage_link")
def show_mapping() -> Response:
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    module = _module(request.args.get("module", ""))
    try:
        custom = _custom(tied, module, [])
    except GatewayError as problem:
        return show_page(problem.words, 502)
    return _page(tied, module, custom)


@bp.post("/books/mapping")
@allow("manage_link")
def update_mapping() -> Response:
    """See first what would change, then keep it; or go back to an earlier version, or to the usual one."""
    session = request_session()
    tied, module = link.live_link(session), _module(request.form.get("module", ""))
    if tied is None:
        return see_other(url_for("accounting.show"))
    form, wanted = Form(request.form), _wanted(tied, module)
    typed = _typed(form)
    try:
        custom = _custom(tied, module, typed)
    except GatewayError as problem:
        return show_page(problem.words, 502)
    if form.ok and request.form.get("do") == "name":
        return _page(tied, module, custom, _filled(wanted))
    longest = field_rules.longest(session, module)
    for key, words in fields.problems(module, tied.product, wanted, custom, longest).items():
        form.errors[f"theirs_{key}"] = words
    if not form.ok:
        return _page(tied, module, custom, form, 422)
    if request.form.get("do") != "keep" or request.form.get("seen") != _said(wanted):  # changed since it was seen
        count = len(field_rules.would_change(session, tied.id, module, wanted))
        return _page(tied, module, custom, _filled(wanted), would_change=count, seen=_said(wanted))
    count = field_rules.keep(session, tied, module, wanted, made_by=g.viewer.name)
    session.commit()
    flash(f"Kept. {count} {'record goes' if count == 1 else 'records go'} over again.", "good")
    return see_other(url_for("accounting.show_mapping", module=module))


def _said(rules: list[Rule]) -> str:
    """The rows in a few words, so that what is kept is what was seen."""
    return " ".join(f"{rule.ours}={rule.theirs},{rule.wins}" for rule in rules)


def _module(name: str) -> str:
    return name if name in fields.MAPPED else "customer"


def _wanted(tied: Link, module: str) -> list[Rule]:
    """The rows that were sent, those of an earlier version, or the usual ones."""
    session, chosen = request_session(), request.form.get("do", "")
    version = id_from(request.form.get("version", ""))
    if chosen == "reset":
        return fields.usual(module)
    if version is not None and version in [each.number for each in field_rules.versions_of(session, tied.id, module)]:
        return field_rules.rules_of(session, tied.id, module, version)
    now = {rule.ours: rule for rule in field_rules.rules_of(session, tied.id, module)}
    return [
        Rule(
            field.key, field.usual if field.locked else request.form.get(f"theirs_{field.key}", now[field.key].theirs),
            now[field.key].direction, _winner(field.key, now[field.key].wins),
        )
        for field in fields.OURS[module]
    ]  # fmt: skip


def _winner(key: str, now: str) -> str:
    wins = request.form.get(f"wins_{key}", now)
    return wins if wins in fields.WINNERS else now


def _typed(form: Form) -> list[str]:
    """API names of custom fields that no record there shows yet: named just now, or earlier on this page."""
    names = request.form.getlist("named")[:_MOST_NAMED]
    name = form.text("name", "an API name", longest=100, required=False).removeprefix("{").removesuffix("}").lower()
    if name and "name" not in form.errors and not fields.is_api_name(name):
        form.errors["name"] = "An API name begins with cf_ and has letters, digits and _ only, for example cf_site."
    return [each for each in (*names, name) if fields.is_api_name(each)]


def _custom(tied: Link, module: str, typed: list[str]) -> list[Theirs]:
    """The custom fields of this module: as Zoho's records show them, those in force, and those typed.

    Zoho documents no list of an organisation's custom fields (zoho/API.md §6.3 has only those on records), so one
    that no record has filled yet can only be named. Raises GatewayError.
    """
    session = request_session()
    consent = session.get_one(Consent, tied.consent_id)
    in_force = [rule.theirs for rule in field_rules.rules_of(session, tied.id, module)]
    session.commit()  # no transaction stays open while Zoho is called
    path, key = _LISTS[module]
    with Desk(tied, consent) as desk:
        records, _ = page_of(desk, path, key, 1)
    named = [each for each in in_force if each.startswith(fields.CUSTOM)] + [fields.CUSTOM + each for each in typed]
    found = {each: fields.custom_field(each) for each in named}
    found |= {each.key: each for record in records for each in fields.custom_fields_of(record)}
    return sorted(found.values(), key=lambda each: each.label)


def _filled(rules: list[Rule]) -> Form:
    return Form({f"theirs_{rule.ours}": rule.theirs for rule in rules} | {f"wins_{r.ours}": r.wins for r in rules})


def _page(
    tied: Link, module: str, custom: list[Theirs], form: Form | None = None, status: int = 200, *,
    would_change: int | None = None, seen: str = "",
) -> Response:  # fmt: skip
    session = request_session()
    shown = form or _filled(field_rules.rules_of(session, tied.id, module))
    is_two_way = directions.direction_of(session, tied.id, module) == directions.BOTH
    page = render_template(
        "accounting/mapping.html", tied=tied, module=module, form=shown, would_change=would_change, seen=seen,
        ours=fields.OURS[module], options=_options(tied, module, custom), lacking=_lacking(tied, module),
        values=field_rules.sample(session, tied.id, module), wins=_WINS if is_two_way else [],
        versions=field_rules.versions_of(session, tied.id, module), tabs=_tabs(module),
        first_customers=_first_customers() if module == "customer" else [], unseen=_unseen(custom),
    )  # fmt: skip
    return make_response(page, status)


def _options(tied: Link, module: str, custom: list[Theirs]) -> list[tuple[str, str]]:
    there = [each for each in fields.THEIRS[module] if tied.product in each.products]
    return [("", "Stays here"), *((each.key, each.label) for each in (*there, *custom))]


def _unseen(custom: list[Theirs]) -> list[str]:
    """API names that only people have told so far."""
    return [each.key.removeprefix(fields.CUSTOM) for each in custom if not each.is_seen]


def _lacking(tied: Link, module: str) -> str:
    """What Books has and the linked product has not."""
    names = [each.label for each in fields.THEIRS[module] if tied.product not in each.products]
    return f"{PRODUCTS[tied.product].name} has no {' and no '.join(names)}; Zoho Books has." if names else ""


def _tabs(module: str) -> list[tuple[str, str, bool, Any]]:
    return [
        (url_for("accounting.show_mapping", module=each), directions.CALLED[each], each == module, None)
        for each in fields.MAPPED
    ]


def _first_customers() -> list[Customer]:
    found = select(Customer).options(selectinload(Customer.contacts)).order_by(Customer.id).limit(5)
    return list(request_session().scalars(found))

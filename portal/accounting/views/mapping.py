"""The mapping: our fields and theirs, changed by people at any time, in versions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.accounting import custom_fields, field_rules, fields, four_types, link, mapped_records, mapping_rows
from portal.accounting.fields import Facts, Rule
from portal.accounting.models import Link
from portal.accounting.views.pages import bp
from portal.customers.models import Customer
from portal.gateways.errors import GatewayError
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.text import id_from
from portal.shared.web import request_session

_MOST_NAMED = 20
_MOST_TOLD = 5
_PAGES: dict[str, Callable[[int], str]] = {
    "customer": lambda id_: url_for("customers.show", customer_id=id_),
    "item": lambda id_: url_for("catalogue.edit", item_id=id_),
    "invoice": lambda id_: url_for("invoices.show", invoice_id=id_),
}
_AS_TYPED = "What you chose stands below, and nothing is kept yet. Press the button once more in a minute."
_AS_KEPT = "The mapping below is the one in force. Custom fields that it does not use are listed once Zoho answers."
_DOES = ("preview", "keep", "reset", "name")


@bp.get("/books/mapping")
@allow("manage_link")
def show_mapping() -> Response:
    tied, module = link.live_link(request_session()), request.args.get("module", "")
    if tied is None:
        return see_other(url_for("accounting.show"))
    module = module if module in fields.MAPPED else fields.MAPPED[0]
    try:
        facts = _facts(tied, module, [], anew=True)
    except GatewayError as problem:
        return _silent(tied, module, [], problem)
    return _page(tied, facts)


@bp.post("/books/mapping")
@allow("manage_link")
def update_mapping() -> Response:
    """See first what would change, then keep it; or go back to an earlier version, or to the usual one."""
    session, form = request_session(), Form(request.form)
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    module = form.choice("module", "a kind of record", fields.MAPPED, default=fields.MAPPED[0])
    chosen = form.choice("do", "what to do", _DOES)
    wanted, typed = _wanted(form, tied, module, chosen), _typed(form)
    try:
        facts = _facts(tied, module, typed, anew=False)
    except GatewayError as problem:
        return _silent(tied, module, [*typed, *_custom(wanted)], problem, wanted)
    if form.ok and chosen == "name":
        return _page(tied, facts, _filled(wanted))
    wanted = fields.settled(facts, wanted)
    left_out: list[str] = []
    if form.ok and (chosen == "reset" or form.values.get("version")):
        wanted, left_out = _what_can_be(tied, facts, wanted)
        form = _filled(wanted)
    for key, words in fields.problems(replace(facts, longest=mapped_records.longest(session, module)), wanted).items():
        form.errors[f"theirs_{key}"] = words
    if not form.ok:
        return _page(tied, facts, form, 422)
    if chosen != "keep" or request.form.get("seen") != _said(tied, wanted):  # changed since it was seen
        return _page(tied, facts, _filled(wanted), seen=_said(tied, wanted), left_out=left_out)
    if not _is_tried(tied, facts, wanted, form):
        return _page(tied, facts, form, 422)
    based_on = id_from(request.form.get("based_on", "")) or 0
    try:
        count = field_rules.keep(session, tied, module, wanted, made_by=g.viewer.name, based_on=based_on)
    except field_rules.KeptMeanwhile:
        session.rollback()
        return _page(tied, facts, _filled(wanted), 409, seen=_said(tied, wanted))
    session.commit()
    flash(f"Kept. {count} {'record goes' if count == 1 else 'records go'} over again.", "good")
    return see_other(url_for("accounting.show_mapping", module=module))


def _said(tied: Link, rules: list[Rule]) -> str:
    """The organisation and the rows in a few words, so that what is kept is what was seen, and kept where it was."""
    rows = " ".join(f"{rule.ours}={rule.theirs},{rule.direction},{rule.wins}" for rule in rules)
    return f"{tied.id} {rows}"


def _wanted(form: Form, tied: Link, module: str, chosen: str) -> list[Rule]:
    """The rows that were sent, those of an earlier version, or the usual ones."""
    session = request_session()
    if chosen == "reset":
        return fields.usual(module)
    asked = form.values.get("version", "")
    if asked:
        version = id_from(asked)
        if version in [each.number for each in field_rules.versions_of(session, tied.id, module)]:
            return field_rules.rules_of(session, tied.id, module, version)
        form.errors["form"] = "There is no such version of this mapping. Choose one from the list below."
    return [
        Rule(
            rule.ours, form.values.get(f"theirs_{rule.ours}", rule.theirs),
            form.choice(f"way_{rule.ours}", "a direction", fields.WAYS, default=rule.direction),
            form.choice(f"wins_{rule.ours}", "which side counts", fields.WINNERS, default=rule.wins),
        )
        for rule in field_rules.rules_of(session, tied.id, module)
    ]  # fmt: skip


def _is_tried(tied: Link, facts: Facts, wanted: list[Rule], form: Form) -> bool:
    """Zoho itself says whether it has the custom fields that only people have named; what is wrong goes to the row."""
    try:
        facts, wrong = custom_fields.try_out(request_session(), tied, facts, wanted)
    except GatewayError as problem:
        form.errors["form"] = f"{problem.words} Nothing is kept yet; keep it again in a minute."
        return False
    form.errors |= {f"theirs_{ours}": words for ours, words in (fields.problems(facts, wanted) | wrong).items()}
    return form.ok


def _what_can_be(tied: Link, facts: Facts, wanted: list[Rule]) -> tuple[list[Rule], list[str]]:
    """An earlier version as far as it still can be, and in words the rows that stay as they are now instead."""
    session = request_session()
    facts = replace(facts, longest=mapped_records.longest(session, facts.module))
    wrong = fields.problems(facts, wanted)
    now = {rule.ours: rule for rule in field_rules.rules_of(session, tied.id, facts.module)}
    words = [
        f"{fields.label_of(facts.module, rule.ours)} → {fields.called(facts.module, rule.theirs)}: {wrong[rule.ours]}"
        for rule in wanted if rule.ours in wrong
    ]  # fmt: skip
    return [now[rule.ours] if rule.ours in wrong else rule for rule in wanted], words


def _typed(form: Form) -> list[str]:
    """API names of custom fields that no record there shows yet: named just now, or earlier on this page."""
    names = request.form.getlist("named")[:_MOST_NAMED]
    name = form.text("name", "an API name", longest=100, required=False).removeprefix("{").removesuffix("}").lower()
    if name and "name" not in form.errors and not fields.is_api_name(name):
        form.errors["name"] = "An API name begins with cf_ and has letters, digits and _ only, for example cf_site."
    return [each for each in (*names, name) if fields.is_api_name(each)]


def _custom(wanted: list[Rule]) -> list[str]:
    """The API names of the custom fields that were chosen."""
    return [rule.theirs.removeprefix(fields.CUSTOM) for rule in wanted if rule.theirs.startswith(fields.CUSTOM)]


def _facts(tied: Link, module: str, typed: list[str], *, anew: bool) -> Facts:
    facts, g.looked_at = custom_fields.facts_of(
        request_session(), tied, module, typed, g.organisation.country, anew=anew
    )
    return facts


def _silent(
    tied: Link, module: str, typed: list[str], problem: GatewayError, wanted: list[Rule] | None = None
) -> Response:
    """The page all the same, with every row as it was sent: only the custom fields that nobody uses yet are missing."""
    facts = custom_fields.facts_without_asking(
        request_session(), tied, module, [each for each in typed if fields.is_api_name(each)], g.organisation.country
    )
    form = _filled(wanted) if wanted is not None else None
    return _page(tied, facts, form, 502, silent=f"{problem.words} {_AS_TYPED if wanted is not None else _AS_KEPT}")


def _filled(rules: list[Rule]) -> Form:
    values: dict[str, str] = {}
    for rule in rules:
        values |= {
            f"theirs_{rule.ours}": rule.theirs,
            f"way_{rule.ours}": rule.direction,
            f"wins_{rule.ours}": rule.wins,
        }
    return Form(values)


def _page(
    tied: Link, facts: Facts, form: Form | None = None, status: int = 200, *, seen: str = "",
    left_out: list[str] | None = None, silent: str = "",
) -> Response:  # fmt: skip
    """seen: the rows that were asked about; how many records they would change is told then. Where the rows began from
    an older version than the one in force, it is told who kept that one, and what differs from it."""
    session, module, based_on = request_session(), facts.module, request.form.get("based_on")
    since = field_rules.kept_since(session, tied.id, module, id_from(based_on) or 0) if based_on else None
    now = field_rules.rules_of(session, tied.id, module)
    shown = [_shown(rule, form) for rule in now]
    rows = mapping_rows.rows_of(session, tied, facts, shown)
    is_read = any(row.ways for row in rows)
    page = render_template(
        "accounting/mapping.html", tied=tied, module=module, form=form or _filled(now), sides=fields.SIDES[module],
        rows=rows, is_read=is_read, options=mapping_rows.options_of(facts), seen=seen,
        would_change=_named(field_rules.would_change(session, tied.id, module, shown), module) if seen else None,
        is_staying=module in fields.STAYING, left_out=left_out or [], tabs=_tabs(module), unseen=_unseen(facts),
        versions=field_rules.versions_of(session, tied.id, module), has_others=bool(fields.THEIRS[module]),
        may_be_changed=is_read or bool(fields.THEIRS[module]),
        since=since, unlike=mapping_rows.unlike(module, now, shown) if since else [], silent=silent,
        looked_at=g.get("looked_at"),
        types=four_types.explained(_first_customers()) if module == "customer" else [],
    )  # fmt: skip
    return make_response(page, status)


def _shown(rule: Rule, form: Form | None) -> Rule:
    values = form.values if form else {}
    theirs = values.get(f"theirs_{rule.ours}", rule.theirs)
    way, wins = values.get(f"way_{rule.ours}", rule.direction), values.get(f"wins_{rule.ours}", rule.wins)
    return Rule(
        rule.ours, theirs, way if way in fields.WAYS else rule.direction, wins if wins in fields.WINNERS else rule.wins
    )


def _named(touched: list[mapped_records.Touched], module: str) -> dict[str, Any]:
    """How many, and the first few with their pages."""
    first = [(each.name, _PAGES[module](each.id)) for each in touched[:_MOST_TOLD]]
    return {"count": len(touched), "first": first, "more": len(touched) - len(first)}


def _unseen(facts: Facts) -> list[str]:
    """API names that only people have told so far."""
    return [each.key.removeprefix(fields.CUSTOM) for each in facts.custom if not each.is_seen]


def _tabs(module: str) -> list[tuple[str, str, bool, Any]]:
    return [
        (url_for("accounting.show_mapping", module=each), ours, each == module, None)
        for each, (ours, _) in fields.SIDES.items()
    ]


def _first_customers() -> list[Customer]:
    found = select(Customer).options(selectinload(Customer.contacts)).order_by(Customer.id).limit(5)
    return list(request_session().scalars(found))

"""Each module of the link: in which direction it is kept, and whether it rests."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for

from portal.accounting import directions, field_rules, link, queries
from portal.accounting.mirror import papers
from portal.accounting.models import MODULES, Link
from portal.accounting.setup import steps
from portal.accounting.status import ModuleState, status_of
from portal.accounting.views import consequences, sure
from portal.accounting.views.linking import show_page
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_SAID = {
    "pause": "{name} rest. What changes meanwhile follows when you resume.",
    "resume": "{name} go on.",
    directions.PUSH: "{name} go from here to Zoho only.",
    directions.BOTH: "{name} are kept from both sides.",
}
_ALL = "all"
_UNKNOWN = "Choose one of the buttons below: it says which kind of record and what to do. Nothing was changed."


@bp.get("/books/modules")
@allow("manage_link")
def ask_about_module() -> Response:
    """What a button of the status page would do, with the yes that does it: a page to come back to, and to reload."""
    module, wanted = request.args.get("module", ""), request.args.get("do", "")
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    if (answer := _impossible(tied, module, wanted)) is not None:
        return answer
    states = _states()
    about = [each for each in _chosen(module, wanted) if _would_change(states[each], wanted)]
    if not about:
        return _so_already()
    named = {"module": module, "do": wanted, "link": str(tied.id), "about": ",".join(about)}
    return sure.ask(consequences.of_module(tied, wanted, [states[each] for each in about]), named)


@bp.post("/books/modules")
@allow("manage_link")
def update_module() -> Response:
    """Pause, resume or turn one module or all, after a yes to a page that named them; a button leads to that page."""
    session = request_session()
    tied, module, wanted = link.hold(session), request.form.get("module", ""), request.form.get("do", "")
    if tied is None:
        return see_other(url_for("accounting.show"))
    if (answer := _impossible(tied, module, wanted)) is not None:
        return answer
    asking = see_other(url_for("accounting.ask_about_module", module=module, do=wanted))
    if not sure.is_sure():
        return asking
    states = _states()
    about = [each for each in _chosen(module, wanted) if _would_change(states[each], wanted)]
    if not about:
        return _so_already()
    asked = request.form.get("about", ",".join(about)).split(",")
    if set(asked) != set(about) or request.form.get("link", str(tied.id)) != str(tied.id):
        flash(_meanwhile(tied, set(asked) ^ set(about), states), "late")
        return asking
    _do(tied, about, wanted)
    session.commit()
    flash(_SAID[wanted].format(name=directions.named(about)), "good")
    return see_other(url_for("accounting.show") + "#modules")


def _impossible(tied: Link, module: str, wanted: str) -> Response | None:
    if not _chosen(module, wanted) or wanted not in _SAID:
        return show_page(_UNKNOWN, 422) if request.method == "POST" else see_other(url_for("accounting.show"))
    if wanted != "resume" or not steps.is_open(tied):
        return None
    flash("Nothing goes over before both sides were compared. Finish the set-up and press Start.", "late")
    return see_other(url_for("accounting.show_setup"))


def _so_already() -> Response:
    flash("It is so already. Nothing was changed.", "quiet")
    return see_other(url_for("accounting.show") + "#modules")


def _would_change(state: ModuleState, wanted: str) -> bool:
    if wanted in directions.WAYS:
        return state.direction != wanted
    return state.is_paused != (wanted == "pause")


def _meanwhile(tied: Link, changed: set[str], states: Mapping[str, ModuleState]) -> str:
    """What is not as the page had named it."""
    told = [
        f"{each.called}: {'paused' if each.is_paused else 'running'},"
        f" {'both ways' if each.direction == directions.BOTH else 'one way'}"
        for each in states.values() if each.module in changed
    ] or [f"{tied.remote_name} was linked"]  # fmt: skip
    return f"Changed meanwhile, so nothing was done. Now: {'; '.join(told)}. Look once more, then say yes again."


@bp.post("/books/papers")
@allow("manage_link")
def update_papers() -> Response:
    """Are PDFs attached to the invoices in Zoho? The button of the status page sends on or off."""
    session = request_session()
    tied, wanted = link.live_link(session), request.form.get("do", "")
    is_on = wanted == "on"
    if wanted not in ("on", "off"):
        return show_page("Choose whether PDFs go along or not. Nothing was changed.", 422)
    if tied is not None:
        papers.switch(session, tied, is_on=is_on)
        session.commit()
        flash("From now on the PDF goes along." if is_on else "No PDF goes along any more.", "good")
    return see_other(url_for("accounting.show") + "#papers")


@bp.get("/books/setup/fields")
@allow("manage_link")
def show_fields() -> Response:
    """Which modules go both ways, and where each one's fields go: a step of the set-up, and open ever after. With ways
    in its address, the page that asks about them a second time."""
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    ways = {module: directions.direction_of(session, tied.id, module) for module in MODULES}
    asked = {module: request.args.get(f"way_{module}", way) for module, way in ways.items()}
    turned = {module: way for module, way in asked.items() if way != ways[module] and way in directions.WAYS}
    if turned and not steps.is_open(tied):
        named = {f"way_{module}": way for module, way in turned.items()} | {"link": str(tied.id)}
        return sure.ask(consequences.of_ways(tied, _states(), turned), named)
    return _fields_page(tied, Form({f"way_{module}": way for module, way in ways.items()}))


@bp.post("/books/setup/fields")
@allow("manage_link")
def update_fields() -> Response:
    session, form = request_session(), Form(request.form)
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    now = {module: directions.direction_of(session, tied.id, module) for module in MODULES}
    ways = {
        module: form.choice(f"way_{module}", f"how {directions.CALLED[module].lower()} go", directions.WAYS,
                            default=way if f"way_{module}" not in request.form else None)
        for module, way in now.items()
    }  # fmt: skip
    if not form.ok:
        return _fields_page(tied, form, 422)
    turned = {module: way for module, way in ways.items() if way != now[module]}
    is_other = request.form.get("link", str(tied.id)) != str(tied.id)
    if turned and (is_other or not (steps.is_open(tied) or sure.is_sure())):  # in the set-up nothing goes over yet
        if is_other:
            flash(_meanwhile(tied, set(), {}), "late")
        named: dict[str, Any] = {f"way_{module}": way for module, way in turned.items()}
        return see_other(url_for("accounting.show_fields", **named))
    for way in directions.WAYS:
        if some := [module for module in turned if turned[module] == way]:
            directions.keep(session, tied, some, way)
    if steps.FIELDS not in tied.setup_steps:
        steps.finish(session, tied, steps.FIELDS)
    session.commit()
    flash("Kept. You can change this at any time.", "good")
    return see_other(url_for("accounting.show_setup" if steps.is_open(tied) else "accounting.show"))


def _fields_page(tied: Link, form: Form, status: int = 200) -> Response:
    session = request_session()
    page = render_template(
        "accounting/fields.html", tied=tied, form=form, in_setup=steps.is_open(tied), called=directions.CALLED,
        modules=MODULES, mappings=field_rules.told_of(session, tied.id),
    )  # fmt: skip
    return make_response(page, status)


def _chosen(module: str, wanted: str) -> tuple[str, ...]:
    """One module, or all."""
    if module == _ALL and wanted in _SAID:
        return MODULES
    return (module,) if module in MODULES else ()


def _states() -> Mapping[str, ModuleState]:
    session = request_session()
    linked = queries.tied_now(session)
    return {each.module: each for each in status_of(session, linked).modules} if linked is not None else {}


def _do(tied: Link, about: Sequence[str], wanted: str) -> None:
    session = request_session()
    if wanted == "pause":
        directions.pause(session, tied, *about)
    elif wanted == "resume":
        directions.resume(session, tied, *about)
    else:
        directions.keep(session, tied, about, wanted)

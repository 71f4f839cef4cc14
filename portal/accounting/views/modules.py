"""Each module of the link: in which direction it is kept, and whether it rests."""

from flask import Response, flash, request, url_for

from portal.accounting import directions, link
from portal.accounting.mirror import papers
from portal.accounting.models import MODULES, Link
from portal.accounting.setup import steps
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_SAID = {
    "pause": "{name} rest. What changes meanwhile follows when you resume.",
    "resume": "{name} go on.",
    directions.PUSH: "{name} go from here to Zoho only.",
    directions.BOTH: "{name} are kept from both sides.",
}


@bp.post("/books/modules")
@allow("manage_link")
def update_module() -> Response:
    """Pause, resume or turn one module; the buttons of the status page send which and what."""
    session = request_session()
    tied, module, wanted = link.live_link(session), request.form.get("module", ""), request.form.get("do", "")
    chosen = _chosen(module, wanted)
    if tied is None or not chosen or wanted not in _SAID:
        return see_other(url_for("accounting.show"))
    if wanted == "resume" and steps.is_open(tied):
        flash(
            "Nothing goes over before both sides were compared. Finish the set-up and press Start.",
            "late",
        )
        return see_other(url_for("accounting.show_setup"))
    try:
        for each in chosen:
            _do(tied, each, wanted)
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
        return see_other(url_for("accounting.show"))
    session.commit()
    flash(_SAID[wanted].format(name=" and ".join(directions.CALLED[each] for each in chosen)), "good")
    return see_other(url_for("accounting.show") + "#modules")


@bp.post("/books/papers")
@allow("manage_link")
def update_papers() -> Response:
    """Are PDFs attached to the invoices in Zoho? The button of the status page sends on or off."""
    session = request_session()
    tied, is_on = link.live_link(session), request.form.get("do", "") == "on"
    if tied is not None:
        papers.switch(session, tied, is_on=is_on)
        session.commit()
        flash("From now on the PDF goes along." if is_on else "No PDF goes along any more.", "good")
    return see_other(url_for("accounting.show") + "#papers")


def _chosen(module: str, wanted: str) -> tuple[str, ...]:
    """One module; or all that can, where everything is to go both ways or one way."""
    if module == "all" and wanted in (directions.PUSH, directions.BOTH):
        return directions.TWO_WAY
    return (module,) if module in MODULES else ()


def _do(tied: Link, module: str, wanted: str) -> None:
    session = request_session()
    if wanted == "pause":
        directions.pause(session, tied, module)
    elif wanted == "resume":
        directions.resume(session, tied, module)
    else:
        directions.keep(session, tied, module, wanted)

"""Settings of documents and of the arithmetic behind them."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.invoices.e_invoice.rules import EXPORTING
from portal.invoices.settings import actions, forms, rules
from portal.invoices.views.pages import bp
from portal.organisations.models import Organisation
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.languages import LANGUAGES
from portal.shared.web import request_session
from portal.taxes.regions import pack


@bp.get("/settings/documents")
@allow("manage_organisation")
def document_settings() -> Response:
    return _page(forms.filled_with(g.organisation))


@bp.post("/settings/documents")
@allow("manage_organisation")
def update_document_settings() -> Response:
    session = request_session()
    organisation = session.get_one(Organisation, g.viewer.organisation_id)
    form, wanted = forms.read_settings(request.form, organisation)
    drafts = 0
    if form.ok:
        try:
            drafts = actions.change_settings(session, organisation, wanted)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return _page(form, 422)
    session.commit()
    also = f" Drafts reckoned anew: {drafts}." if drafts else ""
    flash(f"Saved.{also} What is sent keeps what it says.", "good")
    return see_other(url_for("invoices.document_settings"))


def _page(form: Form, status: int = 200) -> Response:
    drafts, sent = actions.reach(request_session())
    page = render_template(
        "invoices/settings.html", form=form, drafts=drafts, sent=sent, languages=LANGUAGES,
        roundings=rules.ROUNDINGS, modes=rules.MODES, styles=rules.DISCOUNT_STYLES,
        inclusive=rules.ways_to_price(pack(g.organisation.country)),
        usual_increment=rules.USUAL_INCREMENTS.get(g.organisation.country),
        has_e_invoices=g.organisation.country in EXPORTING,
    )  # fmt: skip
    return make_response(page, status)

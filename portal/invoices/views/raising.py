"""From a job's lines to an invoice."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, g, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from portal.invoices import actions, billing, sending, taxing
from portal.invoices.cautions import PAID_BEFORE
from portal.invoices.models import Invoice
from portal.invoices.queries import invoices_of_work_order
from portal.invoices.views.pages import bp, place_of
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.formats import money
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.text import id_from
from portal.shared.web import request_session
from portal.taxes.arithmetic import Breakdown
from portal.taxes.models import Tax
from portal.taxes.naming import at_rate
from portal.taxes.queries import taxes_by_id
from portal.taxes.regions.standing import standing_of
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import get_work_order


@bp.get("/work-orders/<int:work_order_id>/invoices/new")
@allow("raise_invoices")
def new(work_order_id: int) -> str:
    work_order = get_work_order(request_session(), work_order_id, g.viewer)
    ticked = {line.id for line in billing.billable_lines(work_order)}
    return _new_page(work_order, ticked, Form(form_id=uuid.uuid4().hex, email=work_order.customer.email, text="yes"))


@bp.get("/work-orders/<int:work_order_id>/invoices/preview")
@allow("raise_invoices")
def preview(work_order_id: int) -> str:
    """The sums of the ticked lines, while they are being ticked."""
    work_order = get_work_order(request_session(), work_order_id, g.viewer)
    form = Form(request.args)
    sums = _sums(work_order, _ticked(request.args), with_usual=_wants_usual(form))
    return render_template("invoices/_sums.html", work_order=work_order, form=form, is_preview=True, **sums)


@bp.post("/work-orders/<int:work_order_id>/invoices")
@allow("raise_invoices")
def create(work_order_id: int) -> Response:
    """A draft of the ticked lines, sent at once unless it is to stay a draft. The same form twice is one invoice."""
    session = request_session()
    work_order = get_work_order(session, work_order_id, g.viewer, lock=True)
    form, ticked = Form(request.form), _ticked(request.form)
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or None
    repeated = actions.find_by_form(session, form_id) if form_id else None
    if repeated is not None:
        return see_other(place_of(repeated))  # its first answer was lost, or it was tapped twice
    email = form.email("email", "the customer's e-mail", required=False)
    then = form.choice("then", "send or keep as draft", ("send", "draft"))
    _check_shown_total(form, work_order, ticked)
    if not form.ok:
        return make_response(_new_page(work_order, ticked, form), 422)
    try:
        raised = actions.raise_invoice(
            session, g.organisation, work_order, sorted(ticked), form_id=form_id, raised_by=g.viewer.id,
            usual_where_missing=_wants_usual(form),
        )  # fmt: skip
        invoice = raised.invoice
        if raised.is_new and then == "draft" and "email" in form.values:  # emptied, or another one: sent so later
            invoice.bill_to = {**invoice.bill_to, "email": email}
        if raised.is_new and then == "send":
            prepaid = actions.issue_invoice(session, g.organisation, invoice, reckoned_on=raised.reckoned_on)
            number = _number(work_order) if form.values.get("text") == "yes" else ""
            sending.send_invoice(
                session, g.organisation, invoice, sent_by=g.viewer.id, email=email, is_first=True, prepaid=prepaid,
                number=number,
            )  # fmt: skip
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        work_order = get_work_order(session, work_order_id, g.viewer)
        return make_response(_new_page(work_order, ticked, form), 422)
    session.commit()
    return see_other(place_of(invoice))


def _check_shown_total(form: Form, work_order: WorkOrder, ticked: set[int]) -> None:
    """Nobody sends a sum they have not seen: without scripts, ticking a line does not change the total on the page.

    Of lines that somebody else has billed meanwhile, the action says by whom.
    """
    shown = form.values.get("shown_total", "")
    if not ticked <= {line.id for line in billing.billable_lines(work_order)}:
        return
    breakdown = _sums(work_order, ticked, with_usual=_wants_usual(form))["breakdown"]
    if shown and form.ok and shown != str(breakdown.total.decimal):
        form.errors["sums"] = f"With these lines the total is {money(breakdown.total)}. Look again, then send."


def _ticked(fields: MultiDict[str, str]) -> set[int]:
    numbers = (id_from(raw) for raw in fields.getlist("line"))
    return {number for number in numbers if number is not None}


def _wants_usual(form: Form) -> bool:
    """The firm's usual tax for lines that no rule finds one for."""
    return form.values.get("usual_tax", "") == "yes"


def _sums(work_order: WorkOrder, ticked: set[int], with_usual: bool) -> dict[str, Any]:
    lines = [line for line in billing.billable_lines(work_order) if line.id in ticked]
    taxes = taxes_by_id(request_session())
    day = billing.tax_point_of(g.organisation, billing.supplied_on(work_order, g.time_zone))
    ruled = taxing.decide(request_session(), g.organisation, work_order, lines, taxes, day)
    decided = taxing.with_usual(ruled, taxes) if with_usual else ruled
    breakdown = billing.preview(taxing.bearing(lines, decided), taxes, g.organisation, day)
    return {
        "breakdown": breakdown, "tax_rows": _tax_rows(breakdown, taxes), "usual": _usual(ruled, taxes),
        "words": {line.id: taxing.words_of(each, taxes) for line, each in zip(lines, decided, strict=True)},
        "missing": list(dict.fromkeys(each.missing for each in ruled if each.missing)),
        "lacks_number": bool(breakdown.tax_total) and _lacks_number(g.organisation),
        "deposit": _deposit(work_order, breakdown), "text_to": _number(work_order),
    }  # fmt: skip


def _number(work_order: WorkOrder) -> str:
    return sending.number_instead(request_session(), g.organisation, work_order.customer)


def _deposit(work_order: WorkOrder, breakdown: Breakdown) -> Money:
    """What of it is paid before, and taken off when it is sent."""
    currency = breakdown.total.currency
    paid = Money.total((find(request_session(), work_order, currency) for find in PAID_BEFORE), currency)
    return min(paid, breakdown.amount_due)


def _usual(ruled: Sequence[taxing.OnLine], taxes: Mapping[int, Tax]) -> Tax | None:
    """What the firm's usual tax is for this customer, at this place."""
    return next((taxes[each.usual_id] for each in ruled if each.usual_id), None)


def _lacks_number(firm: Organisation) -> bool:
    """Who charges tax has to print a number, but where no law asks for one."""
    return not firm.tax_number and not standing_of(firm.country).get("without_number")


def _tax_rows(breakdown: Breakdown, taxes: Mapping[int, Tax]) -> list[tuple[str, Money, str]]:
    """Name, what is charged and why. A reverse charge costs nothing here, so that what is shown adds up."""
    zero = Money.zero(breakdown.total.currency)
    return [
        (at_rate(row.name, row.rate, row.kind), row.amount if row.is_charged else zero, taxes[int(row.key)].why)
        for row in breakdown.taxes
    ]  # fmt: skip


def _new_page(work_order: WorkOrder, ticked: set[int], form: Form) -> str:
    lines = billing.billable_lines(work_order)
    whole = billing.preview(lines, {}, g.organisation, clock.today(g.time_zone))
    sums = _sums(work_order, ticked, with_usual=_wants_usual(form))
    return render_template(
        "invoices/new.html", work_order=work_order, form=form, ticked=ticked,
        lines=list(zip(lines, whole.line_totals, strict=True)), billed_on=_billed_on(work_order), **sums,
    )  # fmt: skip


def _billed_on(work_order: WorkOrder) -> Sequence[Invoice]:
    """Where this job's lines are already."""
    return invoices_of_work_order(request_session(), sorted({line.claim.invoice_id for line in work_order.lines
                                                             if line.claim}))  # fmt: skip

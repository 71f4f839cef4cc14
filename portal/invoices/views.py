"""Pages of invoices: from a job's lines to the screen with the QR code."""

import uuid

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from portal.invoices import actions, billing, document, queries, sending
from portal.invoices.models import DRAFT, Invoice
from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.text import clean, id_from
from portal.shared.web import page_number, request_session
from portal.taxes.queries import taxes_by_id
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import get_work_order

bp = Blueprint("invoices", __name__)


@bp.get("/invoices")
@allow("raise_invoices", "see_board")
def index() -> Response:
    state = request.args.get("state", "")
    search = clean(request.args.get("q", ""))[:100]
    page, today = page_number(), clock.today(g.time_zone)
    rows, has_more = queries.list_invoices(
        request_session(), g.viewer, state=state, search=search, today=today, page=page
    )
    return page_or_fragment(
        "invoices/index.html", "invoices/_rows.html", rows=rows, has_more=has_more, page=page, search=search,
        state=state, today=today, status_of=queries.status_of,
    )  # fmt: skip


@bp.get("/work-orders/<int:work_order_id>/invoices/new")
@allow("raise_invoices")
def new(work_order_id: int) -> str:
    work_order = get_work_order(request_session(), work_order_id, g.viewer)
    ticked = {line.id for line in billing.billable_lines(work_order)}
    return _new_page(work_order, ticked, Form(form_id=uuid.uuid4().hex, email=work_order.customer.email))


@bp.get("/work-orders/<int:work_order_id>/invoices/preview")
@allow("raise_invoices")
def preview(work_order_id: int) -> str:
    """The sums of the ticked lines, while they are being ticked."""
    work_order = get_work_order(request_session(), work_order_id, g.viewer)
    return render_template("invoices/_sums.html", work_order=work_order, **_sums(work_order, _ticked(request.args)))


@bp.post("/work-orders/<int:work_order_id>/invoices")
@allow("raise_invoices")
def create(work_order_id: int) -> Response:
    """A draft of the ticked lines, sent at once unless it is to stay a draft. The same form twice is one invoice."""
    session = request_session()
    work_order = get_work_order(session, work_order_id, g.viewer, lock=True)
    form, ticked = Form(request.form), _ticked(request.form)
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or None
    email = form.email("email", "the customer's e-mail", required=False)
    if not form.ok:
        return make_response(_new_page(work_order, ticked, form), 422)
    try:
        raised = actions.raise_invoice(
            session, g.organisation, work_order, sorted(ticked), form_id=form_id, raised_by=g.viewer.id
        )
        invoice = queries.get_invoice(session, raised.invoice.id)
        if raised.is_new and request.form.get("then") != "draft":
            actions.issue_invoice(session, g.organisation, invoice)
            sending.send_invoice(session, g.organisation, invoice, sent_by=g.viewer.id, email=email)
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        work_order = get_work_order(session, work_order_id, g.viewer)
        return make_response(_new_page(work_order, ticked, form), 422)
    session.commit()
    return see_other(_place_of(invoice))


@bp.get("/invoices/<int:invoice_id>")
@allow("raise_invoices", "see_board")
def show(invoice_id: int) -> str:
    return _page(queries.get_invoice(request_session(), invoice_id, g.viewer))


@bp.post("/invoices/<int:invoice_id>/issuance")
@allow("raise_invoices")
def create_issuance(invoice_id: int) -> Response:
    """Send a draft. A second tap finds it sent and leads to the same screen."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    if invoice.status != DRAFT:
        return see_other(_place_of(invoice))
    try:
        actions.issue_invoice(session, g.organisation, invoice)
        sending.send_invoice(
            session, g.organisation, invoice, sent_by=g.viewer.id, email=invoice.bill_to.get("email", "")
        )
    except RuleBroken as problem:
        session.rollback()
        return make_response(_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(_place_of(invoice))


@bp.post("/invoices/<int:invoice_id>/discarding")
@allow("raise_invoices")
def create_discarding(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    place = actions.discard_draft(session, invoice)
    session.commit()
    if place is None:
        return see_other(url_for("invoices.index"))
    return see_other(url_for("work_orders.show", work_order_id=place))


@bp.get("/invoices/<int:invoice_id>/sending")
@allow("raise_invoices")
def show_sending(invoice_id: int) -> Response:
    """The screen to hold out to the customer: QR code, share, copy, and the state of payment."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer)
    address = sending.screen_address(session, invoice)
    if address is None:
        return see_other(url_for("invoices.show", invoice_id=invoice.id))
    return make_response(
        render_template(
            "invoices/sending.html", invoice=invoice, address=address, qr_svg=sending.qr_svg(address),
            status=_status(invoice), balance=queries.balance_of(invoice),
        )
    )  # fmt: skip


@bp.get("/invoices/<int:invoice_id>/payment-state")
@allow("raise_invoices", "see_board")
def payment_state(invoice_id: int) -> str:
    """The fragment that turns to Paid by itself."""
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    return render_template(
        "invoices/_payment_state.html", invoice=invoice, status=_status(invoice), balance=queries.balance_of(invoice)
    )


@bp.post("/invoices/<int:invoice_id>/sendings")
@allow("raise_invoices")
def create_sending(invoice_id: int) -> Response:
    """Once more: by e-mail when an address is given, else a fresh link for the screen."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form = Form(request.form)
    email = form.email("email", "an e-mail address", required=False)
    if not form.ok:
        return make_response(_page(invoice, form=form), 422)
    try:
        sending.send_invoice(session, g.organisation, invoice, sent_by=g.viewer.id, email=email)
    except RuleBroken as problem:
        session.rollback()
        return make_response(_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(url_for("invoices.show_sending", invoice_id=invoice.id))


@bp.get("/invoices/<int:invoice_id>/invoice.pdf")
@allow("raise_invoices", "see_board")
def show_pdf(invoice_id: int) -> Response:
    session = request_session()
    return document.pdf_response(g.organisation, queries.get_invoice(session, invoice_id, g.viewer))


def _place_of(invoice: Invoice) -> str:
    place = "invoices.show" if invoice.status == DRAFT else "invoices.show_sending"
    return url_for(place, invoice_id=invoice.id)


def _ticked(fields: object) -> set[int]:
    numbers = (id_from(raw) for raw in fields.getlist("line"))  # type: ignore[attr-defined]
    return {number for number in numbers if number is not None}


def _sums(work_order: WorkOrder, ticked: set[int]) -> dict[str, object]:
    lines = [line for line in billing.billable_lines(work_order) if line.id in ticked]
    taxes = taxes_by_id(request_session())
    today = clock.today(g.time_zone)
    return {"breakdown": billing.preview(lines, taxes, g.organisation, today), "taxes": taxes}


def _new_page(work_order: WorkOrder, ticked: set[int], form: Form) -> str:
    lines = billing.billable_lines(work_order)
    whole = billing.preview(lines, {}, g.organisation, clock.today(g.time_zone))
    return render_template(
        "invoices/new.html", work_order=work_order, form=form, ticked=ticked,
        lines=list(zip(lines, whole.line_totals, strict=True)), **_sums(work_order, ticked),
    )  # fmt: skip


def _status(invoice: Invoice) -> str:
    return queries.status_of(invoice, clock.today(g.time_zone))


def _page(invoice: Invoice, problem: str = "", form: Form | None = None) -> str:
    return render_template(
        "invoices/show.html", invoice=invoice, problem=problem, status=_status(invoice),
        balance=queries.balance_of(invoice), events=timeline(request_session(), "invoice", invoice.id),
        today=clock.today(g.time_zone), form=form or Form(email=str(invoice.bill_to.get("email", ""))),
    )  # fmt: skip

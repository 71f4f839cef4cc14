"""Asking a customer to pay several open invoices in one go."""

from collections.abc import Mapping, Sequence

from flask import Response, abort, flash, g, make_response, render_template, request, url_for

from portal.customers.models import Customer
from portal.customers.queries import get_customer
from portal.invoices import joint
from portal.invoices.models import Invoice
from portal.invoices.sending import qr_svg
from portal.invoices.sendings import get_link
from portal.payments.chargeable import other_ways
from portal.payments.credits import credit_of
from portal.payments.queries import open_invoices
from portal.payments.views.pages import bp
from portal.shared import once
from portal.shared.access import allow
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.web import request_session


@bp.get("/customers/<int:customer_id>/together")
@allow("see_all_work_orders")
def new_together(customer_id: int) -> Response:
    customer, invoices = _found(customer_id)
    return _page(customer, invoices, Form(email=customer.email))


@bp.post("/customers/<int:customer_id>/together")
@allow("see_all_work_orders")
def create_together(customer_id: int) -> Response:
    """By e-mail when an address is given, else a code for the screen."""
    session = request_session()
    customer, invoices = _found(customer_id)
    form = Form(request.form)
    email = form.email("email", "an e-mail address", required=False)
    ticked = set(request.form.getlist("invoice"))
    chosen = [each for each in invoices if str(each.id) in ticked]
    if not chosen:
        form.errors["invoice"] = "Tick the invoices that are to be paid together."
    else:
        _check_sum(form, joint.open_balances(session, [each.id for each in chosen]))
    if not form.ok:
        return _page(customer, invoices, form, ticked, status=422)
    what, form_id = f"together of customer {customer_id}", request.form.get("form_id")
    if email and once.is_repeat(session, what, g.viewer.organisation_id, form_id):
        session.rollback()
        flash(once.ALREADY, "quiet")
        return see_other(url_for("customers.show", customer_id=customer_id))
    try:
        if email:
            joint.mail_joint_link(session, g.organisation, chosen, email, sent_by=g.viewer.id)
        else:
            link, _ = joint.make_joint_link(session, g.organisation, chosen, channel="screen", sent_by=g.viewer.id)
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        return _page(customer, invoices, form, ticked, status=422)
    session.commit()
    if not email:
        return see_other(url_for("payments.show_together", invoice_id=link.invoice_id, joint_link_id=link.id))
    flash(f"On its way to {email}. Each invoice shows the link under Links.", "good")
    return see_other(url_for("customers.show", customer_id=customer_id))


@bp.get("/invoices/<int:invoice_id>/together/<int:joint_link_id>")
@allow("see_all_work_orders")
def show_together(invoice_id: int, joint_link_id: int) -> str:
    """The code to hold out to the customer, and the address to copy."""
    session = request_session()
    link = get_link(session, invoice_id, joint_link_id)
    if not link.is_joint or link.revoked_at is not None:
        raise NotFound
    _check_may()
    address, invoices = joint.joint_address(link), joint.invoices_of(session, link)
    due = joint.open_balances(session, [each.id for each in invoices])
    return render_template(
        "payments/together_code.html", invoices=invoices, due=due, address=address, qr_svg=qr_svg(address),
        customer_id=invoices[0].customer_id,
    )  # fmt: skip


def _found(customer_id: int) -> tuple[Customer, Sequence[Invoice]]:
    session = request_session()
    customer = get_customer(session, customer_id)
    _check_may()
    return customer, open_invoices(session, g.viewer, customer_id, g.organisation.currency, to_ask=True)[: joint.MOST]


def _check_sum(form: Form, due: Mapping[int, Money]) -> None:
    """The message says that they can be paid in one go: it is not sent where no card can."""
    unfit = other_ways(Money.total(due.values(), next(iter(due.values())).currency)) if due else ""
    if unfit:
        form.errors["invoice"] = f"These cannot be paid together. {unfit}"


def _check_may() -> None:
    if not g.viewer.may("raise_invoices"):
        abort(403)


def _page(
    customer: Customer, invoices: Sequence[Invoice], form: Form, ticked: set[str] | None = None, status: int = 200
) -> Response:
    """ticked: None for all of them"""
    page = render_template(
        "payments/together.html", customer=customer, invoices=invoices, form=form, ticked=ticked,
        credit=credit_of(request_session(), customer.id, g.organisation.currency),
    )  # fmt: skip
    return make_response(page, status)

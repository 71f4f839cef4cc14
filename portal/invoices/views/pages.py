"""What the pages of invoices share."""

from flask import Blueprint, g, render_template, url_for

from portal.customers.queries import get_customer
from portal.invoices import holds, printed, queries
from portal.invoices.beside import beside, may_bill_again
from portal.invoices.cautions import NOTICES
from portal.invoices.credit_notes.standing import standing_at
from portal.invoices.documents.rules import may_void
from portal.invoices.e_invoice.making import is_offered
from portal.invoices.models import DRAFT, SENT, Invoice
from portal.invoices.registering import problem_of
from portal.invoices.sending import number_instead
from portal.invoices.sendings import sendings_of
from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.forms import Form
from portal.shared.web import request_session

bp = Blueprint("invoices", __name__)


def invoice_page(invoice: Invoice, problem: str = "", form: Form | None = None) -> str:
    there = beside(request_session(), invoice.id)
    credit = standing_at(request_session(), invoice.id, g.viewer) if there.has_credit else []
    notes = [each.note for each in credit if each.is_over]
    return render_template(
        "invoices/show.html", invoice=invoice, problem=problem, status=status_of(invoice),
        balance=queries.balance_of(invoice), events=timeline(request_session(), "invoice", invoice.id),
        before_net=printed.before_net(invoice), after_tax=printed.after_tax(invoice),
        tax_rows=printed.taxes(invoice), withheld=printed.withheld(invoice), shown_total=total_of(invoice),
        may_void=may_void(str((invoice.letterhead or {}).get("country", ""))),
        has_e_invoice=is_offered(g.organisation, invoice),
        credit=credit, credit_notes=notes,
        may_bill_again=may_bill_again(invoice, there),
        held=holds.standing_of(request_session(), invoice.id) if there.is_held else {}, today=clock.today(g.time_zone),
        notices=[found for find in NOTICES for found in find(request_session(), invoice)],
        outdated=problem_of(request_session(), g.organisation, invoice),
        has_asked=there.has_asked, sendings=sendings_of(request_session(), invoice.id),
        has_sms=invoice.status == SENT and there.texts,
        text_to=number_of(invoice) if invoice.status == DRAFT else "",
        form=form or Form(
            email=str(invoice.bill_to.get("email", "")), phone=str(invoice.bill_to.get("phone", "")), text="yes"
        ),
    )  # fmt: skip


def status_of(invoice: Invoice) -> str:
    return queries.status_of(invoice, clock.today(g.time_zone))


def place_of(invoice: Invoice) -> str:
    place = "invoices.show" if invoice.status == DRAFT else "invoices.show_sending"
    return url_for(place, invoice_id=invoice.id)


def number_of(invoice: Invoice) -> str:
    """What a draft can be texted to when it is sent, because no mail goes out."""
    if invoice.bill_to.get("email"):
        return ""
    customer, phone = get_customer(request_session(), invoice.customer_id), str(invoice.bill_to.get("phone") or "")
    return number_instead(request_session(), g.organisation, customer, phone)


def total_of(invoice: Invoice) -> str:
    """What the Send button names, as its form says it back."""
    return str(invoice.amount_due.decimal)

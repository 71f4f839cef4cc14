"""Pages of credit notes, for whoever shows one or shows one again with what is wrong."""

import uuid
from collections.abc import Sequence

from flask import g, render_template

from portal.invoices import printed, queries
from portal.invoices.cautions import TIPS_LEFT
from portal.invoices.credit_notes import queries as credit_queries
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.voiding import why_in_force
from portal.invoices.e_invoice.rules import EXPORTING
from portal.invoices.models import Invoice
from portal.organisations.audit import timeline
from portal.shared.forms import Form
from portal.shared.money import Money
from portal.shared.web import request_session


def new_page(invoice: Invoice, left: Sequence[Money], form: Form) -> str:
    """left: of each line, and then of shipping, by position."""
    names = [line.name for line in invoice.lines] + ["Shipping"] * (len(left) - len(invoice.lines))
    balance, session = queries.balance_of(invoice), request_session()
    tips = Money.total((left_of(session, invoice) for left_of in TIPS_LEFT), invoice.currency)
    return render_template(
        "credit_notes/new.html", invoice=invoice, form=form, balance=balance,
        tips=tips, may_give_back=balance.paid_minor > 0 and g.viewer.may("refund"),
        left=list(zip(names, left, strict=False)),
    )  # fmt: skip


def note_page(note: CreditNote, form: Form) -> str:
    session = request_session()
    kept = credit_queries.kept_as_credit(session, note)
    may_apply, may_give_back = bool(kept) and g.viewer.may("void"), bool(kept) and g.viewer.may("refund")
    stays = why_in_force(session, note) if g.viewer.may("void") and not note.is_void else ""
    return render_template(
        "credit_notes/show.html", note=note, kept=kept, form=form, before_net=printed.before_net(note),
        most_back=credit_queries.kept_in_money(session, note, kept) if may_give_back else None,
        after_tax=printed.after_tax(note), withheld=printed.withheld(note),
        events=timeline(session, "credit_note", note.id),
        has_e_invoice=g.organisation.country in EXPORTING and not note.is_void,
        may_void=not (note.is_void or stays) and g.viewer.may("void"), stays=stays,
        open_invoices=credit_queries.open_invoices(session, note) if may_apply else [],
        put_to=credit_queries.put_to(session, note),
        given_back=credit_queries.refunds_of(session, note), may_give_back=may_give_back,
        form_id=form.values.get("form_id") or uuid.uuid4().hex,
    )  # fmt: skip

"""A customer's saved card, for the firm: what is kept, what was agreed to and when, and removing it."""

from flask import Response, flash, render_template, url_for

from portal.customers.queries import get_customer
from portal.payments.actions import end_autopay, remove_card
from portal.payments.autopay.queries import runs_of, standing_autopay
from portal.payments.cards import queries
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.htmx import see_other
from portal.shared.phrases import LANGUAGES
from portal.shared.web import request_session


@bp.get("/customers/<int:customer_id>/card")
@allow("edit_customers")
def show_card(customer_id: int) -> str:
    session = request_session()
    customer = get_customer(session, customer_id)
    return render_template(
        "payments/card.html", customer=customer, cards=queries.cards_of(session, customer_id), languages=LANGUAGES,
        autopay=standing_autopay(session, customer_id), runs=runs_of(session, customer_id),
    )  # fmt: skip


@bp.post("/customers/<int:customer_id>/card/removal")
@allow("edit_customers")
def create_card_removal(customer_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    get_customer(session, customer_id)
    remove_card(session, customer_id, by="staff")
    session.commit()
    flash("The card is removed. Nothing more can be charged to it.", "good")
    return see_other(url_for("payments.show_card", customer_id=customer_id))


@bp.post("/customers/<int:customer_id>/autopay/end")
@allow("edit_customers")
def create_autopay_end(customer_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    get_customer(session, customer_id)
    end_autopay(session, customer_id, by="staff")
    session.commit()
    flash("Automatic payment is off. The card stays saved.", "good")
    return see_other(url_for("payments.show_card", customer_id=customer_id))

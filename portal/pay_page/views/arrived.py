"""Back from Stripe, and the link was stopped meanwhile: what was paid has arrived all the same, and is said so."""

import uuid

from flask import Response, abort
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.documents.pdf import as_response
from portal.organisations.models import Organisation
from portal.pay_page.proofs import find_attempt, recall_payer
from portal.pay_page.queries import UnknownLink
from portal.pay_page.views.pages import answer, bp
from portal.payments.models import Payment
from portal.payments.papers import receipt_paper
from portal.shared.access import everyone
from portal.shared.db import enter
from portal.shared.web import request_session


def tell_of_arrival(
    session: Session, organisation: Organisation, attempt_id: int, public_id: uuid.UUID, state: str,
    language: str | None,
) -> Response:  # fmt: skip
    """Only what this browser has paid, nothing of what was behind the link.

    state  of the attempt
    Raises UnknownLink where nothing was paid.
    """
    if state == "processing":
        return answer("arrived", organisation, language or "", payment=None)
    payment = _payment_of(session, attempt_id)
    if payment is None:
        raise UnknownLink
    customers = language or session.get_one(Customer, payment.customer_id).language
    return answer("arrived", organisation, customers, payment=payment, public_id=public_id)


@bp.get("/r/<uuid:public_id>/receipt.pdf")
@everyone
def show_arrived_pdf(public_id: uuid.UUID) -> Response:
    """For the browser that paid, and no other."""
    session = request_session()
    payer, found = recall_payer(public_id), find_attempt(session, str(public_id))
    if payer is None or found is None:
        return answer("thanks")  # as the way back says to whoever is a stranger
    organisation_id, attempt_id = found
    enter(session, organisation_id)
    payment = _payment_of(session, attempt_id) or abort(404)
    return as_response(
        receipt_paper(session, session.get_one(Organisation, organisation_id), payment), payment.number
    )  # fmt: skip


def _payment_of(session: Session, attempt_id: int) -> Payment | None:
    return session.scalars(select(Payment).where(Payment.attempt_id == attempt_id).limit(1)).first()

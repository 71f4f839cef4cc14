"""Making papers beforehand, so that pages and mails only fetch them."""

import logging

from sqlalchemy.orm import Session

from portal.gateways.mail_gateway import Attachment
from portal.invoices.documents.papers import invoice_paper, keep_missing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.payments.papers import keep_missing_receipts, receipt_paper
from portal.shared.running import job_session

log = logging.getLogger(__name__)


def keep_papers(organisation_id: int) -> None:
    """Make what is missing. A paper that cannot be made holds up no mail: a page would try it again."""
    try:
        while True:
            with job_session(organisation_id) as session:
                organisation = session.get_one(Organisation, organisation_id)
                if not keep_missing(session, organisation) + keep_missing_receipts(session, organisation):
                    return
    except Exception:
        log.exception("papers could not be made", extra={"organisation_id": organisation_id})


def attached(session: Session, organisation_id: int, name: str) -> tuple[Attachment, ...]:
    """What a message names, like invoice:12 or receipt:7, as a file; nothing for an empty name."""
    kind, _, number = name.partition(":")
    if not number:
        return ()
    organisation = session.get_one(Organisation, organisation_id)
    if kind == "receipt":
        payment = session.get_one(Payment, int(number))
        return (Attachment(f"{payment.number}.pdf", receipt_paper(session, organisation, payment)),)
    invoice = get_invoice(session, int(number))
    return (Attachment(f"{invoice.number}.pdf", invoice_paper(session, organisation, invoice)),)

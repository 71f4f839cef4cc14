"""Where a link that shows nothing to pay leads: to a new one, always through the address that the firm has on file."""

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import joint
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.pay_links import enter_by_token, latest_screen_link, reveal_token
from portal.invoices.sending import send_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.pay_page.queries import find_newer
from portal.shared.running import here


def find_link(session: Session, token: str) -> PayLink | None:
    """Any link that ever was, expired and revoked ones too. Enters its organisation."""
    link_id = enter_by_token(session, token)
    return session.get(PayLink, link_id) if link_id is not None else None


def renew(session: Session, link: PayLink) -> None:
    """Mail a new link to the customer's own address, wherever this one was sent to. Does not commit."""
    if link.is_joint:
        _renew_joint(session, link)
    else:
        _renew_single(session, link)


def _renew_single(session: Session, link: PayLink) -> None:
    invoice = session.get_one(Invoice, link.invoice_id)
    if invoice.status != SENT:
        return
    email = session.get_one(Customer, invoice.customer_id).email
    words = "The customer asked for a new link" + ("" if email else ", and there is no e-mail address to send it to")
    audit.note(session, link.organisation_id, "pay link asked for", "invoice", invoice.id, words=words)
    if email:
        organisation = session.get_one(Organisation, link.organisation_id)
        send_invoice(session, organisation, invoice, sent_by=None, email=email)


def _renew_joint(session: Session, link: PayLink) -> None:
    """To what is still open of the invoices that this link led to."""
    invoices = joint.still_open(session, link)
    if not invoices:
        return
    email = session.get_one(Customer, invoices[0].customer_id).email
    words = "The customer asked for a new link" + ("" if email else ", and there is no e-mail address to send it to")
    audit.note(session, link.organisation_id, "pay link asked for", "invoice", link.invoice_id, words=words)
    if email:
        organisation = session.get_one(Organisation, link.organisation_id)
        joint.mail_joint_link(session, organisation, invoices, email, sent_by=None)


def token_of_newer(session: Session, replaced: Invoice) -> str | None:
    """The secret of a link to the invoice that took this one's place. Does not commit."""
    newer = find_newer(session, replaced)
    if newer is None:
        return None
    organisation = session.get_one(Organisation, newer.organisation_id)
    send_invoice(session, organisation, newer, sent_by=None, email="")
    session.flush()
    link = latest_screen_link(session, newer.id)
    return reveal_token(link, here().settings.vault) if link is not None else None

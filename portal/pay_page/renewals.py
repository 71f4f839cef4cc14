"""Where a link that shows nothing to pay leads: to a new one, always through the address that the firm has on file."""

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import joint
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.pay_links import enter_by_token, latest_screen_link, reveal_token
from portal.invoices.queries import balance_of, get_invoice
from portal.invoices.sending import number_to_text, send_invoice, text_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.pay_page.newer import find_newer
from portal.payments.actions import Way, send_request
from portal.payments.deposit_queries import is_asked
from portal.payments.deposits import DepositRequest
from portal.shared.running import here

NOWHERE = ", and there is no address to send it to"


def find_link(session: Session, token: str) -> PayLink | None:
    """Any link that ever was, expired and revoked ones too. Enters its organisation."""
    link_id = enter_by_token(session, token)
    return session.get(PayLink, link_id) if link_id is not None else None


def renew(session: Session, link: PayLink) -> None:
    """A new link to the customer's own address or number, wherever this one was sent to. Does not commit."""
    if link.deposit_request_id is not None:
        _renew_deposit(session, link, link.deposit_request_id)
    elif link.invoice_id is not None:
        renew_invoice = _renew_joint if link.is_joint else _renew_single
        renew_invoice(session, link, link.invoice_id)


def limited_by(link: PayLink) -> str:
    """What counts how often new links were asked for: the invoice, or the request for a deposit."""
    return f"deposit {link.deposit_request_id}" if link.invoice_id is None else str(link.invoice_id)


def _renew_deposit(session: Session, link: PayLink, request_id: int) -> None:
    request = session.get_one(DepositRequest, request_id)
    if not is_asked(session, request):
        return
    organisation = session.get_one(Organisation, link.organisation_id)
    customer = session.get_one(Customer, request.customer_id)
    number = _number(session, organisation, customer, link)
    words = "The customer asked for a new link to the deposit" + ("" if customer.email or number else NOWHERE)
    audit.note(session, link.organisation_id, "pay link asked for", "work_order", request.work_order_id, words=words)
    if number or customer.email:
        way = ("sms", number) if number else ("email", customer.email)
        send_request(session, organisation, request, Way(*way), by=None)


def _renew_single(session: Session, link: PayLink, invoice_id: int) -> None:
    """By text message where this one came so, or where no mail can reach them."""
    invoice = get_invoice(session, invoice_id)
    if invoice.status != SENT or balance_of(invoice).is_written_off:
        return
    organisation = session.get_one(Organisation, link.organisation_id)
    customer = session.get_one(Customer, invoice.customer_id)
    number = _number(session, organisation, customer, link)
    words = "" if customer.email or number else NOWHERE
    audit.note(
        session, link.organisation_id, "pay link asked for", "invoice", invoice.id,
        words=f"The customer asked for a new link{words}",
    )  # fmt: skip
    if number:
        balance = balance_of(invoice).balance
        text_invoice(session, organisation, invoice, to=number, amount=balance, sent_by=None)
    elif customer.email:
        send_invoice(session, organisation, invoice, sent_by=None, email=customer.email)


def _renew_joint(session: Session, link: PayLink, invoice_id: int) -> None:
    """To what is still open of the invoices that this link led to."""
    invoices = joint.still_open(session, link)
    if not invoices:
        return
    organisation = session.get_one(Organisation, link.organisation_id)
    customer = session.get_one(Customer, invoices[0].customer_id)
    number = _number(session, organisation, customer, link)
    words = "The customer asked for a new link" + ("" if customer.email or number else NOWHERE)
    audit.note(session, link.organisation_id, "pay link asked for", "invoice", invoice_id, words=words)
    if number:
        joint.text_joint_link(session, organisation, invoices, number, sent_by=None)
    elif customer.email:
        joint.mail_joint_link(session, organisation, invoices, customer.email, sent_by=None)


def _number(session: Session, organisation: Organisation, customer: Customer, link: PayLink) -> str:
    """Where this one came by text message, or where no mail can reach them."""
    wants_text = link.channel == "sms" or not customer.email
    return number_to_text(session, organisation, customer.phone) if wants_text else ""


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

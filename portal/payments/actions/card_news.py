"""What a customer hears when their card is removed, or autopay ended, by whoever holds a link: it may be a stranger."""

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.mail import spoken
from portal.invoices.sending import number_to_text
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.payments.cards.models import SavedCard
from portal.shared import phrases

KIND = "card_news"


def tell_of_card(session: Session, card: SavedCard, what: str, *, once: str) -> None:
    """To the address on file, or else the number; nobody hears where there is neither. Does not commit.

    what  card_removed | autopay_ended
    once  names the occasion
    """
    organisation = session.get_one(Organisation, card.organisation_id)
    customer = session.get_one(Customer, card.customer_id)
    language = phrases.choose(customer.language, organisation.locale)
    subject = language.text(f"mail_{what}", firm=organisation.name, card=card.words)
    line = language.text("mail_card_line")
    if customer.email:
        text, html = render_mail(
            KIND, **spoken(language, subject, organisation), lead=subject, line=line,
            greeting=language.text("mail_hello", name=customer.name),
        )  # fmt: skip
        queue_mail(
            session, organisation.id, once=once, kind=KIND, record="customer", record_id=customer.id,
            to=customer.email, reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text,
            html=html,
        )  # fmt: skip
    elif number := number_to_text(session, organisation, customer.phone):
        queue_text(
            session, organisation.id, once=once, kind=KIND, record="customer", record_id=customer.id, to=number,
            words=f"{subject}\n{line}", subject=subject, sent_by=None,
        )  # fmt: skip

"""What thanks for a deposit: the way its link went, with a link of its own; there is no invoice yet to lead to."""

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import PayLink
from portal.invoices.pay_links import make_deposit_link
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import render_mail
from portal.organisations.logos import logo_address
from portal.organisations.models import Organisation
from portal.payments.actions.deposits.sending import Way, deposit_address_of, way_of
from portal.payments.deposits import DepositRequest
from portal.payments.models import Payment
from portal.shared import formats, phrases
from portal.shared.running import here
from portal.work_orders.models import WorkOrder


def queue_deposit_receipt(
    session: Session, organisation: Organisation, payment: Payment, job: WorkOrder, request: DepositRequest | None
) -> None:  # fmt: skip
    """In the customer's language; nobody hears where there is no address. Does not commit.

    request  what asked for it: its page shows the receipt for ever
    """
    customer = session.get_one(Customer, payment.customer_id)
    way = way_of(session, request) if request is not None else None
    way = way or (Way("email", customer.email) if customer.email else None)
    if way is None:
        return
    link, link_url = _link(session, organisation, request, way) if request is not None else (None, "")
    language = phrases.choose(customer.language, organisation.locale)
    amount = formats.money(payment.taken, language.locale(organisation.locale, organisation.country))
    subject = language.text("mail_receipt", number=payment.number, firm=organisation.name)
    thanks, once = language.text("deposit_thanks", amount=amount, job=job.title), f"receipt:{payment.id}"
    if way.channel == "sms":
        message_id = queue_text(
            session, organisation.id, once=once, kind="receipt", record="customer", record_id=customer.id,
            to=way.address, subject=subject, words=f"{organisation.name}: {thanks}\n{link_url}",
            sent_by=payment.taken_by,
        )  # fmt: skip
    else:
        text, html = render_mail(
            "deposit", lang=language.code, title=subject, firm=organisation.name, phone="",
            logo=logo_address(organisation), direction="rtl" if language.is_rtl else "ltr",
            questions=language.text("mail_questions"), words=thanks, link_url=link_url,
            receipt=language.text("receipt_number", number=payment.number), button=language.text("mail_see_receipt"),
        )  # fmt: skip
        message_id = queue_mail(
            session, organisation.id, once=once, kind="receipt", record="customer", record_id=customer.id,
            to=way.address, reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text,
            html=html, attachment=f"receipt:{payment.id}", sent_by=payment.taken_by,
        )  # fmt: skip
    if link is not None:
        link.message_id = message_id


def _link(
    session: Session, organisation: Organisation, request: DepositRequest, way: Way
) -> tuple[PayLink, str]:  # fmt: skip
    link, token = make_deposit_link(
        session, organisation.id, request.id, here().settings.vault, channel=way.channel, sent_to=way.address,
        pay_link_days=organisation.pay_link_days,
    )  # fmt: skip
    return link, deposit_address_of(token)

"""What the customer hears of a payment that is made by itself: before it, and when it did not work."""

from sqlalchemy.orm import Session

from portal.invoices.mail import greeting, spoken
from portal.invoices.models import Invoice
from portal.invoices.pay_links import make_pay_link
from portal.invoices.queries import due_on
from portal.invoices.sending import address_of
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments.autopay.models import AutopayRun
from portal.payments.cards.models import SavedCard
from portal.shared import formats, phrases
from portal.shared.running import here

KIND = "autopay"


def queue_notice(
    session: Session, organisation: Organisation, invoice: Invoice, run: AutopayRun, card: SavedCard
) -> int | None:  # fmt: skip
    """What will be charged, and when. The message's id; None where there is no address. Does not commit."""
    return _queue(session, organisation, invoice, run, card, "notice", "mail_autopay_notice_line")


def queue_failure(
    session: Session, organisation: Organisation, invoice: Invoice, run: AutopayRun, card: SavedCard, code: str
) -> int | None:  # fmt: skip
    """That it did not work, and the page to pay it on. code: Stripe's, of the refusal. As queue_notice otherwise."""
    line = "confirm" if code == "authentication_required" else "refused"
    return _queue(session, organisation, invoice, run, card, "failed", f"mail_autopay_{line}_line")


def _queue(
    session: Session, organisation: Organisation, invoice: Invoice, run: AutopayRun, card: SavedCard, what: str,
    line: str,
) -> int | None:  # fmt: skip
    target = target_of(session, invoice, even_if_stopped=True)
    if target is None:
        return None
    link, token = make_pay_link(
        session, invoice, here().settings.vault, channel=target.channel, pay_link_days=organisation.pay_link_days,
        sent_to=target.address,
    )  # fmt: skip
    link.message_id = _send(session, organisation, invoice, run, card, target, (what, line), address_of(token))
    session.flush()
    return link.message_id


def _send(
    session: Session, organisation: Organisation, invoice: Invoice, run: AutopayRun, card: SavedCard, target: Target,
    what: tuple[str, str], link_url: str,
) -> int | None:  # fmt: skip
    kind, line = what
    language = phrases.choose(target.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    facts = {
        "number": invoice.number, "firm": organisation.name, "day": long_date(run.charge_on, locale),
        "card": card.words, "amount": formats.money(due_on(session, invoice.id).to_pay, locale),
    }  # fmt: skip
    subject = language.text(f"mail_autopay_{kind}", **facts)
    once = f"autopay:{run.id}:{kind}:{run.tries}"
    if target.channel == "sms":
        words = f"{language.text(f'text_autopay_{kind}', **facts)}\n{link_url}"
        return queue_text(
            session, organisation.id, once=once, kind=KIND, record="invoice", record_id=invoice.id, to=target.address,
            subject=subject, sent_by=invoice.raised_by, words=words,
        )  # fmt: skip
    text, html = render_mail(
        "payment_news", **spoken(language, subject, organisation), greeting=greeting(invoice, language),
        number=invoice.number, what=invoice.title, lead=subject, line=language.text(line, **facts),
        amount=facts["amount"], link_url=link_url,
    )  # fmt: skip
    return queue_mail(
        session, organisation.id, once=once, kind=KIND, record="invoice", record_id=invoice.id, to=target.address,
        reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text, html=html,
        sent_by=invoice.raised_by,
    )  # fmt: skip

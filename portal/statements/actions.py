"""A statement by mail, with a link for each open invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import joint
from portal.invoices.mail import spoken
from portal.invoices.models import Invoice, PayLink
from portal.invoices.pay_links import make_pay_link
from portal.invoices.queries import balance_of
from portal.invoices.sending import address_of
from portal.messages.actions import queue_mail
from portal.messages.rendering import long_date, render_mail
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.pay_page.together import payable_together
from portal.payments.credits import credit_of
from portal.payments.held import Held, held_deposits
from portal.payments.queries import live_account, open_invoices
from portal.shared import clock, formats, phrases
from portal.shared.access import Viewer
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import here
from portal.statements import rules

MOST_LINKS = 50


class NothingOwed(RuleBroken):
    """There is no open invoice to tell of."""


@dataclass(frozen=True)
class Statement:
    """All open invoices of a customer in the firm's currency, oldest first, but those that nobody is to ask for now.

    Of each what is to pay: what a bank has under way is not asked for.

    credit  what the customer has with the firm and has not used; no part of the total
    held    deposits that wait for their job's invoice; no part of the credit either
    """

    invoices: Sequence[Invoice]
    ages: Sequence[rules.Age]
    total: Money
    credit: Money
    held: Sequence[Held]
    today: date

    def days_late(self, invoice: Invoice) -> int:
        return rules.days_late(invoice.due_on, self.today)


def draw_up(session: Session, organisation: Organisation, viewer: Viewer, customer_id: int) -> Statement:
    invoices = open_invoices(session, viewer, customer_id, organisation.currency, to_ask=True)
    today = clock.today(organisation.time_zone)
    debts = [(rules.days_late(each.due_on, today), balance_of(each).to_pay) for each in invoices]
    total = Money.total((amount for _late, amount in debts), organisation.currency)
    credit = credit_of(session, customer_id, organisation.currency)
    held = held_deposits(session, customer_id, organisation.currency)
    return Statement(invoices, rules.by_age(debts, organisation.currency), total, credit, held, today)


def mail_statement(
    session: Session, organisation: Organisation, customer: Customer, statement: Statement, to: str, *,
    form_id: str, sent_by: int,
) -> bool:  # fmt: skip
    """False when this very form was sent before. Raises NothingOwed. Does not commit."""
    if not statement.invoices:
        raise NothingOwed("This customer owes nothing, so there is nothing to send.", field="email")
    vault, days = here().settings.vault, organisation.pay_link_days
    told = statement.invoices[:MOST_LINKS]
    links = [
        make_pay_link(session, each, vault, channel="email", pay_link_days=days, sent_to=to, created_by=sent_by)
        for each in told
    ]
    language = phrases.choose(customer.language, organisation.locale)
    locale, subject = (
        language.locale(organisation.locale, organisation.country),
        language.text("mail_statement", firm=organisation.name),
    )
    lines = [_line(locale, statement, each, token) for each, (_, token) in zip(told, links, strict=True)]
    together, address, at_once = _together(session, organisation, customer, told, to, sent_by)
    text, html = render_mail(
        "statement", **spoken(language, subject, organisation), customer=customer.name,
        total=formats.money(statement.total, locale), pay_all_url=address,
        at_once=formats.money(at_once, locale) if at_once != statement.total else "", is_payable=bool(at_once),
        left_out=len(statement.invoices) - len(told), lines=lines,
        **_not_taken_off(locale, statement),
    )  # fmt: skip
    with session.no_autoflush:
        message_id = queue_mail(
            session, organisation.id, once=f"statement:{customer.id}:{form_id}", kind="statement", record="customer",
            record_id=customer.id, to=to, reply_to=organisation.email, from_name=organisation.name,
            subject=subject, text=text, html=html, sent_by=sent_by,
        )  # fmt: skip
    for link in [*(link for link, _token in links), *filter(None, [together])]:
        link.message_id = message_id
    audit.note(
        session, organisation.id, "statement mailed", "customer", customer.id,
        words=f"Statement over {formats.money(statement.total, organisation.locale)} mailed to {to}",
    )  # fmt: skip
    return message_id is not None


def _together(
    session: Session, organisation: Organisation, customer: Customer, told: Sequence[Invoice], to: str, sent_by: int
) -> tuple[PayLink | None, str, Money]:  # fmt: skip
    """A link to all of them and its address, where there are several, and what can be paid online in one go."""
    if len(told) == 1:
        due = balance_of(told[0]).to_pay
        return None, "", due if live_account(session) else Money.zero(due.currency)
    link, address = joint.make_joint_link(session, organisation, told, channel="email", sent_to=to, sent_by=sent_by)
    return link, address, payable_together(session, organisation, customer, link)


def _not_taken_off(locale: str, statement: Statement) -> dict[str, object]:
    """What the firm has of the customer's money."""
    return {
        "credit": formats.money(statement.credit, locale) if statement.credit else "",
        "held": [{"amount": formats.money(each.use.unused, locale), "number": each.number} for each in statement.held],
    }


def _line(locale: str, statement: Statement, invoice: Invoice, token: str) -> dict[str, object]:
    late = statement.days_late(invoice)
    return {
        "number": invoice.number, "what": invoice.title, "link_url": address_of(token), "days_late": late,
        "due_on": long_date(invoice.due_on or statement.today, locale),
        "amount": formats.money(balance_of(invoice).to_pay, locale),
    }  # fmt: skip

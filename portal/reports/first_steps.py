"""What a new firm still has to do before its first invoice is paid, each with the page where it is done."""

from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.accounting.setup.steps import IS_OPEN
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.models import SENT, Invoice
from portal.organisations.models import Organisation
from portal.payments.models import StripeAccount
from portal.work_orders.models import WorkOrder


class Step(NamedTuple):
    """endpoint: where it is done."""

    label: str
    why: str
    endpoint: str
    is_done: bool


def first_steps(session: Session, organisation: Organisation) -> list[Step]:
    """All steps in order, done or not; empty once the firm is under way. One statement."""
    has = session.execute(
        select(
            exists(select(Item.id)).label("item"),
            exists(select(Customer.id)).label("customer"),
            exists(select(WorkOrder.id)).label("job"),
            exists(select(Invoice.id).where(Invoice.status == SENT)).label("invoice"),
            exists(select(StripeAccount.id).where(StripeAccount.closed_at.is_(None))).label("cards"),
            exists(select(Link.id).where(Link.archived_at.is_(None))).label("books"),
            exists(select(Link.id).where(Link.archived_at.is_(None), IS_OPEN)).label("in_setup"),
        )
    ).one()
    if has.invoice and has.cards:
        return []
    return [
        Step("Your firm's details", "address and tax number, as invoices show them", "organisations.settings",
             bool(organisation.address)),
        Step("What you sell", "the first service or part", "catalogue.new", has.item),
        Step("Your first customer", "who the work is for", "customers.new", has.customer),
        Step("The first job", "then bill it from the phone", "work_orders.new", has.job),
        Step("Card payments", "so that customers can pay at once", "payments.settings", has.cards),
        _books(has.books, has.in_setup),
    ]  # fmt: skip


def _books(is_linked: bool, in_setup: bool) -> Step:
    """Linked is not enough: nothing goes over before the set-up is finished."""
    if in_setup:
        return Step("Books", "the set-up is not finished: nothing goes over yet", "accounting.show_setup", False)
    return Step("Books", "Zoho Books or Zoho Invoice; you can do without", "accounting.show", is_linked)

"""Changing them. Drafts follow at once; what is sent never moves."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from portal.invoices import drafts
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.settings import rules
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.taxes.arithmetic import Impossible
from portal.taxes.queries import taxes_by_id
from portal.taxes.regions import pack

_ARITHMETIC = ("tax_rounding", "rounding_mode", "price_includes_tax", "round_total_to")


@dataclass(frozen=True)
class DocumentSettings:
    """Named as the organisation's columns. round_total_to in major units; None: to the smallest coin there is."""

    tax_number: str
    registrations: str
    document_language: str
    document_words: str
    attach_papers: bool
    tax_rounding: str
    rounding_mode: str
    price_includes_tax: bool
    discount_style: str
    round_total_to: Decimal | None


def change_settings(session: Session, organisation: Organisation, wanted: DocumentSettings) -> int:
    """How many drafts were reckoned anew. Raises CannotSettle. Does not commit."""
    rules.check_settings(
        pack(organisation.country), rounding=wanted.tax_rounding, price_includes_tax=wanted.price_includes_tax
    )
    after = asdict(wanted)
    before = {name: getattr(organisation, name) for name in after}
    changed = [name for name in after if after[name] != before[name]]
    for name in changed:
        setattr(organisation, name, after[name])
    if changed:
        audit.note(
            session, organisation.id, "document settings changed", "organisation", organisation.id,
            words="Settings of documents changed", before={name: _plain(before[name]) for name in changed},
            after={name: _plain(after[name]) for name in changed},
        )  # fmt: skip
    return _reckon_drafts(session, organisation) if set(changed) & set(_ARITHMETIC) else 0


def reach(session: Session) -> tuple[int, int]:
    """How many drafts a change reaches, and how many invoices keep what they say."""
    is_draft = Invoice.status == DRAFT
    drafts_, sent = session.execute(select(func.count().filter(is_draft), func.count().filter(~is_draft))).one()
    return drafts_, sent


def _reckon_drafts(session: Session, organisation: Organisation) -> int:
    taxes = taxes_by_id(session)
    found = session.scalars(
        select(Invoice).where(Invoice.status == DRAFT).options(selectinload(Invoice.lines)).order_by(Invoice.id)
        .with_for_update(of=Invoice)
    ).all()  # fmt: skip
    for invoice in found:
        try:
            drafts.rewrite(session, organisation, invoice, taxes)
        except Impossible as problem:
            raise rules.CannotSettle(
                f"The draft for {invoice.bill_to.get('name', '')} ({invoice.reference}) could not be reckoned like"
                f" this: {problem.why}. Send it or discard it first."
            ) from problem
    return len(found)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value

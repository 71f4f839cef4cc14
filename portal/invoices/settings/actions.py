"""Changing them. Drafts follow at once; what is sent never moves."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.invoices import following
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.settings import rules
from portal.organisations import audit
from portal.organisations.models import Organisation
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
    """How many there are. Raises CannotSettle for one that cannot be reckoned like this."""
    found = following.reckon_drafts(session, organisation)
    if found.refused:
        raise rules.CannotSettle(found.refused[0])
    return found.looked_at


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value

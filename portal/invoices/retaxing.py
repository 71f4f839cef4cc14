"""Settling anew which taxes a draft's lines bear: as the rules say now, or as a person chooses."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.invoices import billing, drafts, rules, shipping, taxing
from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes, taxes_by_id


@dataclass(frozen=True)
class Choice:
    """A person's: a tax, or none (tax None), and why."""

    tax: Tax | None
    reason: str


def settle_taxes(session: Session, organisation: Organisation, invoice: Invoice, choices: Mapping[int, Choice]) -> None:
    """Each line anew: chosen where `choices` (by the line's id) says so, else by the rules as everything stands today.

    `invoice` read with its lines, its row locked. Raises CannotIssue for one that was sent. Does not commit.
    """
    _check_draft(invoice)
    day, taxes = billing.tax_point_of(organisation, invoice.supplied_on), taxes_by_id(session)
    before = _told(invoice)
    for line, ruled in zip(invoice.lines, _ruled(session, organisation, invoice, taxes), strict=True):
        choice = choices.get(line.id)
        decided = taxing.chosen(ruled, choice.tax, choice.reason) if choice else ruled
        taxing.write_on(line, decided, taxes, day)
    shipping.settle_shipping(session, organisation, invoice, taxes)
    _keep(session, organisation, invoice, before)


def choices_for(session: Session, organisation: Organisation, invoice: Invoice) -> list[Tax]:
    """What a person may choose on a draft, the usual tax first: only what this customer at this place can bear."""
    taxes = taxes_by_id(session)
    day = billing.tax_point_of(organisation, invoice.supplied_on)
    case = taxing.case_of(session, organisation, shipping.job_of(session, invoice), taxes, day)
    return [tax for tax in list_taxes(session) if not tax.is_withheld and case.fitting(tax) is tax]


def use_usual(session: Session, organisation: Organisation, invoice: Invoice) -> None:
    """The firm's usual tax on the lines that have neither tax nor reason, unless the rules find one now.

    `invoice` read with its lines, its row locked. Raises CannotIssue where there is no usual tax. Does not commit.
    """
    _check_draft(invoice)
    day, taxes = billing.tax_point_of(organisation, invoice.supplied_on), taxes_by_id(session)
    if taxing.usual_tax(taxes) is None:
        raise rules.CannotIssue("No tax is the usual one yet. Ask whoever keeps Settings → Taxes to choose it.")
    before = _told(invoice)
    ruled = taxing.with_usual(_ruled(session, organisation, invoice, taxes), taxes)
    for line, decided in zip(invoice.lines, ruled, strict=True):
        if line.is_untaxed:
            if decided.missing:
                raise rules.CannotIssue(f"Your firm's usual tax is none for this customer. {decided.missing}")
            taxing.write_on(line, decided, taxes, day)
    if invoice.is_shipping_untaxed:
        shipping.settle_shipping(session, organisation, invoice, taxes, with_usual=True)
    _keep(session, organisation, invoice, before)


def find_missing(session: Session, organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax]) -> None:
    """What a draft bears neither tax nor reason for, by the rules as everything stands today: one may be found now.

    `invoice` read with its lines, its row locked; its totals are for the caller to write anew. Does not commit.
    """
    if any(line.is_untaxed for line in invoice.lines):
        day = billing.tax_point_of(organisation, invoice.supplied_on)
        for line, ruled in zip(invoice.lines, _ruled(session, organisation, invoice, taxes), strict=True):
            if line.is_untaxed:
                taxing.write_on(line, ruled, taxes, day)
    if invoice.is_shipping_untaxed:
        shipping.settle_shipping(session, organisation, invoice, taxes)


def _check_draft(invoice: Invoice) -> None:
    if invoice.status != DRAFT:
        raise rules.CannotIssue("This invoice has been sent: its taxes are frozen. Make a credit note instead.")


def _ruled(
    session: Session, organisation: Organisation, invoice: Invoice, taxes: Mapping[int, Tax]
) -> list[taxing.OnLine]:
    job = shipping.job_of(session, invoice)
    of_job = {line.id: line for line in job.lines}
    lines = [of_job[line.work_order_line_id or 0] for line in invoice.lines]
    return taxing.decide(
        session, organisation, job, lines, taxes, billing.tax_point_of(organisation, invoice.supplied_on)
    )


def _keep(session: Session, organisation: Organisation, invoice: Invoice, before: dict[str, str]) -> None:
    drafts.rewrite(session, organisation, invoice)
    after = _told(invoice)
    changed = [name for name, words in after.items() if before[name] != words]
    if changed:
        audit.note(
            session, organisation.id, "draft taxed", "invoice", invoice.id, before=before, after=after,
            words="Taxes settled: " + "; ".join(f"{each} {after[each]}" for each in changed),
        )  # fmt: skip


def _told(invoice: Invoice) -> dict[str, str]:
    told = {line.name: _words(line) for line in invoice.lines}
    return told | {"Shipping": invoice.shipping_tax_words or "none"} if invoice.shipping_minor else told


def _words(line: InvoiceLine) -> str:
    return line.tax_words or "none"

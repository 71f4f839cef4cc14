"""Decisions about invoices on plain values."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from portal.shared.errors import RuleBroken
from portal.shared.money import Money

MOST_LINES = 200


class CannotIssue(RuleBroken):
    """The draft is not ready to be sent."""


class CannotVoid(RuleBroken):
    """The invoice cannot be voided as it stands."""


class AlreadyBilled(RuleBroken):
    """A line of the work order is on another invoice."""


def shown_status(
    status: str, *, total: Money, balance: Money, due_on: date | None, was_viewed: bool, today: date, written_off: Money
) -> str:
    """In Zoho's words: Draft, Sent, Viewed, Partially Paid, Paid, Overdue, Void or Written Off."""
    if status != "sent":
        return {"draft": "Draft", "void": "Void"}[status]
    if balance <= Money.zero(total.currency):
        return "Written Off" if written_off else "Paid"
    if due_on is not None and due_on < today:
        return "Overdue"
    if balance < total - written_off:
        return "Partially Paid"
    return "Viewed" if was_viewed else "Sent"


def due_day(issued_on: date, terms_days: int) -> date:
    return issued_on + timedelta(days=terms_days)


def check_issuable(status: str, line_count: int, total: Money, *, untaxed_line: str) -> None:
    """Raises CannotIssue with what to do.

    untaxed_line  the first line with neither a tax nor a reason for none, and what it lacks; "" where there is no such
    """
    if status != "draft":
        raise CannotIssue("This invoice has been sent already. Open it from the list to see its state.")
    if not line_count:
        raise CannotIssue("Tick at least one line to bill.", field="lines")
    if line_count > MOST_LINES:
        raise CannotIssue(f"An invoice can have {MOST_LINES} lines. Bill the rest on a second one.", field="lines")
    if not total:
        raise CannotIssue("There is nothing to pay: the total is zero. Give a line its price first.", field="lines")
    if untaxed_line:
        raise CannotIssue(f"It is not settled which tax this bears. {untaxed_line}", field="taxes")


def check_in_force(lines: Sequence[tuple[str, str, bool]]) -> None:
    """lines: name, its tax, and whether the law has ended that tax. Raises CannotIssue with what to do."""
    for name, tax, has_ended in lines:
        if has_ended:
            raise CannotIssue(f"{tax} on {name} is abolished. Choose its new tax in the catalogue, then bill it again.")


def check_up_to_date(problem: tuple[str, str] | None) -> None:
    """problem: title and sentence, as registering.problem_of says it. Raises CannotIssue."""
    if problem:
        _title, sentence = problem
        raise CannotIssue(sentence, field="taxes")


def check_begun(problem: tuple[str, str] | None) -> None:
    """problem: the field and the sentence of a tax that has no rate yet, if there is one. Raises CannotIssue."""
    if problem:
        field, sentence = problem
        raise CannotIssue(sentence, field=field)


def check_exchange(currency: str, rate: Decimal | None) -> None:
    """currency: in which the tax has to be told as well, or "". Raises CannotIssue."""
    if currency and rate is None:
        raise CannotIssue(
            f"The tax must be printed in {currency}, too. Keep this as a draft and enter the exchange rate there, "
            "under Discount, shipping."
        )


def check_voidable(
    status: str, paid: Money, *, credited_by: str = "", is_whole: bool = False, is_lawful: bool = True
) -> None:  # fmt: skip
    """Raises CannotVoid with what to do.

    credited_by  the number of a credit note over it, or of one that was put to it
    is_whole     nothing of it is left to credit
    is_lawful    whether the firm's country lets sent invoices be voided
    """
    if status != "sent":
        raise CannotVoid("Only a sent invoice can be voided.")
    if not is_lawful:
        raise CannotVoid("The law of your country lets no sent invoice be voided. Make a credit note over all of it.")
    if is_whole:
        raise CannotVoid("This invoice has been credited whole: there is nothing left to void.")
    if paid:
        raise CannotVoid("This invoice has payments. Make a credit note instead of voiding it.")
    if credited_by:
        raise CannotVoid(
            f"Credit note {credited_by} counts for this invoice. Make a credit note over what is left of it instead."
        )

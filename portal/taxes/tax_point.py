"""The day whose rate counts: of the work or of the invoice, as the country's law has it. Pure.

EU: directive 2006/112, articles 63 and 93; UK: VAT Act 1994, s. 6 (an invoice within 14 days after the work moves the
tax point); Gulf: GCC VAT agreement, article 23; Japan, Switzerland and Norway: the day of the supply. Elsewhere (India
s. 14 CGST, South Africa s. 9, Australia, New Zealand, Singapore, Canada) the invoice's own day.
"""

from datetime import date, timedelta

from portal.taxes.determination import EUROPEAN_UNION, GULF

_BY_SUPPLY = EUROPEAN_UNION | frozenset(GULF) | {"GB", "JP", "CH", "NO", "IS", "KE"}
_INVOICE_MOVES_IT = {"GB": timedelta(days=14)}


def tax_point(country: str, supplied_on: date | None, issued_on: date) -> date:
    """supplied_on: the day the work was done, where that is known. Work invoiced beforehand has the invoice's day."""
    if country not in _BY_SUPPLY or supplied_on is None or supplied_on >= issued_on:
        return issued_on
    moves = _INVOICE_MOVES_IT.get(country)
    return issued_on if moves is not None and issued_on - supplied_on <= moves else supplied_on


def tells_supply(country: str) -> bool:
    """Whether papers tell the day of the supply, as the tax point may be that day."""
    return country in _BY_SUPPLY


def words_of(country: str) -> str:
    """For which invoices a rate counts from its first day on."""
    if country in _INVOICE_MOVES_IT:
        days = _INVOICE_MOVES_IT[country].days
        return f"for invoices from that day on, but for work before it that is invoiced more than {days} days later"
    return "for work done from that day on" if country in _BY_SUPPLY else "for invoices dated from that day on"

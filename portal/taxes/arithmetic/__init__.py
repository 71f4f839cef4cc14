"""The arithmetic of a document: lines, taxes and policy in, printed parts that add up out. Pure and exact.

Steps are numbered as in the specification of the arithmetic (order for an exclusive invoice). Inside, amounts are whole
minor units and everything unrounded is a fraction: no precision is ever lost, whatever the rates and prices are.
"""

from portal.taxes.arithmetic.credit import credit
from portal.taxes.arithmetic.document import (
    CHARGED,
    KINDS,
    UNCHARGED,
    Breakdown,
    Charge,
    Discount,
    Impossible,
    Line,
    LineParts,
    LineTax,
    Policy,
    TaxRow,
)
from portal.taxes.arithmetic.exchange import InBaseCurrency, in_base_currency
from portal.taxes.arithmetic.reckoning import reckon
from portal.taxes.arithmetic.rounding import ROUNDING

__all__ = [
    "CHARGED", "KINDS", "ROUNDING", "UNCHARGED", "Breakdown", "Charge", "Discount", "Impossible", "InBaseCurrency",
    "Line", "LineParts", "LineTax", "Policy", "TaxRow", "credit", "in_base_currency", "reckon",
]  # fmt: skip

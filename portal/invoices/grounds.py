"""Why lines and shipping bear their tax, or none, as far as a reader wants it said: of a usual rate nobody asks."""

from collections.abc import Iterable
from typing import NamedTuple

from portal.invoices.line_tax import LineTax
from portal.shared.text import clean
from portal.taxes.determination import USUAL
from portal.taxes.naming import with_reason
from portal.taxes.wording import parted, told_in

_UNASKED = (USUAL, "chosen: the firm's usual tax", "tasa general")


class Ground(NamedTuple):
    """As it is stored. tax: its name, "" where there is none; is_shipping: else of lines."""

    tax: str
    why: str
    is_shipping: bool = False

    def told(self, language: str, shipping: str, *, mark: str = ".") -> str:
        """In `language` (or a tongue of it), where `shipping` is its word: "Shipping: VAT 0%: customer overseas"."""
        tax, why = (told_in(language, clean(each), mark=mark) for each in (self.tax, self.why))
        said = with_reason(tax, why, ": ")
        return f"{shipping}: {said}" if self.is_shipping else said


def grounds_of(lines: Iterable[LineTax], shipping: str | None = "") -> list[Ground]:
    """Each once. shipping: what the invoice says of its shipping's tax; "" without any."""
    found = [Ground(line.tax_named, line.tax_why) for line in lines]
    found.append(Ground(*parted(shipping or ""), is_shipping=True))
    return [ground for ground in dict.fromkeys(found) if _is_asked_for(ground.why)]


def _is_asked_for(why: str) -> bool:
    return bool(why) and not why.endswith(" rate") and why not in _UNASKED

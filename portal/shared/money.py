"""Money: whole minor units of one currency. No floats, no silent rounding, no mixing of currencies."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Self

# Decimal places as invoices print them (ISO 4217, checked against Zoho's currency records when linked).
# Anything not named here has two.
_DECIMALS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


# ISO 4217's list of currencies in use (2026-01-01), without metals, baskets of currencies and codes for tests; and the
# lev, which CLDR still has.
_IN_USE = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF"
    " CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD"
    " MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG"
    " QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD"
    " TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


class NotWholeMinorUnits(ValueError):
    """An amount has more decimals than its currency."""


def decimals_of(currency: str) -> int:
    """How many decimal places amounts in `currency` (ISO code) have: 0, 2 or 3."""
    return _DECIMALS.get(currency, 2)


def is_in_use(currency: str) -> bool:
    """Whether ISO 4217 lists it: of any other code nobody knows the decimals."""
    return currency in _IN_USE.split()


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in whole minor units (pence, cents, yen, fils) of one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Self:
        """Exactly `amount` major units. Raises NotWholeMinorUnits where that is no whole number of minor ones."""
        if isinstance(amount, float):
            raise TypeError("a float is no amount of money")
        minor = Decimal(amount).scaleb(decimals_of(currency))
        if minor != minor.to_integral_value():
            raise NotWholeMinorUnits(f"{amount} {currency}")
        return cls(int(minor), currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str, rounding: str = ROUND_HALF_UP) -> Self:
        """`amount` major units, rounded to the currency's decimals (half up means half away from zero)."""
        with localcontext(prec=60):
            minor = amount.scaleb(decimals_of(currency)).quantize(Decimal(1), rounding=rounding)
        return cls(int(minor), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum; zero of `currency` for no amounts."""
        result: Money = cls.zero(currency)
        for amount in amounts:
            result = result + amount
        return result

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        return Decimal(self.minor).scaleb(-decimals_of(self.currency))

    def times(self, factor: Decimal, rounding: str = ROUND_HALF_UP) -> "Money":
        with localcontext(prec=60):
            return Money.rounded(self.decimal * factor, self.currency, rounding)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._minor_of(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._minor_of(other)

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"

    def _minor_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor

"""Currencies as Stripe counts them (docs.stripe.com/currencies), and how people read them."""

from sandbox.stripe.errors import StripeProblem

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(_ZERO.split())
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})  # the last digit has to be 0
WHOLE_UNITS_IN_HUNDREDTHS = frozenset({"isk", "ugx"})  # two decimals on paper that have to be 00
_TWO = (
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc"
    " cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr"
    " kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk"
    " php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu"
    " uzs wst xcd yer zar zmw"
)
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | WHOLE_UNITS_IN_HUNDREDTHS | frozenset(_TWO.split())
MINIMUM_CHARGE_MINOR = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
MAXIMUM_CHARGE_MINOR = 99_999_999
_SYMBOLS = {"gbp": "£", "usd": "$", "eur": "€", "cad": "CA$", "aud": "A$", "nzd": "NZ$", "jpy": "¥", "inr": "₹"}


def exponent(currency: str) -> int:
    """Decimals between the unit and what Stripe counts in."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def check_currency(currency: str, param: str) -> str:
    if currency.lower() not in CURRENCIES:
        raise StripeProblem(f"Invalid currency: {currency.lower()}.", param=param)
    return currency.lower()


def check_chargeable(amount_minor: int, currency: str) -> None:
    """Raise StripeProblem for a sum no card would be charged."""
    least = MINIMUM_CHARGE_MINOR.get(currency, 1)
    if amount_minor < least:
        message = f"The Checkout Session's total amount due must add up to at least {spoken(least, currency)}"
        raise StripeProblem(message, code="amount_too_small")
    if amount_minor > MAXIMUM_CHARGE_MINOR:
        message = f"The Checkout Session's total must be no more than {spoken(MAXIMUM_CHARGE_MINOR, currency)}"
        raise StripeProblem(message, code="amount_too_large")
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_UNITS_IN_HUNDREDTHS else 1
    if amount_minor % step:
        raise StripeProblem(f"Amounts in {currency} must be a multiple of {step}.", code="parameter_invalid_integer")


def spoken(amount_minor: int, currency: str) -> str:
    """An amount for people: £1,234.50, ¥500, KWD 1.250."""
    places = exponent(currency)
    whole, part = divmod(abs(amount_minor), 10**places)
    digits = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    return f"{'-' if amount_minor < 0 else ''}{_SYMBOLS.get(currency, currency.upper() + ' ')}{digits}"

"""Currencies and exchange rates."""

from .. import errors, fields
from ..ledger import Ledger
from ..listing import Listing, answer_list
from ..registry import Call, operation
from ..wire import Answer, Record, as_number

FORMATS = {0: "1,234,567", 2: "1,234,567.89", 3: "1,234,567.899"}
KNOWN = {
    "GBP": ("British Pound", "£", 2), "USD": ("US Dollar", "$", 2), "EUR": ("Euro", "€", 2),
    "INR": ("Indian Rupee", "₹", 2), "AUD": ("Australian Dollar", "A$", 2), "CAD": ("Canadian Dollar", "C$", 2),
    "JPY": ("Japanese Yen", "¥", 0), "KWD": ("Kuwaiti Dinar", "KD", 3), "AED": ("UAE Dirham", "AED", 2),
    "BHD": ("Bahraini Dinar", "BD", 3), "OMR": ("Omani Rial", "RO", 3), "QAR": ("Qatari Riyal", "QR", 2),
    "CHF": ("Swiss Franc", "CHF", 2), "SAR": ("Saudi Riyal", "SAR", 2), "ZAR": ("South African Rand", "R", 2),
}  # fmt: skip
LISTING = Listing(
    "currencies", "Currencies", sorts=("currency_code",), default_sort=("currency_code", "A"),
    filters={"Currencies.ExcludeBaseCurrency": lambda row: not row["is_base_currency"]},
    default_filter="Currencies.All",
)  # fmt: skip


def currency_of(code: str, *, base: bool) -> Record:
    """A currency record with the usual name, symbol and decimals of its code."""
    name, symbol, precision = KNOWN.get(code, (code, code, 2))
    return {"currency_code": code, "currency_name": name, "currency_symbol": symbol, "price_precision": precision,
            "currency_format": FORMATS[precision], "is_base_currency": base, "exchange_rate": 0 if base else 1,
            "effective_date": "", "auto_exchange_rate_enabled": False}  # fmt: skip


@operation("GET /settings/currencies", "settings.READ")
def list_currencies(call: Call) -> Answer:
    return answer_list(call, LISTING, [dict(row) for row in call.books.all("currencies")])


@operation("POST /settings/currencies", "settings.CREATE")
def create_currency(call: Call) -> Answer:
    fields.require(call.body, "currency_code", "currency_format")
    code = str(call.body["currency_code"]).upper()
    if any(row["currency_code"] == code for row in call.books.all("currencies")):
        raise errors.already_exists(f'Currency "{code}"')
    currency = call.books.add("currencies", currency_of(code, base=False) | _given(call.body))
    location = f"/api/v3/settings/currencies/{currency['currency_id']}"
    return Answer({"currency": currency}, "The currency has been added.", 201, location)


@operation("GET /settings/currencies/{currency_id}", "settings.READ")
def get_currency(call: Call, currency_id: str) -> Answer:
    return Answer({"currency": call.books.find("currencies", currency_id)})


@operation("PUT /settings/currencies/{currency_id}", "settings.UPDATE")
def update_currency(call: Call, currency_id: str) -> Answer:
    fields.require(call.body)
    currency = call.books.take("currencies", currency_id) | _given(call.body)
    call.books.keep("currencies", currency)
    return Answer({"currency": currency}, "Currency information has been saved.")


@operation("DELETE /settings/currencies/{currency_id}", "settings.DELETE")
def delete_currency(call: Call, currency_id: str) -> Answer:
    currency = call.books.find("currencies", currency_id)
    used = any(row["currency_id"] == currency_id for row in call.books.all("contacts"))
    if used or currency["is_base_currency"]:
        raise errors.in_use("currency")
    call.books.drop("currencies", currency_id)
    return Answer(message="The currency has been deleted.")


@operation("GET /settings/currencies/{currency_id}/exchangerates", "settings.READ")
def list_exchange_rates(call: Call, currency_id: str) -> Answer:
    call.books.find("currencies", currency_id)
    rates = [row for row in call.books.all("exchangerates") if row["currency_id"] == currency_id]
    since = call.query.get("from_date", "")
    return Answer({"exchange_rates": [row for row in rates if row["effective_date"] >= since]})


@operation("POST /settings/currencies/{currency_id}/exchangerates", "settings.CREATE")
def create_exchange_rate(call: Call, currency_id: str) -> Answer:
    fields.require(call.body, "effective_date", "rate")
    currency = call.books.take("currencies", currency_id)
    rate = {"currency_id": currency_id, "currency_code": currency["currency_code"],
            "effective_date": fields.day(call.body, "effective_date", ""),
            "rate": as_number(call.body["rate"], "rate")}  # fmt: skip
    added = call.books.add("exchangerates", rate)
    _set_latest(call.books, currency)
    return Answer({"exchange_rate": added}, "The exchange rate has been added.", 201)


def _set_latest(books: Ledger, currency: Record) -> None:
    rates = [row for row in books.all("exchangerates") if row["currency_id"] == currency["currency_id"]]
    latest = max(rates, key=lambda row: row["effective_date"])
    books.keep("currencies", currency | {"exchange_rate": latest["rate"], "effective_date": latest["effective_date"]})


def _given(body: Record) -> Record:
    given = fields.known(body, ("currency_symbol", "currency_format"))
    if "price_precision" in body:
        given["price_precision"] = fields.whole(body, "price_precision", "price_precision")
    return given

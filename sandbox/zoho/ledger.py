"""The books of one organisation: its records, its numbers, its clock."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import errors
from .store import Store
from .wire import Record

ID_FIELDS = {
    "contacts": "contact_id", "items": "item_id", "invoices": "invoice_id", "customerpayments": "payment_id",
    "creditnotes": "creditnote_id", "taxes": "tax_id", "taxauthorities": "tax_authority_id",
    "taxexemptions": "tax_exemption_id", "currencies": "currency_id", "exchangerates": "exchange_rate_id",
    "applications": "application_id", "paymentrefunds": "payment_refund_id",
    "creditnoterefunds": "creditnote_refund_id", "customfields": "customfield_id",
}  # fmt: skip
NOUNS = {
    "contacts": "Contact", "items": "Item", "invoices": "Invoice", "customerpayments": "Payment",
    "creditnotes": "Credit Note", "taxes": "Tax", "taxauthorities": "Tax Authority",
    "taxexemptions": "Tax Exemption", "currencies": "Currency", "exchangerates": "Exchange Rate",
    "applications": "Payment", "paymentrefunds": "Refund", "creditnoterefunds": "Refund",
    "customfields": "Custom Field",
}  # fmt: skip


class Ledger:
    """Reads give live documents unless the name says `take`; only `keep` and `drop` change anything."""

    def __init__(self, store: Store, organization: Record, product: str = "books") -> None:
        self.store, self.organization, self.product = store, organization, product
        self.id: str = organization["organization_id"]
        self.zone = ZoneInfo(organization["time_zone"])

    @property
    def settings(self) -> Record:
        settings: Record = self.organization["settings"]
        return settings

    def now(self) -> str:
        """The wire's form of now: the organisation's offset without a colon. Its clock may have been stopped."""
        stopped: str = self.settings.get("stopped_at", "")
        return stopped or datetime.now(self.zone).strftime("%Y-%m-%dT%H:%M:%S%z")

    def today(self) -> date:
        return datetime.now(self.zone).date()

    def check_open(self, *days: str) -> None:
        """Transaction locking: nothing of a closed period is written, nor moved into or out of it."""
        until = self.settings.get("locked_until", "")
        if any(day and day <= until for day in days):
            raise errors.period_locked(until)

    def all(self, module: str) -> list[Record]:
        return self.store.all(self.id, module)

    def find(self, module: str, record_id: str) -> Record:
        """The live document, or the refusal 1002."""
        found = self.store.peek(self.id, module, str(record_id))
        if found is None:
            raise errors.gone(NOUNS[module])
        return found

    def take(self, module: str, record_id: str) -> Record:
        """A copy to change and `keep`."""
        self.find(module, record_id)
        copy = self.store.get(self.id, module, str(record_id))
        assert copy is not None
        return copy

    def keep(self, module: str, record: Record, *, touched: bool = True) -> None:
        """Store the record; `touched` moves its last_modified_time."""
        if touched:
            record["last_modified_time"] = self.now()
        self.store.put(self.id, module, record[ID_FIELDS[module]], record)

    def add(self, module: str, record: Record) -> Record:
        """Store a new record under a fresh id. Returns it."""
        stamped = {ID_FIELDS[module]: self.new_id(), **record, "created_time": self.now()}
        self.keep(module, stamped)
        return stamped

    def drop(self, module: str, record_id: str) -> None:
        self.store.remove(self.id, module, record_id)

    def new_id(self) -> str:
        """18 digits: the organisation's prefix and a running number, as all ids of one organisation share."""
        return f"{self.organization['record_prefix']}{self._advance('record', step=3, start=124027):012d}"

    def next_number(self, series: str) -> int:
        return self._advance(series, step=1, start=0)

    def currency(self, currency_id: Any = None) -> Record:
        """The asked currency, or the base one."""
        if currency_id:
            return self.find("currencies", currency_id)
        return next(row for row in self.all("currencies") if row["is_base_currency"])

    def _advance(self, series: str, *, step: int, start: int) -> int:
        counter = self.store.get(self.id, "counters", series) or {"at": start}
        counter["at"] += step
        self.store.put(self.id, "counters", series, counter)
        at: int = counter["at"]
        return at

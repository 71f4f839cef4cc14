"""Zoho FSM's four ways of making customers of companies and contacts, told with the firm's own customers. Pure but for
reading the customers it is given."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.customers.models import Customer

_NONE = "no customer: nobody to bill"


@dataclass(frozen=True)
class SyncType:
    """One of the four. rows: (customer, how it would stand in Zoho)."""

    name: str
    words: str
    is_ours: bool
    rows: Sequence[tuple[str, str]]


def explained(customers: Sequence[Customer]) -> list[SyncType]:
    """`customers` come with their contacts."""
    return [
        SyncType(
            "Type I · Companies", "Each company is a customer of the type Business. Persons are no customers, so"
            " somebody without a company cannot be billed.", is_ours=False,
            rows=[(each.name, "Business" if _is_company(each) else _NONE) for each in customers],
        ),
        SyncType(
            "Type II · Contacts", "Each person is a customer of the type Individual. The company is not told.",
            is_ours=False, rows=[(each.name, _as_person(each)) for each in customers],
        ),
        SyncType(
            "Type III · Companies and contacts", "A company and its persons stand on one customer of the type Business."
            " Everybody needs a company.", is_ours=False,
            rows=[(each.name, _as_company(each) if _is_company(each) else _NONE) for each in customers],
        ),
        SyncType(
            "Type IV · Companies or contacts", "Whoever is billed is the customer: a company as Business with its"
            " persons below it, a private person as Individual. A company is not needed.", is_ours=True,
            rows=[(each.name, _as_company(each) if _is_company(each) else "Individual") for each in customers],
        ),
    ]  # fmt: skip


def _is_company(customer: Customer) -> bool:
    return customer.kind == "business"


def _as_company(customer: Customer) -> str:
    names = [each.name or each.email for each in customer.contacts if each.name or each.email]
    return f"Business with {', '.join(names)}" if names else "Business, no persons yet"


def _as_person(customer: Customer) -> str:
    if not _is_company(customer):
        return "Individual"
    names = [each.name for each in customer.contacts if each.name]
    return f"Individual {names[0]}" if names else _NONE

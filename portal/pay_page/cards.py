"""The saved card as the pay page shows it, and what a customer ticks about cards, in the words they ticked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ScalarSelect, and_, func, select

from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.payments.actions import CardWish
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.cards.models import SavedCard, card_words
from portal.payments.cards.rules import BEGINS_AUTOPAY, KEEPS, card_use
from portal.shared.phrases import Language


@dataclass(frozen=True)
class CardOnFile:
    """The customer's saved card: enough for its owner to know it, nothing that could pay."""

    words: str
    until: str
    has_autopay: bool = False
    charge_on: date | None = None  # when autopay charges the invoice that is looked at
    has_failed: bool = False  # autopay has tried it, and gave up


def card_on_file() -> ScalarSelect[Any]:
    """Of the customer of an Invoice that is asked for, as one column: describing columns is what a read costs."""
    return (
        select(
            func.jsonb_build_array(
                SavedCard.brand,
                SavedCard.last4,
                SavedCard.exp_month,
                SavedCard.exp_year,
                Autopay.id,
                AutopayRun.charge_on,
                AutopayRun.state,
                AutopayRun.tries,
            )
        )
        .outerjoin(Autopay, and_(Autopay.saved_card_id == SavedCard.id, Autopay.ended_at.is_(None)))
        .outerjoin(AutopayRun, and_(AutopayRun.autopay_id == Autopay.id, AutopayRun.invoice_id == Invoice.id))
        .where(SavedCard.customer_id == Invoice.customer_id, SavedCard.state == "kept")
        .correlate(Invoice)
        .scalar_subquery()
    )


def read_card(found: list[Any] | None) -> CardOnFile | None:
    if found is None:
        return None
    brand, last4, month, year, autopay_id, charge_on, state, tries = found
    return CardOnFile(
        card_words(brand, last4), f"{month:02d}/{year % 100:02d}", autopay_id is not None,
        date.fromisoformat(charge_on) if charge_on and state == "waiting" and not tries else None, bool(tries),
    )  # fmt: skip


def wish_of(
    form: Mapping[str, str], organisation: Organisation, language: Language, link_id: int
) -> CardWish | None:  # fmt: skip
    """What the Pay form says about the card. Nothing is ever ticked for the customer: no word of it, no wish.

    A firm that saves no cards still takes those that it has.
    """
    saves, firm = organisation.saves_cards, organisation.name
    use = card_use(
        with_saved=form.get("card") == "saved", keeps=saves and form.get("keep") == "yes",
        begins_autopay=saves and form.get("autopay") == "yes",
    )  # fmt: skip
    if not use:
        return None
    said = [language.text("save_consent", firm=firm)] if use in KEEPS else []
    if use in BEGINS_AUTOPAY:
        said.append(language.text("autopay_consent", firm=firm))
    words = "\n\n".join(said)
    return CardWish(use, words, language.code, link_id)

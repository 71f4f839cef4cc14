"""What a document says of the firm: as it is today on a draft, as it was when sent on everything after that."""

from dataclasses import asdict, dataclass
from typing import Any

from portal.invoices.documents.rules import language_of
from portal.organisations.models import Organisation
from portal.shared import clock


@dataclass(frozen=True)
class Letterhead:
    """language: of the document, one of documents.rules.LANGUAGES. locale: the firm's own."""

    name: str
    address: str
    email: str
    phone: str
    country: str
    locale: str
    tax_number: str
    tax_number_label: str
    language: str
    registrations: str = ""
    words: str = ""
    logo: str = ""  # by its name

    def as_text(self) -> dict[str, Any]:
        """To be frozen on a document."""
        return asdict(self)


def drawn_up(organisation: Organisation, language: str = "", *, over: dict[str, Any] | None = None) -> Letterhead:
    """As the settings are now; who is not registered for tax today shows no tax number.

    language  the customer's, where they have one
    over      the letterhead of what a credit note takes back: where that showed a number, the note does, too
    """
    shows_number = organisation.is_registered_on(clock.today(organisation.time_zone))
    before = str((over or {}).get("tax_number", ""))
    return Letterhead(
        name=organisation.name, address=organisation.address, email=organisation.email, phone=organisation.phone,
        country=organisation.country, locale=organisation.locale,
        tax_number=(organisation.tax_number or before) if shows_number or before else "",
        tax_number_label=organisation.tax_number_label,
        language=language_of(language or organisation.document_language or organisation.locale),
        registrations=organisation.registrations, words=organisation.document_words, logo=organisation.logo,
    )  # fmt: skip


def letterhead_of(organisation: Organisation, frozen: dict[str, Any] | None, language: str = "") -> Letterhead:
    """frozen: what as_text wrote when the document was sent; None for a draft. language: as for drawn_up."""
    return Letterhead(**frozen) if frozen else drawn_up(organisation, language)

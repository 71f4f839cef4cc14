"""What a consent covers: scopes such as ZohoBooks.invoices.CREATE."""

import re

SHAPE = re.compile(r"[A-Za-z]+(\.[A-Za-z]+)+")
SERVICES = {"books": "ZohoBooks", "invoice": "ZohoInvoice"}


def parse(scope: str) -> list[str] | None:
    """The scopes of a request, which separates them by commas. None when the text isn't such a list."""
    parts = scope.split(",")
    return parts if all(SHAPE.fullmatch(part) for part in parts) else None


def covers(granted: list[str], product: str, needed: str) -> bool:
    """Is `needed` (invoices.CREATE) of this product among the granted ones?"""
    service = SERVICES[product]
    module, _ = needed.split(".")
    enough = {f"{service}.{needed}", f"{service}.{module}.ALL", f"{service}.fullaccess.all"}
    return bool({one.lower() for one in enough} & {one.lower() for one in granted})

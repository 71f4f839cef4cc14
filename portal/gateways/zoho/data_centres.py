"""Zoho's data centres. No other host is ever spoken to, whatever a callback or a token answer says."""

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_DATA_CENTRE = "us"  # where the client is registered; Zoho moves each user to their own


@dataclass(frozen=True)
class DataCentre:
    """Addresses without a trailing slash. `web` and `web_paths` lead a person to one record in the web app."""

    code: str
    accounts: str
    api: str
    web: str
    web_paths: Mapping[str, str]

    def record_url(self, product: str, organisation: str, module: str, remote_id: str) -> str:
        """Where *Open in Zoho* leads; empty for a module that has no page of its own."""
        path = self.web_paths.get(module)
        if not path:
            return ""
        return self.web.format(product=product, organisation=organisation, path=path, id=remote_id)


# code → (end of the accounts host, end of the API host). ae and sg are missing: their API hosts are not published.
_ZOHO = {
    "us": ("zoho.com", "zohoapis.com"),
    "eu": ("zoho.eu", "zohoapis.eu"),
    "in": ("zoho.in", "zohoapis.in"),
    "au": ("zoho.com.au", "zohoapis.com.au"),
    "jp": ("zoho.jp", "zohoapis.jp"),
    "ca": ("zohocloud.ca", "zohoapis.ca"),
    "cn": ("zoho.com.cn", "zohoapis.com.cn"),
    "sa": ("zoho.sa", "zohoapis.sa"),
    "uk": ("zoho.uk", "zohoapis.uk"),
}
_API_NAMES = {
    "customer": "contacts", "item": "items", "invoice": "invoices", "payment": "customerpayments",
    "credit_note": "creditnotes",
}  # fmt: skip
# The web app's own names for two of them, as its address bar shows them; not documented anywhere.
_WEB_NAMES = _API_NAMES | {"item": "inventory/items", "payment": "paymentsreceived"}


def data_centres(base_address: str | None) -> dict[str, DataCentre]:
    """code → data centre: Zoho's own, or all of them under one other address."""
    if base_address is None:
        return {code: _zohos_own(code, *ends) for code, ends in _ZOHO.items()}
    return {code: _elsewhere(base_address, code) for code in _ZOHO}


def by_accounts_server(base_address: str | None, accounts_server: str) -> DataCentre | None:
    """The data centre a callback names, or None for a host that is none of Zoho's."""
    wanted = accounts_server.rstrip("/")
    return next((centre for centre in data_centres(base_address).values() if centre.accounts == wanted), None)


def _zohos_own(code: str, accounts: str, api: str) -> DataCentre:
    web = f"https://{{product}}.{accounts}/app/{{organisation}}#/{{path}}/{{id}}"
    return DataCentre(code, f"https://accounts.{accounts}", f"https://www.{api}", web, _WEB_NAMES)


def _elsewhere(base: str, code: str) -> DataCentre:
    web = f"{base}/{code}/app/{{product}}/{{organisation}}/{{path}}/{{id}}"
    return DataCentre(code, f"{base}/{code}/accounts", f"{base}/{code}/api", web, _API_NAMES)

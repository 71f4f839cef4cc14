"""Settings, read once from the environment. Nonsense or a missing secret stops the start with one clear sentence."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from portal.shared.errors import ConfigurationError
from portal.shared.vault import Vault

_DEFAULT_CHECKOUT_HOSTS = "https://checkout.stripe.com"


@dataclass(frozen=True)
class Settings:
    """Everything the program is told from outside. Addresses carry no trailing slash."""

    database_url: str
    redis_url: str
    secret_key: str
    vault: Vault
    public_url: str
    environment: str  # production | demo | test
    smtp_url: str
    mail_from: str
    stripe_api_base: str | None  # None: Stripe's own
    checkout_origins: tuple[str, ...]
    twilio_api_base: str | None  # None: Twilio's own
    zoho_base_address: str | None  # None: Zoho's own data centres
    zoho_client_id: str
    zoho_client_secret: str
    zoho_calls_per_minute: int
    trusted_proxies: int  # how many of ours a request passes; what others say of its origin is not believed

    @property
    def is_secure(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def hostname(self) -> str:
        return urlsplit(self.public_url).hostname or ""


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises ConfigurationError: one sentence naming the variable and the fix."""
    return Settings(
        database_url=_database_url(environ),
        redis_url=_address(environ, "REDIS_URL", ("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0"),
        secret_key=_secret_key(environ),
        vault=Vault.from_text(environ.get("PORTAL_VAULT_KEYS", "")),
        public_url=_public_url(environ),
        environment=_one_of(environ, "PORTAL_ENV", ("production", "demo", "test"), "production"),
        smtp_url=_address(environ, "SMTP_URL", ("smtp", "smtps"), "smtp://mail.example:587"),
        mail_from=_sender(environ, "MAIL_FROM", "Billing <billing@portal.invalid>"),
        stripe_api_base=_optional_address(environ, "STRIPE_API_BASE"),
        checkout_origins=_origins(environ, "STRIPE_CHECKOUT_HOSTS", _DEFAULT_CHECKOUT_HOSTS),
        twilio_api_base=_optional_address(environ, "TWILIO_API_BASE"),
        zoho_base_address=_optional_address(environ, "ZOHO_BASE_ADDRESS"),
        zoho_client_id=environ.get("ZOHO_CLIENT_ID", ""),
        zoho_client_secret=environ.get("ZOHO_CLIENT_SECRET", ""),
        zoho_calls_per_minute=_whole(environ, "ZOHO_CALLS_PER_MINUTE", 95, 1, 10_000),
        trusted_proxies=_whole(environ, "PORTAL_TRUSTED_PROXIES", 0, 0, 10),
    )


def _database_url(environ: Mapping[str, str]) -> str:
    url = _address(
        environ, "DATABASE_URL", ("postgresql", "postgresql+psycopg", "postgres"),
        "postgresql://portal_runtime:…@host/portal",
    )  # fmt: skip
    return "postgresql+psycopg://" + url.partition("://")[2]


def _secret_key(environ: Mapping[str, str]) -> str:
    key = environ.get("PORTAL_SECRET_KEY", "")
    if len(key) < 32:
        raise ConfigurationError(
            "PORTAL_SECRET_KEY must be at least 32 random characters. `portal make-key` prints one."
        )
    return key


def _public_url(environ: Mapping[str, str]) -> str:
    url = _address(environ, "PUBLIC_URL", ("https", "http"), "https://portal.example.com").rstrip("/")
    plain_allowed = environ.get("PORTAL_ENV") in ("demo", "test")
    if url.startswith("http://") and not plain_allowed:
        raise ConfigurationError("PUBLIC_URL must begin with https:// in production: pay links are secrets.")
    parts = urlsplit(url)
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        raise ConfigurationError("PUBLIC_URL must be scheme and host only, like https://portal.example.com.")
    return url


def _address(environ: Mapping[str, str], name: str, schemes: tuple[str, ...], example: str) -> str:
    value = environ.get(name, "").strip()
    scheme, has_scheme, rest = value.partition("://")
    if scheme not in schemes or not has_scheme or not rest or not _can_be_read(value):
        # The value itself is not repeated: it may hold a password.
        said = "cannot be read as an address" if value else "is not set"
        raise ConfigurationError(f"{name} {said}. Set it to an address such as {example}.")
    return value


def _can_be_read(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.port != 0 and bool(parts.hostname or parts.path.strip("/"))
    except ValueError:
        return False


def _optional_address(environ: Mapping[str, str], name: str) -> str | None:
    if not environ.get(name):
        return None
    return _address(environ, name, ("https", "http"), "https://api.example.com").rstrip("/")


def _origins(environ: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    """They go into the content policy, so nothing but scheme, host and port may stand there."""
    origins = tuple(environ.get(name, default).split())
    if not origins or not all(re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", origin) for origin in origins):
        raise ConfigurationError(f"{name} must be origins with a space between them, such as {default}.")
    return origins


def _sender(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name, default)
    if "@" not in parseaddr(value)[1]:
        raise ConfigurationError(f"{name} must be a sender's name and address, such as {default}.")
    return value


def _one_of(environ: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = environ.get(name, default)
    if value not in allowed:
        raise ConfigurationError(f"{name} is {value!r}. Use one of: {', '.join(allowed)}.")
    return value


def _whole(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = environ.get(name, str(default))
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise ConfigurationError(f"{name} is {raw!r}. Use a whole number from {low} to {high}.")
    return int(raw)

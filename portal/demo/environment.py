"""What the demo's processes are told: addresses, and secrets that are made once per state folder."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.errors import CannotStart
from portal.embedded.ports import LOOPBACK, free_ports

PREFERRED_PORTS = {"web": 8000, "zoho": 8001, "stripe": 8002, "mailbox": 8003, "twilio": 8004, "smtp": 8025}


@dataclass(frozen=True)
class Addresses:
    """Where everything that speaks HTTP or SMTP listens in this demo."""

    ports: dict[str, int]

    @classmethod
    def choose(cls) -> "Addresses":
        return cls(free_ports(PREFERRED_PORTS))

    def url(self, name: str) -> str:
        """`web`, `zoho`, `stripe`, `mailbox` or `twilio`."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def stand_ins(self) -> dict[str, str]:
        return {name: self.url(name) for name in ("zoho", "stripe", "mailbox", "twilio")}


def demo_environment(state_dir: Path, addresses: Addresses, *, database_url: str, redis_url: str) -> dict[str, str]:
    """The whole environment of the demo's processes."""
    return {
        **stand_in_environment(),
        **_kept_secrets(state_dir / "secrets.json"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": addresses.url("web"),
        "STRIPE_API_BASE": addresses.url("stripe"),
        "STRIPE_CHECKOUT_HOSTS": addresses.url("stripe"),
        "TWILIO_API_BASE": addresses.url("twilio"),
        "ZOHO_BASE_ADDRESS": addresses.url("zoho"),
        "SMTP_URL": f"smtp://{LOOPBACK}:{addresses.ports['smtp']}",
        "PORTAL_ENV": "demo",
    }


def given_database(environ: Mapping[str, str]) -> tuple[str, str]:
    """(owner's, runtime's) address of a PostgreSQL that is meant for the demo. Raises CannotStart."""
    owner, runtime = environ.get("MIGRATION_DATABASE_URL", ""), environ["DATABASE_URL"]
    if not owner:
        raise CannotStart(
            "DATABASE_URL is set, but MIGRATION_DATABASE_URL (the address of the tables' owner) is not. "
            "Set it too, or unset DATABASE_URL for an embedded database."
        )
    if environ.get("PORTAL_DEMO_DATABASE") != "yes":
        raise CannotStart(
            "DATABASE_URL is set: the demo would load its firms into that database. If it is meant for that, say "
            "PORTAL_DEMO_DATABASE=yes; otherwise unset DATABASE_URL for an embedded database."
        )
    return _driven(owner), _driven(runtime)


def write_privately(path: Path, text: str) -> None:
    """Only the owner may read it, and nobody ever sees half of it."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.rename(path)


def _driven(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def stand_in_environment() -> dict[str, str]:
    """Ours, with the loopback address kept away from any proxy."""
    past_proxies = ",".join(filter(None, (os.environ.get("NO_PROXY"), LOOPBACK, "localhost")))
    return {**os.environ, "PYTHONUNBUFFERED": "1", "NO_PROXY": past_proxies, "no_proxy": past_proxies}


def _kept_secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        write_privately(path, json.dumps(_fresh_secrets()))
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _fresh_secrets() -> dict[str, str]:
    return {
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "PORTAL_VAULT_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "ZOHO_CLIENT_ID": "1000." + secrets.token_hex(15).upper(),
        "ZOHO_CLIENT_SECRET": secrets.token_hex(21),
    }

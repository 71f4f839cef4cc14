"""`portal doctor`: what is missing in this installation, with the fix, one line each."""

import smtplib
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings, read_settings
from portal.shared import running
from portal.shared.errors import ConfigurationError
from portal.shared.migrate import is_current

_OLDEST_POSTGRES, _OLDEST_REDIS = 150_000, (6, 2)


def examine() -> int:
    """Prints a line for each check. 0 when all is well, 1 when something needs doing."""
    settings = read_settings()
    problems = [problem for check in (_database, _redis, _mail, _outside) for problem in check(settings)]
    for problem in problems:
        sys.stdout.write(f"✗ {problem}\n")
    if not problems:
        sys.stdout.write("✓ Everything is in place.\n")
    return 1 if problems else 0


def _database(settings: Settings) -> Iterator[str]:
    try:
        here = running.start(settings)
        with here.engine.connect() as connection:
            version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        if version < _OLDEST_POSTGRES:
            yield "PostgreSQL is older than 15. Upgrade it: views and policies need 15."
        if not is_current(here.engine):
            yield "The database is not migrated. Run `portal migrate` with MIGRATION_DATABASE_URL set."
    except ConfigurationError as problem:
        yield str(problem)
    except SQLAlchemyError as problem:
        yield f"DATABASE_URL does not answer ({type(problem).__name__}). Check address, password and firewall."


def _redis(settings: Settings) -> Iterator[str]:
    from portal.shared.queues import connect

    try:
        facts = connect(settings.redis_url).info("server")
        if tuple(int(part) for part in str(facts["redis_version"]).split(".")[:2]) < _OLDEST_REDIS:
            yield "Redis is older than 6.2. Upgrade it, or use Valkey: older ones can lose a job in hand."
    except (RedisError, OSError):
        yield "REDIS_URL does not answer. Without it nothing is lost, but everything waits for the sweeper."


def _mail(settings: Settings) -> Iterator[str]:
    address = urlsplit(settings.smtp_url)
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if address.scheme == "smtps" else smtplib.SMTP
    try:
        connect(address.hostname or "", address.port or 587, timeout=5).quit()
    except (OSError, smtplib.SMTPException):
        yield "SMTP_URL does not answer. Check host and port: invoices and receipts wait until it does."


def _outside(settings: Settings) -> Iterator[str]:
    if not settings.zoho_client_id or not settings.zoho_client_secret:
        yield "ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET are not set. Register a client at Zoho, else no firm can link."

"""The `portal` command. Each verb imports what it needs, so that the quick ones stay quick."""

import argparse
import base64
import os
import secrets
import sys
from pathlib import Path

from portal.shared.errors import ConfigurationError

STATE = Path(os.environ.get("PORTAL_STATE", Path(__file__).resolve().parents[1] / ".state"))


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb. 0 well, 1 the verb failed, 2 wrong words or wrong configuration."""
    options = _parser().parse_args(arguments)
    try:
        result: int | None = options.run(options)
    except ConfigurationError as problem:
        print(f"portal: {problem}", file=sys.stderr)
        return 2
    return result or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="portal", description="The billing portal for field-service firms.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, run, words in (
        ("demo", _demo, "run everything here with a believable firm; Ctrl-C stops it"),
        (
            "migrate",
            _migrate,
            "bring the database to the newest migration (MIGRATION_DATABASE_URL: the owner's address)",
        ),
        ("schedule", _schedule, "ring the workers for whatever is due (one process, always on)"),
        ("doctor", _doctor, "say what is missing in this installation, with the fix"),
        ("rotate-keys", _rotate_keys, "seal every kept secret with the newest key of PORTAL_VAULT_KEYS"),
        ("make-key", _make_key, "print a fresh PORTAL_SECRET_KEY and PORTAL_VAULT_KEYS"),
    ):
        verbs.add_parser(name, help=words).set_defaults(run=run)
    worker = verbs.add_parser("worker", help="work on one queue: payments, mirror, mail or reports")
    worker.add_argument("queue", choices=("payments", "mirror", "mail", "reports"))
    worker.set_defaults(run=_worker)
    reckon = verbs.add_parser("reckon", help="print the breakdown of a document given as JSON", add_help=False)
    reckon.add_argument("file", nargs="?", default="-", metavar="FILE")
    reckon.add_argument("-h", "--help", action="store_true")
    reckon.set_defaults(run=_reckon)
    return parser


def _demo(_options: argparse.Namespace) -> int:
    from portal.demo.launcher import run_demo

    return run_demo(STATE)


def _migrate(_options: argparse.Namespace) -> None:
    from portal.shared.migrate import upgrade

    url = os.environ.get("MIGRATION_DATABASE_URL", "")
    if not url:
        raise ConfigurationError(
            "MIGRATION_DATABASE_URL is not set. Set it to the address of the role that owns the tables."
        )
    upgrade("postgresql+psycopg://" + url.partition("://")[2])


def _worker(options: argparse.Namespace) -> None:
    from workers.run import run_worker

    run_worker(options.queue)


def _reckon(options: argparse.Namespace) -> int:
    from portal.taxes.reckoning_file import HELP, print_breakdowns

    if options.help:
        print(f"usage: portal reckon [FILE]\n\n{HELP}", end="")
        return 0
    if options.file == "-":
        sys.stdin.reconfigure(encoding="utf-8-sig")  # type: ignore[union-attr]
        return print_breakdowns(sys.stdin, sys.stdout, sys.stderr)
    try:
        with Path(options.file).open(encoding="utf-8-sig") as given:
            return print_breakdowns(given, sys.stdout, sys.stderr)
    except OSError as problem:
        print(f"portal reckon: {options.file}: {problem.strerror}", file=sys.stderr)
        return 2


def _schedule(_options: argparse.Namespace) -> None:
    from workers.schedule import run_schedule

    run_schedule()


def _doctor(_options: argparse.Namespace) -> int:
    from portal.doctor import examine

    return examine()


def _rotate_keys(_options: argparse.Namespace) -> int:
    from portal.rotate_keys import rotate_keys

    return rotate_keys()


def _make_key(_options: argparse.Namespace) -> None:
    print(f"PORTAL_SECRET_KEY={secrets.token_urlsafe(48)}")
    print(f"PORTAL_VAULT_KEYS=k1:{base64.b64encode(secrets.token_bytes(32)).decode()}")

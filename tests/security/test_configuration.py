"""What is wrong or missing in the environment is said in one sentence that names it, and nothing starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.cli import main
from portal.config import read_settings
from portal.shared import running
from portal.shared.errors import ConfigurationError
from tests.conftest import World

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DATABASE_URL": "postgresql://portal_runtime:pw-of-the-database@127.0.0.1:9/portal", "REDIS_URL": "redis://127.0.0.1:9/0",
    "SMTP_URL": "smtp://user:pw-of-the-mailbox@127.0.0.1:9", "PUBLIC_URL": "https://portal.example",
    "PORTAL_SECRET_KEY": "k" * 48, "PORTAL_VAULT_KEYS": "k1:" + "QUFB" * 10 + "QUE=",
}  # fmt: skip
WRONG = [
    ("DATABASE_URL", ""), ("DATABASE_URL", "sqlite:///x.db"), ("DATABASE_URL", "portal"),
    ("DATABASE_URL", "postgresql://"),
    ("DATABASE_URL", "postgresql://u:p@h:port/x"),
    ("REDIS_URL", ""), ("REDIS_URL", "http://h"), ("REDIS_URL", "redis://h:port"),
    ("SMTP_URL", ""), ("SMTP_URL", "mail.example"), ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "smtp://h:port"),
    ("PUBLIC_URL", ""), ("PUBLIC_URL", "portal.example"), ("PUBLIC_URL", "http://portal.example"), ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://portal.example/app"), ("PUBLIC_URL", "https://portal.example?x"),
    ("PUBLIC_URL", "https://user:pw@portal.example"),
    ("PUBLIC_URL", "https://[portal"),
    ("PORTAL_SECRET_KEY", ""), ("PORTAL_SECRET_KEY", "secret"), ("PORTAL_SECRET_KEY", "k" * 31),
    ("PORTAL_VAULT_KEYS", ""), ("PORTAL_VAULT_KEYS", "k1"), ("PORTAL_VAULT_KEYS", "k1:short"),
    ("PORTAL_VAULT_KEYS", "k1:é"),
    ("PORTAL_VAULT_KEYS", ":" + "QUFB" * 10 + "QUE="), ("PORTAL_ENV", "prod"), ("PORTAL_ENV", ""),
    ("ZOHO_CALLS_PER_MINUTE", "0"), ("ZOHO_CALLS_PER_MINUTE", "lots"), ("ZOHO_CALLS_PER_MINUTE", "-1"),
    ("ZOHO_CALLS_PER_MINUTE", "1e3"), ("PORTAL_TRUSTED_PROXIES", "all"), ("PORTAL_TRUSTED_PROXIES", "-1"),
    ("STRIPE_API_BASE", "api.stripe.com"), ("ZOHO_BASE_ADDRESS", "ftp://zoho"),
    ("STRIPE_CHECKOUT_HOSTS", "https://a;script-src"),
    ("STRIPE_CHECKOUT_HOSTS", "checkout.stripe.com"),
    ("MAIL_FROM", "nonsense"),
]  # fmt: skip


def test_what_is_right_is_taken() -> None:
    assert read_settings(GOOD).is_secure


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_variable_is_named_in_one_sentence_with_the_fix(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_settings(GOOD | {name: value})
    words = str(told.value)
    assert words.startswith(name) and "\n" not in words and words.endswith(".")
    assert 40 < len(words) < 250


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "REDIS_URL", "SMTP_URL", "PUBLIC_URL", "PORTAL_SECRET_KEY", "PORTAL_VAULT_KEYS"]
)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} "):
        read_settings({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("name", ["DATABASE_URL", "SMTP_URL"])
def test_a_mistyped_address_does_not_print_its_password(name: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_settings(GOOD | {name: GOOD[name].replace("://", "//")})
    assert "pw-of-the" not in str(told.value)


def start(arguments: list[str], changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **GOOD, **changes}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("verb", "changes", "name"),
    [
        (["worker", "mail"], {"PORTAL_VAULT_KEYS": ""}, "PORTAL_VAULT_KEYS"),
        (["worker", "mail"], {}, "DATABASE_URL"),  # nobody answers there
        (["schedule"], {"PUBLIC_URL": "http://portal.example"}, "PUBLIC_URL"),
    ],
    ids=["worker without keys", "worker without a database", "sweeper without https"],
)
def test_a_process_says_so_and_stops(verb: list[str], changes: dict[str, str], name: str) -> None:
    ended = start(["-m", "portal", *verb], changes)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"portal: {name} ") and ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr and "pw-of-the" not in ended.stderr


def test_the_web_server_says_so_and_stops() -> None:
    ended = start(["-c", "import portal.wsgi"], {"PORTAL_SECRET_KEY": "short"})
    assert ended.returncode != 0
    assert "PORTAL_SECRET_KEY" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("url", ["postgresql+psycopg://u:p@127.0.0.1:9/x", "postgresql+psycopg://u:p@h:port/x"])
def test_a_database_that_is_not_there_is_said_in_one_sentence(world: World, url: str) -> None:
    import dataclasses

    kept = dict(running._process)
    with pytest.raises(ConfigurationError, match=r"^DATABASE_URL (does not answer|cannot be read)"):
        running.start(dataclasses.replace(running.here().settings, database_url=url))
    assert running._process == kept


def test_wrong_words_on_the_command_line_are_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["nonsense"], ["worker"], ["worker", "everything"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err

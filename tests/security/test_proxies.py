"""Whose address counts: the one that connected, or what as many proxies as we run say of it, and no more."""

import pytest
from flask import Flask, request

from portal.app import create_app
from portal.shared.web import client_address
from tests.conftest import World
from tests.security.test_sessions import attempt, browser

PROXY = "10.0.0.1"


def address_seen(app: Flask, forwarded: str) -> str:
    """What views, throttles and the trail take for the visitor's address."""
    seen: list[str] = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(client_address()))
    browser(app).get(
        "/healthz",
        environ_overrides={"REMOTE_ADDR": PROXY},
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
    )
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        ("0", "", PROXY),
        ("0", "198.51.100.7", PROXY),
        ("1", "", PROXY),
        ("1", "198.51.100.7", "198.51.100.7"),
        ("1", "8.8.8.8, 198.51.100.7", "198.51.100.7"),
        ("2", "8.8.8.8, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("2", "8.8.8.8", PROXY),
    ],
)
def test_only_what_our_proxies_say_is_believed(world: World, proxies: str, forwarded: str, address: str) -> None:
    assert address_seen(create_app(world.settings(PORTAL_TRUSTED_PROXIES=proxies)), forwarded) == address


def test_visitors_behind_a_proxy_are_throttled_each_for_themselves(world: World) -> None:
    app = create_app(world.settings(PORTAL_TRUSTED_PROXIES="1"))
    client = browser(app)
    for n in range(40):
        attempt(client, f"guess{n}@example.com", "wrong", headers={"X-Forwarded-For": f"192.0.2.{n}, 203.0.113.5"})
    answers = [
        attempt(client, "else@example.com", "wrong", headers={"X-Forwarded-For": address}).status_code
        for address in ("203.0.113.5", "203.0.113.6")
    ]
    assert answers == [429, 422]


def test_a_proxy_cannot_rename_the_portal(world: World) -> None:
    app = create_app(world.settings(PORTAL_TRUSTED_PROXIES="1"))
    seen: list[str] = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(request.host_url))
    browser(app).get("/healthz", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert seen == ["http://portal.test/"]

"""A real Redis is started and stopped here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from portal.embedded import binaries
from portal.embedded.errors import CannotStart
from portal.embedded.redis import EmbeddedRedis, start_redis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with start_redis(tmp_path_factory.mktemp("state"), durable=False) as running:
        yield running


@pytest.fixture
def client(server: EmbeddedRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as connected:
        yield connected


def test_rq_has_the_command_it_needs(client: redis.Redis) -> None:
    client.lpush("jobs", "one")
    assert client.lmove("jobs", "taken") == b"one"


def test_no_network_port_is_open(client: redis.Redis) -> None:
    assert client.config_get("port") == {"port": "0"}


def test_the_socket_is_closed_to_others(client: redis.Redis) -> None:
    path = Path(client.config_get("unixsocket")["unixsocket"])
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_flush_forgets_everything(server: EmbeddedRedis, client: redis.Redis) -> None:
    client.set("name", "value")
    server.flush()
    assert client.dbsize() == 0


def test_a_durable_one_remembers_after_a_stop(tmp_path: Path) -> None:
    with start_redis(tmp_path) as running, redis.Redis.from_url(running.url) as client:
        client.set("name", "value")
    with start_redis(tmp_path) as running, redis.Redis.from_url(running.url) as client:
        assert client.get("name") == b"value"


def test_a_killed_one_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    with start_redis(tmp_path, durable=False) as running, redis.Redis.from_url(running.url) as client:
        client.set("name", "value")
        running.kill()
        with pytest.raises(redis.ConnectionError):
            redis.Redis.from_url(running.url, retry=None).ping()
        running.start()
        assert redis.Redis.from_url(running.url).get("name") is None


def test_what_it_cannot_read_any_more_is_thrown_away(tmp_path: Path) -> None:
    with start_redis(tmp_path) as running, redis.Redis.from_url(running.url) as client:
        client.set("name", "value")
    for file in (path for path in (tmp_path / "redis").rglob("*") if path.is_file()):
        file.write_bytes(b"nonsense\r\n" * 1000)
    with start_redis(tmp_path) as running, redis.Redis.from_url(running.url) as client:
        assert client.dbsize() == 0


def test_a_second_start_in_the_same_folder_is_told_who_has_it(tmp_path: Path) -> None:
    with start_redis(tmp_path, durable=False), pytest.raises(CannotStart, match=f"process {os.getpid()}"):
        start_redis(tmp_path, durable=False)


def test_nothing_is_left_after_a_stop(tmp_path: Path) -> None:
    with start_redis(tmp_path, durable=False) as running, redis.Redis.from_url(running.url) as client:
        folder = Path(client.config_get("unixsocket")["unixsocket"]).parent
    assert not folder.exists()
    running.stop()


def test_an_old_server_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "redis-server"
    old.write_text('#!/bin/sh\necho "Redis server v=5.0.14 sha=00000000:0 malloc=libc bits=64"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert binaries.redis_server() != old


def test_without_any_server_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(binaries, "_bundled", lambda package, inside: None)
    with pytest.raises(CannotStart, match="REDIS_URL"):
        binaries.redis_server()

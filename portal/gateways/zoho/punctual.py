"""Connections that write nothing after the time that their caller still may: asked for when the line is open, right
before the bytes leave, as connecting takes its time and a process can be frozen at any point."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_until: ContextVar[float | None] = ContextVar("until", default=None)


class TooLate(Exception):
    """The permit for this call has run out. Nothing was sent."""


@contextmanager
def not_after(moment: float | None) -> Iterator[None]:
    """moment  of time.monotonic(); None for a call that may set out whenever it comes to it"""
    before = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(before)


def open_session() -> requests.Session:
    session = requests.Session()
    session.mount("http://", _Adapter())
    session.mount("https://", _Adapter())
    return session


class _Punctual:
    """Beside one of the library's connections."""

    sock: Any

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        until = _until.get()
        if until is not None and time.monotonic() > until:
            raise TooLate
        super().send(data)  # type: ignore[misc]


class _Plain(_Punctual, HTTPConnection):
    pass


class _Secure(_Punctual, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        through = super().proxy_manager_for(*args, **more)
        through.pool_classes_by_scheme = _POOLS
        return through

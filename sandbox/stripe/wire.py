"""Breaking connections on purpose. Needs the werkzeug server, which leaves its socket in the environment."""

import os
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_CUT = "sandbox.cut"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger on, zero seconds


def cut_after(environ: dict[str, Any]) -> None:
    """Let the work stand, but close the connection instead of answering."""
    environ[_CUT] = True


def _hang_up(environ: dict[str, Any]) -> None:
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None and connection.fileno() != -1:  # a reset has closed it already
        connection.shutdown(socket.SHUT_RDWR)


def reset_now(environ: dict[str, Any]) -> None:
    """Slam the connection: the client sees a reset."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(connection.detach())
    environ[_CUT] = True


def with_cuts(app: Wsgi) -> Wsgi:
    """The app, except that a request marked to be cut gets no answer at all."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chunks = app(environ, start_response)
        if environ.get(_CUT):
            _hang_up(environ)
            raise ConnectionAbortedError("cut on purpose")
        return chunks

    return run

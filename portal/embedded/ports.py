"""Ports on the loopback address."""

import errno
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
NEIGHBOURS = 50


def free_port(preferred: int, *, taken: Collection[int] = ()) -> int:
    """The preferred port, or the nearest one above it that nobody uses; any free port when all those are in use.

    taken  ports that were promised to somebody else and are not open yet
    """
    for port in range(preferred, min(preferred + NEIGHBOURS, 65536)):
        if port not in taken and _is_free(port):
            return port
    with socket.socket() as anywhere:
        anywhere.bind((LOOPBACK, 0))
        return int(anywhere.getsockname()[1])


def free_ports(preferred: dict[str, int]) -> dict[str, int]:
    """A free port for each name, no two the same."""
    chosen: dict[str, int] = {}
    for name, port in preferred.items():
        others = {other for key, other in preferred.items() if key != name}
        chosen[name] = free_port(port, taken=others | set(chosen.values()))
    return chosen


def _is_free(port: int) -> bool:
    """Nobody answers and it can be bound: some systems let two bind who ask for different addresses."""
    with socket.socket() as asking:
        asking.settimeout(0.5)
        if asking.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as binding:
        binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's rest is no obstacle
        try:
            binding.bind((LOOPBACK, port))
        except OSError as problem:
            if problem.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True

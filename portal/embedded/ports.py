"""Ports on the loopback address."""

import errno
import socket
import sys
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
    """A free port for each name, no two the same, and none that another process got here and has not opened yet."""
    chosen: dict[str, int] = {}
    elsewhere: set[int] = set()
    for name, port in preferred.items():
        others = {other for key, other in preferred.items() if key != name}
        while name not in chosen:
            free = free_port(port, taken=others | elsewhere | set(chosen.values()))
            if _claim(free):
                chosen[name] = free
            else:
                elsewhere.add(free)
    return chosen


def _claim(port: int) -> bool:
    """Two that start at once find the same ports free. The name is bound until this process ends, however it ends."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0portal-port-{port}")
    except OSError as problem:
        claim.close()
        if problem.errno == errno.EADDRINUSE:
            return False
        raise
    claim.detach()  # stays open
    return True


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

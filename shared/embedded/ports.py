"""Ports on the loopback interface: which are free, and who is in the way."""

import random
import socket

from shared.embedded.errors import PortTaken, StackError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections (32768 to 60999), so that a port found
# free here is not lost to one of them before the server has bound it.
CANDIDATES = range(20_000, 30_000)


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on.

    Raises:
        StackError: no candidate is free.
    """
    for port in random.SystemRandom().sample(CANDIDATES, 200):
        if is_free(port):
            return port
    raise StackError("no free port was found between 20000 and 30000")


def require_free(port: int, *, variable: str, host: str = LOOPBACK) -> None:
    """Raise PortTaken, naming the environment variable that moves it, unless `port` is free."""
    if not is_free(port, host=host):
        raise PortTaken(port, variable=variable)

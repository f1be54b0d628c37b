"""A Redis server of our own: everything on disk within a second, and never an entry dropped for want of memory."""

from pathlib import Path

from shared.embedded.binaries import find_redis_server
from shared.embedded.child import Command
from shared.embedded.ports import LOOPBACK


def redis_command(*, port: int, directory: Path) -> Command:
    """Return how to run redis-server on `port` with its data in `directory`, which is made where it is missing.

    Raises:
        BinaryUnavailable: no redis-server runs on this machine.
    """
    directory.mkdir(parents=True, exist_ok=True)
    arguments = (
        *(str(find_redis_server().path), "--port", str(port), "--bind", LOOPBACK, "--dir", str(directory)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"),
    )
    return Command("redis", arguments)


def redis_url(port: int) -> str:
    """Return the URL of the server on `port`."""
    return f"redis://{LOOPBACK}:{port}/0"

"""What one stack is made of: its directory, its ports, its servers; read from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.embedded.errors import StackError
from shared.embedded.ports import LOOPBACK
from shared.settings import Settings

DEFAULT_FLOWER_PORT = 5555
DEFAULT_EMBED_PROCESSES = {"bedrock": 8, "openai": 8}
"""A process that waits for a service uses no core; one that computes uses them all."""


@dataclass(frozen=True)
class Stack:
    """One stack; two with different directories and ports run side by side."""

    data_dir: Path
    api_host: str
    api_port: int
    flower_port: int
    mongodb_url: str | None  # None: a server of our own
    redis_url: str | None
    cores: int
    embed_processes: int
    keys_required: bool = False

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @property
    def state_file(self) -> Path:
        return self.run_dir / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.run_dir / "stack.lock"

    @property
    def api_url(self) -> str:
        host = LOOPBACK if self.api_host in ("", "0.0.0.0", "::") else self.api_host  # noqa: S104  # only compared
        return f"http://{host}:{self.api_port}"

    @property
    def flower_url(self) -> str:
        return f"http://{LOOPBACK}:{self.flower_port}"

    def log_of(self, name: str) -> Path:
        return self.logs_dir / f"{name}.log"


def read_stack() -> Stack:
    """Read the stack from the environment and `.env`.

    DATA_DIR and API_PORT go before KBSYNC_DATA_DIR and KBSYNC_API_PORT. A server is ours to start unless its URL is
    set.

    Raises:
        StackError: a setting cannot be read.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise StackError(f"a setting cannot be read: {error}") from error
    given = settings.model_fields_set
    return Stack(
        data_dir=Path(os.environ.get("DATA_DIR") or settings.data_dir).absolute(),
        api_host=settings.api_host,
        api_port=_port("API_PORT", settings.api_port),
        flower_port=_port("FLOWER_PORT", DEFAULT_FLOWER_PORT),
        mongodb_url=settings.mongodb_url if "mongodb_url" in given else None,
        redis_url=settings.redis_url if "redis_url" in given else None,
        embed_processes=settings.embed_processes or DEFAULT_EMBED_PROCESSES.get(settings.embedding_provider, 1),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        keys_required=settings.api_keys_required,
    )


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"{variable}={text} is not a port number")
    return int(text)

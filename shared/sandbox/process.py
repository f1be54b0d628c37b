"""One running child process of a sandbox, and its pipes."""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from shared.sandbox.child import address_space_bytes
from shared.sandbox.wire import LENGTH_BYTES, Outcome, Terms, frame, out_of_memory, payload_length

POLL_SECONDS = 0.1
_WATCHED_POLL_SECONDS = 0.01  # a parser allocates up to 2 GB/s
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH")

Answer = TypeVar("Answer", bound=BaseModel)


class ChildDied(Exception):
    """The child ended without an answer."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"exit status {status}")


class ChildProcess:
    """A child that answers requests."""

    def __init__(self, service: str, argument: str, *, idle_seconds: float) -> None:
        # A session of its own: a signal to the worker's group does not end work that may still finish.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "shared.sandbox.child", service, argument, str(idle_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self.requests = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, request: BaseModel, terms: Terms, check: Callable[[], None], *, answer_type: type[Answer]
    ) -> tuple[Outcome, Answer | None]:
        """Send a request and wait for its answer; `check` is called while waiting and may raise."""
        if terms.watched:
            check = self._with_memory(terms, check)
        try:
            self._input.write(frame(terms) + frame(request))
            self._input.flush()
        except BrokenPipeError:
            raise ChildDied(self._process.wait()) from None
        self.requests += 1
        poll_seconds = _WATCHED_POLL_SECONDS if terms.watched else POLL_SECONDS
        outcome = self.receive(check, poll_seconds=poll_seconds)
        if not outcome.answered:
            return outcome, None
        return outcome, answer_type.model_validate_json(self._message(check, poll_seconds))

    def receive(self, check: Callable[[], None], *, poll_seconds: float = POLL_SECONDS) -> Outcome:
        """Wait for how something went."""
        return Outcome.model_validate_json(self._message(check, poll_seconds))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()

    def _with_memory(self, terms: Terms, check: Callable[[], None]) -> Callable[[], None]:
        """Return `check`, with a look at the memory that the process takes from now on."""
        most = self._address_space_bytes() + terms.memory_limit_bytes

        def check_both() -> None:
            check()
            if self._address_space_bytes() > most:
                raise out_of_memory(terms)

        return check_both

    def _address_space_bytes(self) -> int:
        try:
            return address_space_bytes(self.pid)
        except (OSError, ValueError):  # it has died, which is noticed when its answer is read
            return 0

    def _message(self, check: Callable[[], None], poll_seconds: float) -> bytes:
        return self._read(payload_length(self._read(LENGTH_BYTES, check, poll_seconds)), check, poll_seconds)

    def _read(self, count: int, check: Callable[[], None], poll_seconds: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            check()
            if not self._poll.poll(poll_seconds * 1000):
                continue
            part = os.read(self._output.fileno(), min(count - len(data), 1 << 20))
            if not part:
                raise ChildDied(self._process.wait())
            data += part
        return bytes(data)


def _environment() -> dict[str, str]:
    """What the child sees: where Python finds its modules, and none of the service's secrets."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One arena: each further one would take 64 MiB of the address space that is limited.
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "MALLOC_ARENA_MAX": "1"}

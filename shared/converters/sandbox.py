"""A converter in a process of its own, so that a hostile file harms nothing but itself."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.sandbox_child import address_space_bytes, load_converter
from shared.converters.sandbox_wire import LENGTH_BYTES, Request, Response, frame, out_of_memory, payload_length
from shared.errors import Cancelled, ConversionLimitExceeded, ConverterCrashed, UnexpectedStageError

_POLL_SECONDS = 0.1
_WATCHED_POLL_SECONDS = 0.01  # a parser allocates up to 2 GB/s
_START_SECONDS = 60.0
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class _ChildDied(Exception):
    """The child ended without an answer."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"exit status {status}")


class _Child:
    """One running child process and its pipes."""

    def __init__(self, factory: str) -> None:
        # A session of its own: a signal to the worker's group does not end a conversion that may still finish.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "shared.converters.sandbox_child", factory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_child_environment(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self.converted = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Request, check: Callable[[], None]) -> Response:
        """Send a request and wait for its answer; `check` is called while waiting and may raise."""
        if request.watched:
            check = self._with_memory(request.limits, check)
        try:
            self._input.write(frame(request))
            self._input.flush()
        except BrokenPipeError:
            raise _ChildDied(self._process.wait()) from None
        self.converted += 1
        return self.receive(check, poll_seconds=_WATCHED_POLL_SECONDS if request.watched else _POLL_SECONDS)

    def receive(self, check: Callable[[], None], *, poll_seconds: float = _POLL_SECONDS) -> Response:
        length = payload_length(self._read(LENGTH_BYTES, check, poll_seconds))
        return Response.model_validate_json(self._read(length, check, poll_seconds))

    def _with_memory(self, limits: ConversionLimits, check: Callable[[], None]) -> Callable[[], None]:
        """Return `check`, with a look at the memory that the process takes from now on."""
        most = self._address_space_bytes() + limits.memory_limit_bytes

        def check_both() -> None:
            check()
            if self._address_space_bytes() > most:
                raise out_of_memory(limits)

        return check_both

    def _address_space_bytes(self) -> int:
        try:
            return address_space_bytes(self.pid)
        except (OSError, ValueError):  # it has died, which is noticed when its answer is read
            return 0

    def _read(self, count: int, check: Callable[[], None], poll_seconds: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            check()
            if not self._poll.poll(poll_seconds * 1000):
                continue
            part = os.read(self._output.fileno(), min(count - len(data), 1 << 20))
            if not part:
                raise _ChildDied(self._process.wait())
            data += part
        return bytes(data)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()


def _child_environment() -> dict[str, str]:
    """What the child sees: where Python finds its modules, and none of the service's secrets."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One arena: each further one would take 64 MiB of the address space that is limited.
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "MALLOC_ARENA_MAX": "1"}


class Sandbox:
    """Runs converters in a warm child process, one document at a time; safe to use from several threads.

    The child is killed at the time limit and at a cancel, and replaced after `documents_per_child` documents or when it
    has grown beyond `recycle_rss_bytes`. A document that crashes it is tried once more in a fresh one, whose memory is
    watched from here: parsers abort when they get no memory, which looks like any other crash.
    """

    def __init__(self, *, documents_per_child: int = 200, recycle_rss_bytes: int = 400 << 20) -> None:
        self._documents_per_child = documents_per_child
        self._recycle_rss_bytes = recycle_rss_bytes
        self._lock = threading.Lock()
        self._child: _Child | None = None

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for those who watch its memory; None while there is none."""
        child = self._child
        return child.pid if child is not None else None

    def convert(self, request: Request, should_stop: Callable[[], bool]) -> ConvertedDocument:
        """Convert a file in the child; raises as `Converter.convert` does."""
        while not self._lock.acquire(timeout=_POLL_SECONDS):
            if should_stop():
                raise Cancelled
        try:
            return self._convert(request, _Watch(request.limits.timeout_seconds, should_stop))
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child; the next conversion starts another one."""
        with self._lock:
            self._end_child()

    def _convert(self, request: Request, watch: "_Watch") -> ConvertedDocument:
        status = 0
        for watched in (False, True):
            try:
                return self._result(self._ask(request.model_copy(update={"watched": watched}), watch))
            except _ChildDied as death:
                status = -death.status
                self._end_child()
                if status == signal.SIGXCPU:
                    raise ConversionLimitExceeded(
                        f"it takes longer than {request.limits.timeout_seconds:g} seconds"
                    ) from death
        raise ConverterCrashed(f"the parser ended with {_describe(status)} twice")

    def _ask(self, request: Request, watch: "_Watch") -> Response:
        child = self._running_child(request.factory)
        watch.start()
        try:
            return child.ask(request, watch.check)
        except _ChildDied:
            raise
        except BaseException:
            self._end_child()  # it would answer later, to somebody else
            raise

    def _result(self, response: Response) -> ConvertedDocument:
        child = self._child
        assert child is not None
        if child.converted >= self._documents_per_child or response.rss_bytes > self._recycle_rss_bytes:
            self._end_child()
        if response.failure is not None:
            raise response.failure.to_error()
        if response.document is None:
            raise UnexpectedStageError("the converter process answered nothing")
        return response.document

    def _running_child(self, factory: str) -> _Child:
        """Return the child; a new one loads the converter that it is started for, others when they are asked for."""
        if self._child is not None and self._child.is_alive():
            return self._child
        self._end_child()
        child = self._child = _Child(factory)
        try:
            child.receive(_Watch.of_start().check)
        except (_ChildDied, ConversionLimitExceeded) as error:
            self._end_child()
            raise UnexpectedStageError(f"the converter process of {factory} does not start") from error
        return child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class SandboxedConverter:
    """A converter that works in a sandbox: its own, or one that it shares with others."""

    def __init__(self, factory: str, *, sandbox: Sandbox | None = None) -> None:
        """`factory` names the converter as `module:Class`."""
        self._factory = factory
        self._inner = load_converter(factory)
        self._sandbox = sandbox if sandbox is not None else Sandbox()

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def version(self) -> str:
        return self._inner.version

    @property
    def content_types(self) -> frozenset[str]:
        return self._inner.content_types

    @property
    def child_pid(self) -> int | None:
        return self._sandbox.child_pid

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        """Convert a file in the sandbox; raises as `Converter.convert` does."""
        request = Request(
            factory=self._factory, source=source.absolute(), output_dir=output_dir.absolute(), limits=limits
        )
        return self._sandbox.convert(request, should_stop)

    def close(self) -> None:
        """End the child of the sandbox, also for those who share it."""
        self._sandbox.close()


class _Watch:
    """Raises when the time of a document is up or its sync was cancelled."""

    def __init__(self, timeout_seconds: float, should_stop: Callable[[], bool]) -> None:
        self._timeout_seconds = timeout_seconds
        self._should_stop = should_stop
        self._deadline: float | None = None

    @classmethod
    def of_start(cls) -> "_Watch":
        watch = cls(_START_SECONDS, lambda: False)
        watch.start()
        return watch

    def start(self) -> None:
        # Once: the second try of a document has what is left of its time.
        if self._deadline is None:
            self._deadline = time.monotonic() + self._timeout_seconds

    def check(self) -> None:
        if self._should_stop():
            raise Cancelled
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ConversionLimitExceeded(f"it takes longer than {self._timeout_seconds:g} seconds")


def _describe(status: int) -> str:
    try:
        return signal.Signals(status).name
    except ValueError:
        return f"exit status {-status}"

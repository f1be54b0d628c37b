"""A service in a warm child process, one request at a time."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.errors import Cancelled, ConversionLimitExceeded, ConverterCrashed, UnexpectedStageError
from shared.sandbox.process import POLL_SECONDS, ChildDied, ChildProcess
from shared.sandbox.wire import Outcome, Terms, out_of_time

_START_TERMS = Terms(timeout_seconds=120.0, memory_limit_bytes=0)  # on a busy machine models take their time

Answer = TypeVar("Answer", bound=BaseModel)


class SandboxedService(Generic[Answer]):
    """Asks a service that runs in a child process; safe to use from several threads.

    A child is killed at the time limit and at a cancel, and replaced after `requests_per_child` requests or when it has
    grown beyond `recycle_rss_bytes`; it ends by itself after `idle_seconds` without work (0: never). A request that
    crashes it is tried once more in a fresh one, whose memory is watched from here: parsers abort when they get no
    memory, which looks like any other crash.
    """

    def __init__(
        self,
        service: str,
        argument: str,
        *,
        answer_type: type[Answer],
        what: str,
        requests_per_child: int,
        recycle_rss_bytes: int,
        idle_seconds: float = 0.0,
    ) -> None:
        """`service` names a `Service` as `module:Class`, which is made with `argument`; errors speak of `what`."""
        self._service = service
        self._argument = argument
        self._answer_type = answer_type
        self._what = what
        self._requests_per_child = requests_per_child
        self._recycle_rss_bytes = recycle_rss_bytes
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for those who watch its memory; None while there is none."""
        child = self._child
        return child.pid if child is not None else None

    def ask(
        self, request: BaseModel, *, terms: Terms, should_stop: Callable[[], bool], argument: str | None = None
    ) -> Answer:
        """Return what the service answers; a child that has to be started is made with `argument`, where given.

        Raises the service's own `StageError`, `ConversionLimitExceeded`, `ConverterCrashed`; `Cancelled` soon after
        `should_stop` answers True.
        """
        while not self._lock.acquire(timeout=POLL_SECONDS):
            if should_stop():
                raise Cancelled
        try:
            if argument is not None:
                self._argument = argument
            return self._ask_twice(request, terms, _Watch(terms, should_stop))
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child; the next request starts another one."""
        with self._lock:
            self._end_child()

    def _ask_twice(self, request: BaseModel, terms: Terms, watch: "_Watch") -> Answer:
        status = 0
        for watched in (False, True):
            try:
                return self._result(*self._ask(request, terms.model_copy(update={"watched": watched}), watch))
            except ChildDied as death:
                status = -death.status
                self._end_child()
                if status == signal.SIGXCPU:
                    raise out_of_time(terms) from death
        raise ConverterCrashed(f"{self._what} ended with {_describe(status)} twice")

    def _ask(self, request: BaseModel, terms: Terms, watch: "_Watch") -> tuple[Outcome, Answer | None]:
        child = self._running_child(watch)
        watch.start()
        try:
            return child.ask(request, terms, watch.check, answer_type=self._answer_type)
        except ChildDied:
            raise
        except BaseException:
            self._end_child()  # it would answer later, to somebody else
            raise

    def _result(self, outcome: Outcome, answer: Answer | None) -> Answer:
        child = self._child
        assert child is not None
        if child.requests >= self._requests_per_child or outcome.rss_bytes > self._recycle_rss_bytes:
            self._end_child()
        if outcome.failure is not None:
            raise outcome.failure.to_error()
        if answer is None:
            raise UnexpectedStageError(f"the process of {self._what} answered nothing")
        return answer

    def _running_child(self, watch: "_Watch") -> ChildProcess:
        if self._child is not None and self._child.is_alive():
            return self._child
        self._end_child()
        child = self._child = ChildProcess(self._service, self._argument, idle_seconds=self._idle_seconds)
        try:
            child.receive(watch.of_start().check)
        except (ChildDied, ConversionLimitExceeded) as error:
            self._end_child()
            raise UnexpectedStageError(f"the process of {self._what} does not start") from error
        except BaseException:
            self._end_child()
            raise
        return child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class _Watch:
    """Raises when the time of a request is up or its sync was cancelled."""

    def __init__(self, terms: Terms, should_stop: Callable[[], bool]) -> None:
        self._terms = terms
        self._should_stop = should_stop
        self._deadline: float | None = None

    def of_start(self) -> "_Watch":
        """Return a watch over the start of a child, which ends at a cancel too."""
        watch = _Watch(_START_TERMS, self._should_stop)
        watch.start()
        return watch

    def start(self) -> None:
        # Once: the second try of a request has what is left of its time.
        if self._deadline is None:
            self._deadline = time.monotonic() + self._terms.timeout_seconds

    def check(self) -> None:
        if self._should_stop():
            raise Cancelled
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise out_of_time(self._terms)


def _describe(status: int) -> str:
    try:
        return signal.Signals(status).name
    except ValueError:
        return f"exit status {-status}"

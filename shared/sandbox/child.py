"""The child of a sandbox: `python -m shared.sandbox.child MODULE:SERVICE ARGUMENT IDLE_SECONDS`.

It answers the requests of its parent on standard input, one at a time. It ends when the parent does, and after
`IDLE_SECONDS` without a request (0: never).
"""

import logging
import math
import os
import queue
import resource
import sys
import threading
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from shared.errors import ConversionFailed, StageError
from shared.sandbox.service import Service, load
from shared.sandbox.wire import LENGTH_BYTES, Failure, Outcome, Terms, frame, out_of_memory, payload_length

logger = logging.getLogger(__name__)

WATCHED_FACTOR = 4
"""A child that its parent watches may have so many times its memory limit of address space before the kernel refuses:
enough to be seen beyond the limit, not enough to harm the machine."""

_Requests = queue.SimpleQueue[tuple[Terms, bytes]]


def main() -> None:
    """Serve until standard input ends."""
    requests: _Requests = queue.SimpleQueue()
    # Whatever a library prints must not end up between the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    factory, argument, idle_seconds = sys.argv[1:4]
    make = cast("type[Service[BaseModel, BaseModel]]", load(factory))
    service = make(argument)  # type: ignore[call-arg]  # a Protocol says nothing of how its classes are made
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    _send(output, Outcome())
    while True:
        try:
            terms, payload = requests.get(timeout=float(idle_seconds) or None)
        except queue.Empty:
            os._exit(0)
        outcome, answer = serve(service, terms, payload)
        _send(output, outcome, answer)


def _send(output: BufferedIOBase, outcome: Outcome, answer: BaseModel | None = None) -> None:
    output.write(frame(outcome))
    if answer is not None:
        output.write(frame(answer))
    output.flush()


def _read_requests(source: BufferedIOBase, requests: _Requests) -> None:
    # A thread of its own, so that the end of the parent is noticed in the middle of a request.
    while True:
        terms = Terms.model_validate_json(_read(source))
        requests.put((terms, _read(source)))


def _read(source: BufferedIOBase) -> bytes:
    header = source.read(LENGTH_BYTES)
    if len(header) < LENGTH_BYTES:
        os._exit(0)
    return source.read(payload_length(header))


def serve(service: Service[BaseModel, BaseModel], terms: Terms, payload: bytes) -> tuple[Outcome, BaseModel | None]:
    """Answer one request within its limits."""
    request = service.request_type.model_validate_json(payload)
    try:
        service.prepare(request)
        _limit_resources(terms)
        answer = service.answer(request)
    except StageError as error:
        return Outcome(failure=Failure.of(error), rss_bytes=_rss_bytes()), None
    except MemoryError:
        return Outcome(failure=Failure.of(out_of_memory(terms)), rss_bytes=sys.maxsize), None
    except Exception as error:  # the boundary of the process: nothing but a message crosses it
        logger.exception("request failed: %s", request)
        failure = Failure.of(ConversionFailed(type(error).__name__))
        return Outcome(failure=failure, rss_bytes=_rss_bytes()), None
    return Outcome(answered=True, rss_bytes=_rss_bytes()), answer


def _limit_resources(terms: Terms) -> None:
    """Set soft limits for one request on top of what the process has used: they can be set again for the next."""
    factor = WATCHED_FACTOR if terms.watched else 1
    address_space = address_space_bytes("self") + terms.memory_limit_bytes * factor
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = math.ceil(used.ru_utime + used.ru_stime + terms.timeout_seconds * terms.threads) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, resource.RLIM_INFINITY))


def address_space_bytes(pid: int | str) -> int:
    """Return the size of a process's address space. Raises `OSError` where there is no such process."""
    return _memory_of(pid)[0]


def _rss_bytes() -> int:
    return _memory_of("self")[1]


def _memory_of(pid: int | str) -> tuple[int, int]:
    # proc(5): sizes of the address space and of the resident set come first, in pages.
    size, resident, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    return int(size) * resource.getpagesize(), int(resident) * resource.getpagesize()


if __name__ == "__main__":
    main()

"""The child of the sandbox: `python -m shared.converters.sandbox_child MODULE:CLASS`.

It converts the documents that its parent names on standard input, one at a time, and ends when the parent does. The
converter on its command line is loaded at once, any other with the first document that asks for it.
"""

import importlib
import logging
import math
import os
import queue
import resource
import sys
import threading
from io import BufferedIOBase
from pathlib import Path

from shared.converters.base import Converter
from shared.converters.sandbox_wire import (
    LENGTH_BYTES,
    Failure,
    Request,
    Response,
    frame,
    out_of_memory,
    payload_length,
)
from shared.errors import ConversionFailed, StageError, UnexpectedStageError

logger = logging.getLogger(__name__)


WATCHED_FACTOR = 4
"""A child that its parent watches may have so many times its memory limit of address space before the kernel refuses:
enough to be seen beyond the limit, not enough to harm the machine."""


def load_converter(factory: str) -> Converter:
    """Return the converter that `module:Class` names."""
    module, _, name = factory.partition(":")
    converter: Converter = getattr(importlib.import_module(module), name)()
    return converter


def main() -> None:
    """Serve until standard input ends."""
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    # Whatever a library prints must not end up between the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    converters = {sys.argv[1]: load_converter(sys.argv[1])}
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    _send(output, Response())
    while True:
        _send(output, serve(converters, requests.get()))


def _send(output: BufferedIOBase, response: Response) -> None:
    output.write(frame(response))
    output.flush()


def _read_requests(source: BufferedIOBase, requests: queue.SimpleQueue[Request]) -> None:
    # A thread of its own, so that the end of the parent is noticed in the middle of a conversion.
    while True:
        header = source.read(LENGTH_BYTES)
        if len(header) < LENGTH_BYTES:
            os._exit(0)
        requests.put(Request.model_validate_json(source.read(payload_length(header))))


def serve(converters: dict[str, Converter], request: Request) -> Response:
    """Convert one document within its limits; `converters` holds those that are loaded, and grows."""
    try:
        if request.factory not in converters:
            converters[request.factory] = load_converter(request.factory)
        converter = converters[request.factory]
    except Exception:  # the boundary of the process
        logger.exception("loading %s failed", request.factory)
        failure = Failure.of(UnexpectedStageError(f"the converter {request.factory} does not start"))
        return Response(failure=failure, rss_bytes=_rss_bytes())
    _limit_resources(request)
    try:
        document = converter.convert(
            request.source, request.output_dir, limits=request.limits, should_stop=lambda: False
        )
    except StageError as error:
        return Response(failure=Failure.of(error), rss_bytes=_rss_bytes())
    except MemoryError:
        failure = Failure.of(out_of_memory(request.limits))
        return Response(failure=failure, rss_bytes=sys.maxsize)
    except Exception as error:  # the boundary of the process: nothing but a message crosses it
        logger.exception("converting %s failed", request.source)
        return Response(failure=Failure.of(ConversionFailed(type(error).__name__)), rss_bytes=_rss_bytes())
    return Response(document=document, rss_bytes=_rss_bytes())


def _limit_resources(request: Request) -> None:
    """Set soft limits for one document on top of what the process has used: they can be set again for the next."""
    factor = WATCHED_FACTOR if request.watched else 1
    address_space = address_space_bytes("self") + request.limits.memory_limit_bytes * factor
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = math.ceil(used.ru_utime + used.ru_stime + request.limits.timeout_seconds) + 1
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

"""Hearing that the server is about to stop before it waits for its connections.

uvicorn waits for open answers to end before it tells the application anything, so streams that never end by themselves
would hold it up until its patience is over.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def also(stop: Callable[[], None]) -> Iterator[None]:
    """Have `stop` called in the event loop when a stop signal comes, beside what the server does with it."""
    if threading.current_thread() is not threading.main_thread():  # where no server listens to signals either
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler is signal.SIG_DFL:  # nobody else handles it: let it do what it does
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in STOP_SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

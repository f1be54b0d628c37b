"""A page reader in a process of its own: it takes much memory, and what it reads comes from strangers."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared.ocr.pages import PAGES_VERSION, PageRequest, ReaderOptions, RecognizedPage
from shared.ocr.registry import RECOGNIZERS, open_recognizer
from shared.sandbox.sandbox import SandboxedService
from shared.sandbox.wire import Terms
from shared.settings import Settings

_PAGES_PER_CHILD = 500
_RECYCLE_RSS_BYTES = 1600 << 20


class PageReading(Protocol):
    """Reads pages and pictures, wherever that happens."""

    @property
    def version(self) -> str:
        """Changes whenever the same page would be read differently."""
        ...

    def read(
        self, source: Path, *, content_type: str, page: int, timeout_seconds: float, should_stop: Callable[[], bool]
    ) -> RecognizedPage:
        """Read page `page` (from 1) of a PDF or an image file.

        Raises `DamagedFile`, `ConversionLimitExceeded` or `ConverterCrashed`; `Cancelled` soon after `should_stop`
        answers True.
        """
        ...


class SandboxedPageReader:
    """Runs a `PageReader` in a child process, one page at a time; it starts with the first page and ends when idle."""

    def __init__(self, options: ReaderOptions, *, memory_limit_bytes: int, idle_seconds: float) -> None:
        self._recognizer = open_recognizer(RECOGNIZERS[options.engine], threads=options.threads)
        self._terms = Terms(timeout_seconds=0, memory_limit_bytes=memory_limit_bytes, threads=options.threads + 1)
        self._service = SandboxedService(
            "shared.ocr.pages:PageReader",
            options.model_dump_json(),
            answer_type=RecognizedPage,
            what="OCR",
            requests_per_child=_PAGES_PER_CHILD,
            recycle_rss_bytes=_RECYCLE_RSS_BYTES,
            idle_seconds=idle_seconds,
        )

    @property
    def version(self) -> str:
        return f"{PAGES_VERSION}-{self._recognizer.version}"

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for those who watch its memory; None while there is none."""
        return self._service.child_pid

    def read(
        self, source: Path, *, content_type: str, page: int, timeout_seconds: float, should_stop: Callable[[], bool]
    ) -> RecognizedPage:
        request = PageRequest(source=source.absolute(), content_type=content_type, page=page)
        terms = self._terms.model_copy(update={"timeout_seconds": timeout_seconds})
        return self._service.ask(request, terms=terms, should_stop=should_stop)

    def close(self) -> None:
        """End the child; the next page starts another one."""
        self._service.close()


def open_page_reader(settings: Settings) -> SandboxedPageReader:
    """Return the page reader of the settings."""
    return SandboxedPageReader(
        ReaderOptions(engine=settings.ocr_engine, threads=settings.ocr_threads),
        memory_limit_bytes=settings.ocr_memory_bytes,
        idle_seconds=settings.ocr_idle_seconds,
    )

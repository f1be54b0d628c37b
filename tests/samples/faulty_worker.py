"""A worker whose converter obeys its documents: `celery -A tests.samples.faulty_worker worker`.

The documents are those of `marked_pdfs`. All else is the real service.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from celery.signals import worker_process_init

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.dispatch import Converters
from shared.converters.pdf.converter import PdfiumConverter
from shared.converters.sandbox import SandboxedConverter
from tests.samples.marked_pdfs import KILL, WAIT_FOR, deed_of
from worker import process
from worker.app import app

__all__ = ["app"]


class WaitingConverter(PdfiumConverter):
    """Runs in the sandbox, and waits there where the document says so."""

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        deed = deed_of(source)
        while deed.startswith(WAIT_FOR) and not Path(os.fsdecode(deed.removeprefix(WAIT_FOR))).exists():
            time.sleep(0.05)
        return super().convert(source, output_dir, limits=limits, should_stop=should_stop)


class DeadlyConverter(SandboxedConverter):
    """Runs in the worker, and kills it where the document says so."""

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        if deed_of(source) == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().convert(source, output_dir, limits=limits, should_stop=should_stop)


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def obey(**_: object) -> None:
    """Comes after the handler of `worker.app`, which opened the resources."""
    process.resources().converters = Converters([DeadlyConverter("tests.samples.faulty_worker:WaitingConverter")])

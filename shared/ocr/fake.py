"""For tests: a recognizer that sees where lines are and numbers them, and a page reader that does as it is told."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared.errors import Cancelled, StageError
from shared.ocr.base import RecognizedLine

if TYPE_CHECKING:
    from PIL.Image import Image

    from shared.ocr.pages import RecognizedPage

_INK = 128
_SMALLEST_PIXELS = 4


class InkRecognizer:
    """Finds each band of dark pixels from edge to edge; its text is `line <n>`, from the top, from 1."""

    def __init__(self, *, threads: int = 1) -> None:
        self.threads = threads

    @property
    def version(self) -> str:
        return "1-ink"

    def load(self) -> None:
        """There is nothing to load."""

    def recognize(self, picture: "Image") -> list[RecognizedLine]:
        ink = np.asarray(picture.convert("L")) < _INK
        edges = np.flatnonzero(np.diff(np.concatenate(([False], ink.any(axis=1), [False])).astype(int)))
        bands = [(int(top), int(bottom)) for top, bottom in edges.reshape(-1, 2) if bottom - top >= _SMALLEST_PIXELS]
        return [_line(number, ink, top, bottom) for number, (top, bottom) in enumerate(bands, start=1)]


def _line(number: int, ink: np.ndarray[tuple[int, int], np.dtype[np.bool_]], top: int, bottom: int) -> RecognizedLine:
    columns = np.flatnonzero(ink[top:bottom].any(axis=0))
    left, right = float(columns[0]), float(columns[-1] + 1)
    corners = ((left, float(top)), (right, float(top)), (right, float(bottom)), (left, float(bottom)))
    return RecognizedLine(text=f"line {number}", confidence=1.0, corners=corners)


class ScriptedReader:
    """Reads pages as it is told: by number, a page or the error that reading it ends with; others are blank."""

    def __init__(
        self, pages: "Mapping[int, RecognizedPage | StageError] | None" = None, *, seconds_a_page: float = 0.0
    ) -> None:
        self._pages = dict(pages or {})
        self._seconds_a_page = seconds_a_page
        self.read_pages: list[int] = []

    @property
    def version(self) -> str:
        return "1-scripted"

    def read(
        self,
        source: Path,  # noqa: ARG002
        *,
        content_type: str,  # noqa: ARG002
        page: int,
        timeout_seconds: float,  # noqa: ARG002
        should_stop: Callable[[], bool],
    ) -> "RecognizedPage":
        from shared.ocr.pages import RecognizedPage

        if should_stop():
            raise Cancelled
        self.read_pages.append(page)
        time.sleep(self._seconds_a_page)
        told = self._pages.get(page, RecognizedPage(width=595, height=842, turn=0, lines=()))
        if isinstance(told, StageError):
            raise told
        return told

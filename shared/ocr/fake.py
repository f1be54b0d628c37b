"""A recognizer for tests: it sees where lines are, and numbers them."""

from typing import TYPE_CHECKING

import numpy as np

from shared.ocr.base import RecognizedLine

if TYPE_CHECKING:
    from PIL.Image import Image

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

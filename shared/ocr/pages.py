"""Reading one page or picture: it is drawn, turned upright and recognised, all in the process of its sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from shared.ocr.base import RecognizedLine
from shared.ocr.registry import RECOGNIZERS, open_recognizer
from shared.ocr.tiles import fitting_scale
from shared.ocr.turning import is_blank, read_upright

if TYPE_CHECKING:
    from PIL.Image import Image

PAGES_VERSION = 2
"""Raise it whenever the same page would be drawn or turned otherwise."""

_PDF = "application/pdf"


class PageRequest(BaseModel):
    """Read this page of this file."""

    model_config = ConfigDict(frozen=True)

    source: Path
    content_type: str
    page: int
    """From 1."""


class RecognizedPage(BaseModel):
    """What stands on a page, in points from the top left corner of the page turned upright."""

    model_config = ConfigDict(frozen=True)

    width: float
    height: float
    turn: int
    """Degrees by which the page as it is shown was turned, clockwise, until its text stood upright."""
    lines: tuple[RecognizedLine, ...]
    blank: bool = False
    """Nothing at all is on it."""

    @property
    def text(self) -> str:
        """Its lines as they were found, from the top."""
        return "\n".join(line.text for line in self.lines)


class ReaderOptions(BaseModel):
    """How a reader is made."""

    model_config = ConfigDict(frozen=True)

    engine: str
    """A key of `RECOGNIZERS`."""
    threads: int


class PageReader:
    """Reads pages of PDF and image files in the child of a sandbox."""

    def __init__(self, options: str) -> None:
        """`options` is `ReaderOptions` as JSON."""
        chosen = ReaderOptions.model_validate_json(options)
        self._recognizer = open_recognizer(RECOGNIZERS[chosen.engine], threads=chosen.threads)
        self._recognizer.load()
        self._last: tuple[Path, int] | None = None
        """The file that was read last, and how its page lay."""

    @property
    def request_type(self) -> type[PageRequest]:
        return PageRequest

    def prepare(self, request: PageRequest) -> None:
        """Nothing depends on the request."""

    def answer(self, request: PageRequest) -> RecognizedPage:
        picture, points = _picture(request)
        likely = self._last[1] if self._last is not None and self._last[0] == request.source else 0
        turn, lines = read_upright(self._recognizer, picture, likely=likely)
        self._last = (request.source, turn)
        width, height = picture.size if turn in (0, 180) else (picture.height, picture.width)
        return RecognizedPage(
            width=width * points,
            height=height * points,
            turn=turn,
            lines=tuple(line.moved(scale=points) for line in lines),
            blank=not lines and is_blank(picture),
        )


def _picture(request: PageRequest) -> tuple["Image", float]:
    if request.content_type == _PDF:
        from shared.converters.pdf.render import render_page

        return render_page(request.source, request.page, scale_of=fitting_scale)
    from shared.converters.image_file import read_frame

    return read_frame(request.source, request.page, scale_of=fitting_scale)

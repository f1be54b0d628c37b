"""Which way up a picture is: that at which its text reads best."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.ocr.base import RecognizedLine, TextRecognizer
from shared.ocr.tiles import recognize_in_tiles

if TYPE_CHECKING:
    from PIL.Image import Image

_SURE = 0.85
"""Mean confidence from which a page is taken to be upright without looking further. Pages that are read upright reach
0.94 to 0.99, the same ones upside down 0.61 to 0.70."""

_PATCH_PIXELS = 1000
"""The side of the square that is read at each turn; it holds enough lines to tell."""

_READABLE = 0.5
"""Confidence below which a line is no text, at least not at this turn."""

_TELLING = 1.5
"""Times as long as high is a line of more than one character; a single one does not tell which way it lies."""

_NOISE = 16
"""Grey levels, of 256, within which a sheet is blank, seen from so far that a line of text is a few pixels."""

_CLEARLY = 1.2
"""So many times better another turn must read, or the page stays as it is."""


def read_upright(recognizer: TextRecognizer, picture: "Image", *, likely: int = 0) -> tuple[int, list[RecognizedLine]]:
    """Return by how many degrees, clockwise, a picture has to be turned, and the lines of the turned picture.

    `likely` is tried first: the pages of a scan mostly lie the same way.
    """
    if likely:
        lines = _readable(recognize_in_tiles(recognizer, turned(picture, likely)))
        if _stands_upright(lines):
            return likely, lines
    found = recognize_in_tiles(recognizer, picture)
    lines = _readable(found)
    if _stands_upright(lines) or not any(map(_tells_turn, found)):
        return 0, lines
    patch = _patch(picture, found)
    # A picture no larger than a patch is read whole at each turn, and this one it was read at.
    read = {0: lines} if patch.size == picture.size else {}
    for turn in _likely_turns(found):
        if turn not in read:
            read[turn] = _readable(recognizer.recognize(turned(patch, turn)))
    best = max(read, key=lambda turn: _score(read[turn]))
    if best == 0 or _score(read[best]) <= _CLEARLY * _score(read[0]):
        return 0, lines
    if patch.size == picture.size:
        return best, read[best]
    return best, _readable(recognize_in_tiles(recognizer, turned(picture, best)))


def _readable(lines: Sequence[RecognizedLine]) -> list[RecognizedLine]:
    return [line for line in lines if line.confidence >= _READABLE]


def _tells_turn(line: RecognizedLine) -> bool:
    shorter, longer = sorted((line.right - line.left, line.bottom - line.top))
    return longer >= _TELLING * shorter


def _likely_turns(lines: Sequence[RecognizedLine]) -> tuple[int, ...]:
    """Return the turns to compare: lines that run downwards stand at a right angle, whatever they say."""
    level = sum(_is_level(line) for line in lines)
    return (0, 180) if level > 0.8 * len(lines) else (0, 90, 180, 270)


def turned(picture: "Image", degrees: int) -> "Image":
    """Return a picture turned clockwise by 0, 90, 180 or 270 degrees."""
    from PIL.Image import Transpose

    if degrees == 0:
        return picture
    ways = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return picture.transpose(ways[degrees])


def _stands_upright(lines: Sequence[RecognizedLine]) -> bool:
    told = [line for line in lines if len(line.text) > 1]
    characters = sum(len(line.text) for line in told)
    if not characters:
        return False
    level = sum(len(line.text) for line in told if _is_level(line))
    sure = sum(len(line.text) * line.confidence for line in told)
    return level > 0.6 * characters and sure > _SURE * characters


def _is_level(line: RecognizedLine) -> bool:
    return line.right - line.left >= line.bottom - line.top


def is_blank(picture: "Image") -> bool:
    """Tell a sheet without anything on it, the noise of a scanner left out of account."""
    low, high = picture.convert("L").resize((64, 64)).getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return high - low < _NOISE


def _patch(picture: "Image", lines: Sequence[RecognizedLine]) -> "Image":
    """Return the square around the middle of the text, or of the picture where no text was found."""
    x, y = picture.width / 2, picture.height / 2
    if lines:
        x = statistics.median(line.middle[0] for line in lines)
        y = statistics.median(line.middle[1] for line in lines)
    width, height = min(_PATCH_PIXELS, picture.width), min(_PATCH_PIXELS, picture.height)
    left = round(min(max(0.0, x - width / 2), picture.width - width))
    top = round(min(max(0.0, y - height / 2), picture.height - height))
    return picture.crop((left, top, left + width, top + height))


def _score(lines: Sequence[RecognizedLine]) -> float:
    return sum(len(line.text) * line.confidence**2 for line in lines if _is_level(line))

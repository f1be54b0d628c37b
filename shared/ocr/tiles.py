"""Pictures that are much longer than wide, such as screenshots of whole pages, read piece by piece at full size."""

from typing import TYPE_CHECKING

from shared.ocr.base import RecognizedLine, TextRecognizer

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE_PIXELS = 2200
"""A page of A4 at 200 dpi; more costs time and reads no better."""

_OVERLAP_PIXELS = 200
"""What neighbouring tiles share, so that no line is cut in both."""

_LONG = 2.0
"""From this ratio of its sides on a picture is read in tiles and not made smaller as a whole."""


def fitting_scale(width: int, height: int) -> float:
    """Return by how much a picture of this size is made smaller before it is read, at most 1."""
    shorter, longer = sorted((width, height))
    if longer > _LONG * shorter:
        return min(1.0, LONGEST_SIDE_PIXELS / _LONG / max(shorter, 1))
    return min(1.0, LONGEST_SIDE_PIXELS / longer)


def recognize_in_tiles(recognizer: TextRecognizer, picture: "Image") -> list[RecognizedLine]:
    """Return the lines of a picture of any length, from the top."""
    if max(picture.size) <= LONGEST_SIDE_PIXELS:
        return recognizer.recognize(picture)
    is_tall = picture.height >= picture.width
    end = max(picture.size)
    found: list[RecognizedLine] = []
    start = 0
    while True:
        stop = min(end, start + LONGEST_SIDE_PIXELS)
        box = (0, start, picture.width, stop) if is_tall else (start, 0, stop, picture.height)
        # Of two tiles that share a line, the one that holds more of it has the say.
        first = start + _OVERLAP_PIXELS / 2 if start else 0.0
        last = stop - _OVERLAP_PIXELS / 2 if stop < end else float(end)
        for line in recognizer.recognize(picture.crop(box)):
            moved = line.moved(by=(float(box[0]), float(box[1])))
            if first <= moved.middle[1 if is_tall else 0] < last:
                found.append(moved)
        if stop == end:
            return found
        start = stop - _OVERLAP_PIXELS

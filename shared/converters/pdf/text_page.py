"""The characters of one page as pdfium has them: what they are, where they stand, and the text objects they are in."""

import ctypes
import functools
import itertools
import re
from collections.abc import Iterator, Sequence

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import (
    Reference,
    address_of,
    char_box,
    char_is_generated,
    char_lacks_unicode,
    char_origin,
    char_text_object,
    char_unicode,
    reference,
    reference_to,
)
from shared.converters.pdf.text_styles import TextStyle, TextStyles

_BATCH = 256  # boxes that are read one after the other before they are looked at
_LAST_CODE = 0x10FFFF
_NOTHING = "\x01"

_UNSURE = re.compile("[\ufffe\ud800-\udfff]")
"""What pdfium's text does not hold as its characters do."""

_ODD = re.compile("[\x01\x03-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""Control characters, and the halves of characters beyond 16 bits."""


class TextPage:
    """The characters of a page by their index, from 0."""

    def __init__(self, text_page: ctypes.c_void_p) -> None:
        self._reference = reference_to(address_of(text_page))
        self.count = max(0, pdfium.FPDFText_CountChars(text_page))
        self.text = _text(text_page, self._reference, self.count)
        """One character for each index; the halves of one beyond 16 bits are two."""
        self.characters: Sequence[str] = _whole_characters(self.text) if _ODD.search(self.text) else self.text
        """The same, a whole character at the index of its second half, and nothing at that of its first."""
        self._styles = TextStyles(self._reference)
        self._boxes = _box_buffer()
        self._origin = (ctypes.c_double * 2)()
        self._origin_references = (reference(self._origin), reference(self._origin, 8))

    def text_objects(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield the first index, the index after the last and the text object's address of runs in one text object.

        The address of characters that pdfium made up is 0.
        """
        page = self._reference
        addresses = [char_text_object(page, index) for index in range(start, end)]
        if addresses.count(addresses[0]) == len(addresses):  # nearly every word
            yield start, end, addresses[0] or 0
            return
        for address, run in itertools.groupby(addresses):
            end = start + sum(1 for _ in run)
            yield start, end, address or 0
            start = end

    def boxes(self, start: int, end: int) -> list[float]:
        """Return left, bottom, right and top of the ink of some characters, one after the other."""
        page, buffer = self._reference, self._boxes
        found: list[float] = []
        for first in range(start, end, _BATCH):
            indexes = range(first, min(end, first + _BATCH))
            for index, (left, right, bottom, top) in zip(indexes, buffer.references, strict=False):
                char_box(page, index, left, right, bottom, top)
            found += buffer.numbers[: 4 * len(indexes)]
        return found

    def origin(self, index: int) -> tuple[float, float] | None:
        """Return where a character stands on its baseline."""
        if not char_origin(self._reference, index, *self._origin_references):
            return None
        return self._origin[0], self._origin[1]

    def style(self, index: int, address: int) -> TextStyle:
        """Return the style of a character; `address` is that of its text object."""
        return self._styles.of_object(address, index)

    def sampled_styles(self, samples: int) -> Iterator[TextStyle]:
        """Yield the styles of about so many characters spread over the page, blanks left out."""
        for index in range(0, self.count, max(1, self.count // samples)):
            # Some blanks have the text object before them without its matrix.
            address = None if self.text[index].isspace() else char_text_object(self._reference, index)
            if address:
                yield self.style(index, address)

    def is_made_up(self, index: int) -> bool:
        """Tell whether pdfium put a character in that the file does not hold."""
        return char_is_generated(self._reference, index) != 0

    def share_without_unicode(self, samples: int) -> float:
        """Return of how many of the characters the fonts do not say what they are, from 0 to 1."""
        page = self._reference
        indexes = range(0, self.count, max(1, self.count // samples))
        written = [index for index in indexes if char_is_generated(page, index) != 1]
        return sum(char_lacks_unicode(page, index) == 1 for index in written) / max(1, len(written))


class _BoxBuffer:
    """Where pdfium writes boxes, and a reference to each of their numbers."""

    def __init__(self) -> None:
        self.numbers = (ctypes.c_double * (4 * _BATCH))()
        self.references = [tuple(reference(self.numbers, 8 * (4 * n + k)) for k in (0, 2, 1, 3)) for n in range(_BATCH)]


@functools.cache  # one for the process: pdfium reads one page at a time
def _box_buffer() -> _BoxBuffer:
    return _BoxBuffer()


def _text(text_page: ctypes.c_void_p, page: Reference, count: int) -> str:
    units = (ctypes.c_ushort * (count + 1))()
    got = pdfium.FPDFText_GetText(text_page, 0, count, units)
    if got != count + 1:  # pdfium leaves some characters out of the text
        return "".join(_character(page, index) for index in range(count))
    text = bytes(units)[:-2].decode("utf-16-le", "surrogatepass")
    unsure = [match.start() for match in _UNSURE.finditer(text)] if len(text) == count else range(count)
    if not unsure:
        return text
    characters = list(text.ljust(count))
    for index in unsure:
        characters[index] = _character(page, index)
    return "".join(characters)


def _character(page: Reference, index: int) -> str:
    code = char_unicode(page, index)
    return chr(code) if code <= _LAST_CODE else _NOTHING


def _whole_characters(text: str) -> list[str]:
    characters = ["" if _ODD.match(character) else character for character in text]
    for index, (high, low) in enumerate(itertools.pairwise(text)):
        if "\ud800" <= high < "\udc00" <= low < "\ue000":
            characters[index + 1] = (high + low).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    return characters

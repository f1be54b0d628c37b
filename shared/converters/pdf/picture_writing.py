"""What the text of a page says is written in its pictures: what is known need not be read by OCR."""

from collections.abc import Iterable, Sequence

from shared.converters.pdf.figures import MARGIN
from shared.converters.pdf.layout import Line, PageContent, Picture
from shared.converters.pdf.lines import split_into_lines
from shared.converters.pdf.words import Word

_LEAST_COVER = 0.1
"""Of an embedded picture: text that covers more of it is its own, put there by an earlier OCR, or hides what else may
be written in it."""

_SAME_ROW = 0.5  # font sizes
_SHAPES_FOR_EACH = 4
"""So many shapes like letters for each letter that is known: more of them are letters, too."""


def add_writing(page: PageContent) -> None:
    """Tell each picture of a page what is written in it, where the words of the page tell."""
    for picture in page.pictures:
        inside = [word for word in page.words if _holds(picture, word)]
        if _is_known(picture, inside):
            lines = split_into_lines(inside, page=page.number)
            picture.image = picture.image.model_copy(update={"writing": "\n".join(texts_in_order(lines))})


def texts_in_order(lines: Iterable[Line]) -> list[str]:
    """Return the texts of scattered lines, row by row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle_y):
        if rows and line.middle_y - rows[-1][0].middle_y <= _SAME_ROW * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [" ".join(line.text for line in sorted(row, key=lambda line: line.left)) for row in rows]


def _holds(picture: Picture, word: Word) -> bool:
    reach = MARGIN if picture.letter_shapes is not None else 0.0
    across = picture.left - reach <= word.middle_x <= picture.right + reach
    return across and picture.top - reach <= word.middle_y <= picture.bottom + reach


def _is_known(picture: Picture, words: Sequence[Word]) -> bool:
    if picture.letter_shapes is None:
        covered = sum(word.width * word.height for word in words)
        return covered > _LEAST_COVER * picture.width * picture.height
    characters = sum(len(word.text) for word in words)
    return picture.letter_shapes <= _SHAPES_FOR_EACH * characters

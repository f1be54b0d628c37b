"""Which turn is chosen, told by a recognizer that reads only what stands upright."""

from PIL import Image

from shared.ocr.base import RecognizedLine
from shared.ocr.fake import InkRecognizer
from shared.ocr.turning import read_upright, turned
from tests.samples.scans import blank

MARK = (255, 200, 200)


class UprightRecognizer(InkRecognizer):
    """Is sure of itself where the mark of a page is at its top left, and not where the page lies otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[tuple[int, int]] = []

    def recognize(self, picture: Image.Image) -> list[RecognizedLine]:
        self.pictures.append(picture.size)
        sure = picture.getpixel((2, 2)) == MARK
        return [line.model_copy(update={"confidence": 0.99 if sure else 0.3}) for line in super().recognize(picture)]


def page() -> Image.Image:
    """A wide page with three lines and a mark in its first corner."""
    drawn = blank(600, 300)
    for top in (60, 140, 220):
        drawn.paste("black", (60, top, 500, top + 20))
    drawn.paste(MARK, (0, 0, 6, 6))
    return drawn


def test_an_upright_page_is_read_once() -> None:
    recognizer = UprightRecognizer()
    turn, lines = read_upright(recognizer, page())
    assert (turn, len(lines), len(recognizer.pictures)) == (0, 3, 1)


def test_each_way_that_a_page_can_lie_is_found() -> None:
    for degrees in (90, 180, 270):
        turn, lines = read_upright(UprightRecognizer(), turned(page(), degrees))
        assert turn == 360 - degrees
        assert [round(line.top) for line in lines] == [60, 140, 220]


def test_the_next_page_that_lies_the_same_way_is_read_once() -> None:
    recognizer = UprightRecognizer()
    assert read_upright(recognizer, turned(page(), 90), likely=270)[0] == 270
    assert recognizer.pictures == [(600, 300)]


def test_a_page_that_lies_otherwise_than_the_one_before_is_still_upright() -> None:
    assert read_upright(UprightRecognizer(), page(), likely=180)[0] == 0


def test_a_blank_page_is_not_looked_at_from_all_sides() -> None:
    recognizer = UprightRecognizer()
    assert read_upright(recognizer, blank()) == (0, [])
    assert len(recognizer.pictures) == 1


def test_single_characters_do_not_tell_how_a_picture_lies() -> None:
    drawn = blank(200, 200)
    drawn.paste("black", (80, 80, 110, 108))
    recognizer = UprightRecognizer()
    assert read_upright(recognizer, drawn) == (0, [])
    assert len(recognizer.pictures) == 1


def test_a_picture_without_lines_is_looked_at_once() -> None:
    drawn = blank(200, 200)
    drawn.paste((160, 180, 200), (20, 20, 180, 180))
    recognizer = UprightRecognizer()
    assert read_upright(recognizer, drawn) == (0, [])
    assert len(recognizer.pictures) == 1


def test_a_small_picture_is_read_once_at_each_turn() -> None:
    recognizer = UprightRecognizer()
    assert read_upright(recognizer, turned(page(), 180))[0] == 180
    assert len(recognizer.pictures) <= 4


def test_lines_that_cannot_be_read_are_left_out() -> None:
    upside_down_nowhere = blank(600, 300)
    upside_down_nowhere.paste("black", (60, 60, 500, 80))
    assert read_upright(UprightRecognizer(), upside_down_nowhere) == (0, [])

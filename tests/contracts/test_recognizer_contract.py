"""What every text recognizer does, whatever reads the picture."""

import pytest

from shared.ocr.base import TextRecognizer
from shared.ocr.registry import RECOGNIZERS, open_recognizer
from tests.samples.scans import blank, written


@pytest.fixture(params=sorted(RECOGNIZERS), scope="module")
def recognizer(request: pytest.FixtureRequest) -> TextRecognizer:
    opened = open_recognizer(RECOGNIZERS[request.param], threads=1)
    opened.load()
    return opened


def test_a_recognizer_tells_its_version_before_it_reads(recognizer: TextRecognizer) -> None:
    assert recognizer.version


def test_a_blank_picture_has_no_lines(recognizer: TextRecognizer) -> None:
    assert recognizer.recognize(blank(320, 240)) == []


def test_lines_come_from_the_top_and_lie_where_the_ink_is(recognizer: TextRecognizer) -> None:
    lines = recognizer.recognize(written(["First line", "Second line"], picture=blank(400, 240), at=(40, 40)))
    assert len(lines) == 2
    first, second = lines
    assert first.bottom < second.top
    for line in lines:
        assert line.text.strip() == line.text != ""
        assert 0 < line.confidence <= 1
        assert 25 <= line.left <= 55
        assert 150 <= line.right <= 300
        assert 15 <= line.height <= 60
    assert 30 <= first.top <= 60


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 2000), (2000, 2)])
def test_a_picture_of_an_odd_size_is_no_error(recognizer: TextRecognizer, size: tuple[int, int]) -> None:
    assert recognizer.recognize(blank(*size)) == []

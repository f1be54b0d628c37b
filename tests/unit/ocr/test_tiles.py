from itertools import pairwise

import pytest

from shared.ocr.fake import InkRecognizer
from shared.ocr.tiles import LONGEST_SIDE_PIXELS, fitting_scale, recognize_in_tiles
from tests.samples.scans import blank, written


def test_a_long_picture_is_read_whole_and_each_line_once() -> None:
    lines = [f"line {n}" for n in range(60)]
    picture = written(lines, size=40, picture=blank(600, 4300), at=(40, 40))
    found = recognize_in_tiles(InkRecognizer(), picture)
    tops = [line.top for line in found]
    assert len(found) == 60
    assert tops == sorted(tops)
    assert all(later - earlier == pytest.approx(68, abs=12) for earlier, later in pairwise(tops))


def test_a_page_is_made_smaller_and_a_long_screenshot_is_not() -> None:
    assert fitting_scale(1654, 2339) == pytest.approx(LONGEST_SIDE_PIXELS / 2339)
    assert fitting_scale(1000, 1400) == 1.0
    assert fitting_scale(1080, 12000) == 1.0
    assert fitting_scale(12000, 4000) == pytest.approx(1100 / 4000)

"""The real recognizer, as it is used: on pages that lie any way round, in Chinese and English."""

from pathlib import Path

import pytest

from shared.ocr.pages import PageReader, PageRequest, ReaderOptions, RecognizedPage
from shared.ocr.turning import turned
from tests.samples.scans import CHINESE_PARAGRAPH, ENGLISH_LINES, blank, scan_pdf, written


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return PageReader(ReaderOptions(engine="rapid", threads=2).model_dump_json())


def read(reader: PageReader, source: Path, content_type: str, page: int = 1) -> RecognizedPage:
    return reader.answer(PageRequest(source=source, content_type=content_type, page=page))


def test_chinese_and_english_are_read_from_a_screenshot(reader: PageReader, tmp_path: Path) -> None:
    lines = [*CHINESE_PARAGRAPH, *ENGLISH_LINES, "订单编号 KB-2031"]
    written(lines).save(tmp_path / "a.png")
    found = read(reader, tmp_path / "a.png", "image/png")
    assert found.turn == 0
    assert found.text.replace(" ", "") == "\n".join(lines).replace(" ", "")


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_that_lies_on_its_side_is_turned_until_it_reads(
    reader: PageReader, tmp_path: Path, degrees: int
) -> None:
    upright = written(CHINESE_PARAGRAPH + ENGLISH_LINES, picture=blank(800, 420), at=(50, 50))
    found = read(reader, scan_pdf(tmp_path / "a.pdf", [turned(upright, degrees)]), "application/pdf")
    assert found.turn == (360 - degrees) % 360
    assert "知识库同步服务把文档变成可以检索的段落" in found.text
    assert found.width > found.height, "the size is that of the page as it reads"
    assert found.lines[0].middle[1] < found.lines[-1].middle[1] < found.height


def test_no_model_is_looked_up_in_the_network() -> None:
    from shared.ocr.rapid import _DETECTION, _RECOGNITION, _models

    assert {_DETECTION, _RECOGNITION} <= {path.name for path in _models().iterdir()}

from pathlib import Path

import pytest

from shared.converters.base import BlockKind
from shared.converters.text.encoding import decode_text
from shared.converters.text.plain import PlainTextConverter
from tests.unit.converters.conversion import kinds, written


def test_empty_lines_part_paragraphs_and_lines_stay_lines(tmp_path: Path) -> None:
    document = written(PlainTextConverter(), tmp_path / "a", "One line.\r\nAnother line.\r\n\r\n  第二段。\n")
    assert document.markdown == "One line.\nAnother line.\n\n第二段。\n"
    assert document.page_count == 1


def test_items_are_a_list_with_their_depth_and_further_lines(tmp_path: Path) -> None:
    text = "Steps:\n- close the valve\n  and wait\n    • check it\n- open\n1) first\n"
    document = written(PlainTextConverter(), tmp_path / "a", text)
    assert document.markdown == "Steps:\n\n- close the valve\n  and wait\n    - check it\n- open\n1. first\n"


def test_chapters_of_chinese_documents_are_headings(tmp_path: Path) -> None:
    document = written(PlainTextConverter(), tmp_path / "a", "第一章 总则\n\n第二节：范围\n\n第三章的内容见下文。\n")
    assert document.markdown == "# 第一章 总则\n\n## 第二节：范围\n\n第三章的内容见下文。\n"


def test_what_looks_like_markdown_is_escaped(tmp_path: Path) -> None:
    text = "# no heading\n> no quote\n| no table\n---\n```\n2024. no item of a list that begins here\n"
    document = written(PlainTextConverter(), tmp_path / "a", text)
    assert kinds(document) == [BlockKind.PARAGRAPH]
    assert document.markdown == (
        "\\# no heading\n\\> no quote\n\\| no table\n\\---\n\\```\n2024\\. no item of a list that begins here\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    text = "阀门维护：每季度检查一次，需要四十分钟。\n"
    content = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    document = written(PlainTextConverter(), tmp_path / "a", content)
    assert (document.markdown, document.notes) == (text, ())


def test_damage_further_on_costs_only_the_damaged_characters(tmp_path: Path) -> None:
    content = ("阀门" * 5000).encode() + b"\xff\xff" + "弹簧".encode()
    document = written(PlainTextConverter(), tmp_path / "a", content)
    assert document.markdown == "阀门" * 5000 + "\ufffd\ufffd弹簧\n"
    assert document.notes == ("some characters could not be read as utf-8",)


def test_text_that_is_ascii_at_first_is_decoded_as_a_whole() -> None:
    decoded = decode_text(b"ascii " * 2000 + "每季度检查一次阀门".encode("gb18030"))
    assert (decoded.encoding, decoded.is_damaged) == ("gb18030", False)
    assert decoded.text.endswith("每季度检查一次阀门")

"""What every converter does, whatever reads the file."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.converters.base import Block, BlockKind, ConversionLimits, ConvertedDocument, Converter
from shared.converters.pdf.converter import PdfiumConverter
from shared.converters.pdfplumber_engine import PdfplumberConverter
from shared.converters.registry import ENGINES
from shared.converters.sandbox import SandboxedConverter
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile, EncryptedFile, NoExtractableContent
from tests.samples import pdf_files

Convert = Callable[[Path], ConvertedDocument]


@pytest.fixture(params=["pdfium", "pdfplumber", "sandboxed"], scope="module")
def converter(request: pytest.FixtureRequest) -> Iterator[Converter]:
    if request.param == "sandboxed":
        sandboxed = SandboxedConverter(ENGINES["pdfium"])
        yield sandboxed
        sandboxed.close()
    else:
        yield PdfiumConverter() if request.param == "pdfium" else PdfplumberConverter()


@pytest.fixture
def convert(converter: Converter, tmp_path: Path) -> Convert:
    def run(source: Path) -> ConvertedDocument:
        return converter.convert(source, tmp_path / "out", limits=ConversionLimits(), should_stop=lambda: False)

    return run


def test_a_converter_says_what_it_is(converter: Converter) -> None:
    assert converter.name
    assert converter.version
    assert "application/pdf" in converter.content_types


def test_text_comes_in_order_with_its_pages(convert: Convert, tmp_path: Path) -> None:
    pages = [
        [(72.0, 700.0, "First words of the first page."), (72.0, 600.0, "Last words of the first page.")],
        [(72.0, 700.0, "Only words of the second page.")],
    ]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages))
    assert document.page_count == 2
    assert [(block.markdown, block.page_start, block.page_end) for block in document.blocks] == [
        ("First words of the first page.", 1, 1),
        ("Last words of the first page.", 1, 1),
        ("Only words of the second page.", 2, 2),
    ]


def test_the_box_of_a_block_is_measured_from_the_top_left(convert: Convert, tmp_path: Path) -> None:
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", [[(72.0, 742.0, "Near the top of the page.")]]))
    assert document.blocks[0].bbox is not None
    left, top, right, bottom = document.blocks[0].bbox
    assert left == pytest.approx(72, abs=2)
    assert 85 < top < bottom < 106
    assert 180 < right < 230


def test_a_ruled_table_becomes_one_markdown_table(convert: Convert, tmp_path: Path) -> None:
    rows = [["Name", "Amount"], ["either | or", "12"], ["over\ntwo lines", "7"]]
    document = convert(pdf_files.ruled_table(tmp_path / "a.pdf", rows))
    tables = [block.markdown for block in document.blocks if block.kind is BlockKind.TABLE]
    assert tables == ["| Name | Amount |\n| --- | --- |\n| either \\| or | 12 |\n| over two lines | 7 |"]
    assert [block.markdown for block in document.blocks if block.kind is not BlockKind.TABLE] == [
        "Before it.",
        "After it.",
    ]


def test_chinese_is_read(convert: Convert, tmp_path: Path) -> None:
    document = convert(pdf_files.chinese(tmp_path / "a.pdf", ["知识库同步服务读取文档。"]))
    assert document.markdown == "知识库同步服务读取文档。\n"


def test_a_page_without_text_costs_only_itself(convert: Convert, tmp_path: Path) -> None:
    pages: list[list[tuple[float, float, str]]] = [[], [(72.0, 500.0, "Words after an empty page.")]]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages))
    assert document.page_count == 2
    assert [(block.markdown, block.page_start) for block in document.blocks] == [("Words after an empty page.", 2)]


def test_a_file_without_any_text_has_no_extractable_content(convert: Convert, tmp_path: Path) -> None:
    source = pdf_files.canvas_pages(tmp_path / "a.pdf", [[], []])
    with pytest.raises(NoExtractableContent):
        convert(source)


def test_a_file_under_a_password_is_encrypted(convert: Convert, tmp_path: Path) -> None:
    source = pdf_files.encrypted(tmp_path / "a.pdf", user_password="secret")
    with pytest.raises(EncryptedFile):
        convert(source)


def test_a_file_that_only_restricts_printing_is_read(convert: Convert, tmp_path: Path) -> None:
    document = convert(pdf_files.encrypted(tmp_path / "a.pdf", user_password=""))
    assert "under lock and key" in document.markdown


@pytest.mark.parametrize("content", [b"", b"this is not a pdf\n", b"%PDF-1.7\nand nothing else\n"])
def test_what_is_not_a_pdf_is_damaged(convert: Convert, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(content)
    with pytest.raises(DamagedFile):
        convert(source)


def test_a_document_of_too_many_pages_is_refused(converter: Converter, tmp_path: Path) -> None:
    source = pdf_files.canvas_pages(tmp_path / "a.pdf", [[(72.0, 700.0, f"Page {n}")] for n in range(3)])
    with pytest.raises(ConversionLimitExceeded, match="3 pages"):
        converter.convert(source, tmp_path / "out", limits=ConversionLimits(max_pages=2), should_stop=lambda: False)


def test_a_cancel_ends_the_conversion(converter: Converter, tmp_path: Path) -> None:
    source = pdf_files.article(tmp_path / "a.pdf")
    with pytest.raises(Cancelled):
        converter.convert(source, tmp_path / "out", limits=ConversionLimits(), should_stop=lambda: True)


def test_the_same_file_converts_the_same_twice(convert: Convert, tmp_path: Path) -> None:
    source = pdf_files.article(tmp_path / "a.pdf")
    assert convert(source) == convert(source)


def test_a_failure_leaves_the_converter_usable(convert: Convert, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(DamagedFile):
        convert(broken)
    good = pdf_files.canvas_pages(tmp_path / "good.pdf", [[(72.0, 500.0, "Still here.")]])
    assert convert(good).markdown == "Still here.\n"


def test_the_sandbox_serves_several_threads_one_after_the_other(tmp_path: Path) -> None:
    sandboxed = SandboxedConverter(ENGINES["pdfium"])
    sources = [pdf_files.canvas_pages(tmp_path / f"{n}.pdf", [[(72.0, 500.0, f"Text of file {n}.")]]) for n in range(4)]
    found: dict[int, tuple[Block, ...]] = {}

    def run(number: int) -> None:
        document = sandboxed.convert(
            sources[number], tmp_path / "out", limits=ConversionLimits(), should_stop=lambda: False
        )
        found[number] = document.blocks

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sandboxed.close()
    assert {n: blocks[0].markdown for n, blocks in found.items()} == {n: f"Text of file {n}." for n in range(4)}

"""What every converter of a document with text does, whatever its type."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.converters.base import BlockKind, ConversionLimits, ConvertedDocument
from shared.converters.content_types import HEAD_BYTES, ZIP, detect_archive_type, detect_content_type
from shared.converters.dispatch import Converters
from shared.converters.registry import CONVERTERS, open_converters
from shared.converters.sandbox import load_converter
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile, NoExtractableContent
from shared.settings import Settings
from tests.samples.document_files import CHINESE, ENGLISH, MAKERS, SECTIONS, Section

KINDS = sorted(MAKERS)
ARCHIVES = ("docx", "epub", "pptx", "xlsx")
TABLES = sorted(set(KINDS) - {"txt"})
PAGES = {"pptx": 2, "xlsx": 2, "epub": 2}


@pytest.fixture(scope="module")
def converters() -> Iterator[Converters]:
    opened = open_converters(Settings.model_validate({}))
    yield opened
    opened.close()


def made(kind: str, directory: Path, sections: Sequence[Section] = SECTIONS) -> Path:
    return MAKERS[kind](directory / f"a.{kind}", sections)


def type_of(source: Path) -> str:
    head = source.read_bytes()[:HEAD_BYTES]
    content_type = detect_content_type(head, source.name)
    return detect_archive_type(source, head) if content_type == ZIP else content_type


def convert(
    converters: Converters, source: Path, *, content_type: str | None = None, limits: ConversionLimits | None = None
) -> ConvertedDocument:
    """Convert a file in the sandbox, as a worker does."""
    return converters.of(content_type or type_of(source)).convert(
        source, source.parent / "out", limits=limits or ConversionLimits(), should_stop=lambda: False
    )


def test_every_converter_is_in_this_suite_but_those_of_pictures(tmp_path: Path) -> None:
    types = {content_type for factory in CONVERTERS for content_type in load_converter(factory).content_types}
    tested = {type_of(made(kind, tmp_path)) for kind in KINDS}
    assert {content_type for content_type in types if not content_type.startswith("image/")} == tested


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_read_in_its_order_in_both_languages(converters: Converters, tmp_path: Path, kind: str) -> None:
    written = convert(converters, made(kind, tmp_path)).markdown
    places = [written.index(text) for section in SECTIONS for text in (section.title, section.paragraph)]
    assert places == sorted(places)
    for section in SECTIONS:
        for cell in (cell for row in section.rows for cell in row):
            assert cell in written


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_has_one_row_a_line(converters: Converters, tmp_path: Path, kind: str) -> None:
    tables = [block for block in convert(converters, made(kind, tmp_path)).blocks if block.kind is BlockKind.TABLE]
    lines = [line for table in tables for line in table.markdown.split("\n")]
    for section in SECTIONS:
        for row in section.rows:
            assert any(line.endswith(f"| {' | '.join(row)} |") for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_lies_on_a_page_of_the_document(converters: Converters, tmp_path: Path, kind: str) -> None:
    document = convert(converters, made(kind, tmp_path))
    assert document.page_count == PAGES.get(kind, 1)
    pages = [block.page_start for block in document.blocks]
    assert pages == sorted(pages)
    assert (pages[0], pages[-1]) == (1, document.page_count)
    english = next(block for block in document.blocks if ENGLISH.paragraph in block.markdown)
    chinese = next(block for block in document.blocks if CHINESE.paragraph in block.markdown)
    assert (english.page_end, chinese.page_end) == (1, PAGES.get(kind, 1))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"txt", "csv"}))
def test_titles_are_headings(converters: Converters, tmp_path: Path, kind: str) -> None:
    document = convert(converters, made(kind, tmp_path))
    headings = [(block.markdown, block.level) for block in document.blocks if block.kind is BlockKind.HEADING]
    assert headings == [(f"# {section.title}", 1) for section in SECTIONS]


@pytest.mark.parametrize("kind", KINDS)
def test_what_looks_like_markdown_stays_text(converters: Converters, tmp_path: Path, kind: str) -> None:
    if kind == "md":
        pytest.skip("in Markdown it is Markdown")
    document = convert(converters, made(kind, tmp_path, [Section("Title", "# 1 | 2", [["a|b", "c"], ["d", "e"]])]))
    assert not any(block.markdown.startswith("# 1") for block in document.blocks)
    rows = [line for block in document.blocks for line in block.markdown.split("\n") if "a\\|b" in line]
    assert len(rows) == (0 if kind == "txt" else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_file_converts_the_same_twice(converters: Converters, tmp_path: Path, kind: str) -> None:
    source = made(kind, tmp_path)
    assert convert(converters, source) == convert(converters, source)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_is_too_long_is_refused(converters: Converters, tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConversionLimitExceeded, match="more than 100 characters"):
        convert(converters, made(kind, tmp_path), limits=ConversionLimits(max_characters=100))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancel_ends_the_conversion(tmp_path: Path, kind: str) -> None:
    source = made(kind, tmp_path)
    loaded = (load_converter(factory) for factory in CONVERTERS)
    converter = next(converter for converter in loaded if type_of(source) in converter.content_types)
    with pytest.raises(Cancelled):
        converter.convert(source, tmp_path / "out", limits=ConversionLimits(), should_stop=lambda: True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_without_text_has_no_extractable_content(converters: Converters, tmp_path: Path, kind: str) -> None:
    content_type = type_of(made(kind, tmp_path))
    empty = made(kind, tmp_path, [Section("", "", [["", ""]])]) if kind in ("docx", "pptx", "epub") else None
    if empty is None:
        empty = tmp_path / "empty"
        empty.write_bytes(
            b" \n\n" if kind not in ARCHIVES else MAKERS[kind](empty, [Section("a", "", [[""]])]).read_bytes()
        )
    with pytest.raises(NoExtractableContent):
        convert(converters, empty, content_type=content_type)


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_an_archive_that_is_cut_off_is_damaged(converters: Converters, tmp_path: Path, kind: str, share: float) -> None:
    source = made(kind, tmp_path)
    content_type = type_of(source)
    content = source.read_bytes()
    source.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFile):
        convert(converters, source, content_type=content_type)


def test_one_process_converts_all_of_them_and_goes_on_after_a_failure(converters: Converters, tmp_path: Path) -> None:
    pids = set()
    for kind in KINDS:
        source = made(kind, tmp_path)
        content_type = type_of(source)
        convert(converters, source)
        broken = tmp_path / "broken"
        broken.write_bytes(b"PK\x03\x04 and nothing else")
        if kind in ARCHIVES:
            with pytest.raises(DamagedFile):
                convert(converters, broken, content_type=content_type)
        pids.add(converters.of(content_type).child_pid)
    assert len(pids) == 1

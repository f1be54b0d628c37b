"""Hostile files of the formats beside PDF, in the sandbox, with little time and memory."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.converters.archives import DOCX, EPUB, PPTX, XLSX
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.dispatch import Converters
from shared.converters.registry import open_converters
from shared.errors import ConversionLimitExceeded, DamagedFile, EncryptedFile, NoExtractableContent
from shared.settings import Settings
from tests.samples.document_files import MAKERS, SECTIONS, archive, changed

LIMITS = ConversionLimits(timeout_seconds=60, memory_limit_bytes=384 << 20)
MAIN_PARTS = {
    "docx": (DOCX, "word/document.xml"),
    "pptx": (PPTX, "ppt/slides/slide1.xml"),
    "xlsx": (XLSX, "xl/worksheets/sheet1.xml"),
    "epub": (EPUB, "OEBPS/c0.xhtml"),
}
SECRET = "what the machine keeps to itself"


@pytest.fixture(scope="module")
def converters() -> Iterator[Converters]:
    opened = open_converters(Settings.model_validate({}))
    yield opened
    opened.close()


def convert(converters: Converters, source: Path, content_type: str) -> ConvertedDocument:
    return converters.of(content_type).convert(source, source.parent / "out", limits=LIMITS, should_stop=lambda: False)


def with_entities(xml: bytes, secret: Path) -> bytes:
    """Return XML whose text refers to a billion characters and to a file of the machine."""
    levels = "".join(
        f'<!ENTITY {level} "{f"&{below};" * 10}">' for below, level in zip("abcdefgh", "bcdefghi", strict=True)
    )
    kind = f'<!DOCTYPE x [<!ENTITY a "{"a" * 10}">{levels}<!ENTITY file SYSTEM "{secret.as_uri()}">]>'.encode()
    start = xml.index(b"?>") + 2 if b"?>" in xml else 0
    at = xml.index(SECTIONS[0].title.encode()) if SECTIONS[0].title.encode() in xml else xml.index(b"The quarterly")
    return kind + xml[start:at] + b"&i;&file;" + xml[at:]


@pytest.mark.parametrize("kind", sorted(MAIN_PARTS))
def test_entities_are_neither_expanded_nor_fetched(converters: Converters, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    source = MAKERS[kind](tmp_path / "a", SECTIONS)
    content_type, part = MAIN_PARTS[kind]
    with zipfile.ZipFile(source) as file:
        bomb = with_entities(file.read(part), secret)
    changed(source, {part: bomb})
    try:
        found = convert(converters, source, content_type)
    except DamagedFile:
        return
    assert SECRET not in found.markdown
    assert "a" * 1000 not in found.markdown


@pytest.mark.parametrize("kind", sorted(MAIN_PARTS))
def test_an_archive_that_unpacks_without_end_fails_alone(converters: Converters, tmp_path: Path, kind: str) -> None:
    source = MAKERS[kind](tmp_path / "a", SECTIONS)
    content_type, part = MAIN_PARTS[kind]
    with zipfile.ZipFile(source) as file:
        content = file.read(part)
    changed(source, {part: content + b" " * (300 << 20)})
    assert source.stat().st_size < 2 << 20
    try:
        found = convert(converters, source, content_type)
    except (ConversionLimitExceeded, DamagedFile):
        found = None
    if found is not None:  # read as a stream, or by its other parts
        assert SECTIONS[1].paragraph in found.markdown
    good = MAKERS[kind](tmp_path / "good", SECTIONS)
    assert SECTIONS[0].paragraph in convert(converters, good, content_type).markdown


@pytest.mark.parametrize("kind", sorted(MAIN_PARTS))
def test_members_under_a_password_are_encrypted(converters: Converters, tmp_path: Path, kind: str) -> None:
    source = MAKERS[kind](tmp_path / "a", SECTIONS)
    content = bytearray(source.read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(header)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(header, at + 4)
    source.write_bytes(content)
    with pytest.raises(EncryptedFile):
        convert(converters, source, MAIN_PARTS[kind][0])


@pytest.mark.parametrize("kind", sorted(MAIN_PARTS))
def test_an_archive_of_something_else_is_damaged(converters: Converters, tmp_path: Path, kind: str) -> None:
    with pytest.raises(DamagedFile):
        convert(converters, archive(tmp_path / "a", {"a.txt": b"text"}), MAIN_PARTS[kind][0])


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<table>" + b"<tr><td colspan=200 rowspan=2000>x<td>y" * 3000, "text/html"),
        (b"<p>" + b"<b>word " * 500_000, "text/html"),
        (b"<ul><li>" * 100_000 + b"item", "text/html"),
        (b"- " * 50_000 + b"item\n", "text/markdown"),
        (b"> " * 50_000 + b"quote\n", "text/markdown"),
        (b"[a](" * 100_000, "text/markdown"),
        (b"![a](data:image/png;base64," * 50_000, "text/markdown"),
        (b"| a " * 5000 + b"|\n" + b"|-" * 5000 + b"|\n" + b"| b |\n" * 5000, "text/markdown"),
        (b'"' + b"a,b\n" * 500_000, "text/csv"),
        (b"," * 5_000_000, "text/csv"),
        (b"x" * 50_000_000, "text/plain"),
        (b"- a\n" * 500_000, "text/plain"),
    ],
)
def test_hostile_texts_end_within_their_limits(
    converters: Converters, tmp_path: Path, content: bytes, content_type: str
) -> None:
    source = tmp_path / "a"
    source.write_bytes(content)
    try:
        found = convert(converters, source, content_type)
    except (ConversionLimitExceeded, NoExtractableContent):
        return
    assert len(found.markdown) <= LIMITS.max_characters + 3 * len(found.blocks)

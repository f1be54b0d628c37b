from pathlib import Path

import pytest

from shared.converters.base import BlockKind
from shared.converters.epub.converter import EpubConverter
from shared.errors import ConversionLimitExceeded, DamagedFile, EncryptedFile
from tests.samples.document_files import archive, epub_members
from tests.samples.pdf_files import picture
from tests.unit.converters.conversion import converted, kinds

LOCK = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
    '<enc:EncryptedData><enc:EncryptionMethod Algorithm="{}"/></enc:EncryptedData></encryption>'
)
CHAPTERS = {"a.xhtml": "<h1>第一章</h1><p>text</p>", "b.xhtml": "<h2>Two</h2><p>more</p>"}


def test_chapters_are_pages_in_the_order_of_the_spine(tmp_path: Path) -> None:
    source = archive(tmp_path / "a", dict(sorted(epub_members(CHAPTERS).items(), reverse=True)))
    found = converted(EpubConverter(), source)
    assert [(block.markdown, block.page_start) for block in found.blocks] == [
        ("# 第一章", 1),
        ("text", 1),
        ("## Two", 2),
        ("more", 2),
    ]


def test_pictures_of_the_book_are_extracted(tmp_path: Path) -> None:
    chapter = {
        "a.xhtml": '<p>before</p><img src="../OEBPS/img/valve%201.png" alt="阀门"/><img src="http://192.0.2.1/x"/>'
    }
    members = epub_members(chapter) | {"OEBPS/img/valve 1.png": picture("PNG")}
    found = converted(EpubConverter(), archive(tmp_path / "a", members))
    assert kinds(found) == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    assert len(found.images) == 1


def test_a_missing_chapter_costs_that_chapter(tmp_path: Path) -> None:
    members = epub_members(CHAPTERS)
    del members["OEBPS/a.xhtml"]
    found = converted(EpubConverter(), archive(tmp_path / "a", members))
    assert (found.page_count, found.markdown) == (2, "## Two\n\nmore\n")
    assert found.notes == ("page 1: OEBPS/a.xhtml could not be read",)


def test_a_book_without_any_of_its_chapters_is_damaged(tmp_path: Path) -> None:
    members = {name: content for name, content in epub_members(CHAPTERS).items() if not name.endswith(".xhtml")}
    with pytest.raises(DamagedFile):
        converted(EpubConverter(), archive(tmp_path / "a", members))


def test_a_locked_book_is_encrypted_and_one_with_masked_fonts_is_not(tmp_path: Path) -> None:
    lock = LOCK.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc").encode()
    locked = archive(tmp_path / "a", epub_members(CHAPTERS) | {"META-INF/encryption.xml": lock})
    with pytest.raises(EncryptedFile):
        converted(EpubConverter(), locked)
    mask = LOCK.format("http://www.idpf.org/2008/embedding").encode()
    masked = archive(tmp_path / "b", epub_members(CHAPTERS) | {"META-INF/encryption.xml": mask})
    assert "第一章" in converted(EpubConverter(), masked).markdown


def test_a_chapter_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    members = epub_members(CHAPTERS) | {"OEBPS/b.xhtml": b" " * (65 << 20)}
    with pytest.raises(ConversionLimitExceeded, match="65 MiB"):
        converted(EpubConverter(), archive(tmp_path / "a", members))

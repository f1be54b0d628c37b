from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from pypdfium2 import PdfiumError

from examples import sample_documents, sample_texts
from examples.sample_documents import DOCUMENTS, write_documents

BROKEN = {"encrypted-letter.pdf", "damaged-report.pdf"}
READABLE = [name for name in DOCUMENTS if name not in BROKEN]


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        return "".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_is_the_same_every_time(make: Callable[[], bytes]) -> None:
    assert make() == make()


@pytest.mark.parametrize("name", READABLE)
def test_a_document_has_several_pages_of_text(name: str) -> None:
    with pypdfium2.PdfDocument(DOCUMENTS[name]()) as document:
        assert len(document) >= 2
        assert all(page.get_textpage().count_chars() > 40 for page in document)


def test_the_chinese_document_can_be_read_as_chinese() -> None:
    text = text_of(sample_documents.chinese_handbook())
    assert sample_texts.HANDBOOK_TITLE in text
    assert "正在转换、分块或向量化" in text


def test_the_table_of_the_report_stands_in_its_text() -> None:
    text = text_of(sample_documents.english_report())
    assert all(cell in text for row in sample_texts.REPORT_TABLE for cell in row)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_document_does_not_open(name: str) -> None:
    with pytest.raises(PdfiumError):
        pypdfium2.PdfDocument(DOCUMENTS[name]())


def test_the_encrypted_document_opens_with_its_password() -> None:
    with pypdfium2.PdfDocument(sample_documents.encrypted_letter(), password="open sesame") as document:
        assert len(document) == 1


def test_documents_are_written_under_their_names(tmp_path: Path) -> None:
    assert [path.name for path in write_documents(tmp_path / "new")] == list(DOCUMENTS)

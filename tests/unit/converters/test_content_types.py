import io
import zipfile

import pytest

from shared.converters.content_types import HEAD_BYTES, detect_content_type
from shared.converters.registry import supported_content_types
from tests.samples import pdf_files

BROKEN_HEADER = b"GPL Ghostscript 10.0 wrote this line\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", "text")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"\xef\xbb\xbf%PDF-1.4\n",
        b"noise " * 100 + b"%PDF-1.4\n",
        BROKEN_HEADER,
        b"\x00\x01 a damaged first line\r12 0 obj\r<</Length 5>>stream\rxxxxx\rendstream\rendobj\r",
    ],
)
def test_a_pdf_is_told_by_its_content(head: bytes) -> None:
    assert detect_content_type(head) == "application/pdf"
    assert detect_content_type(head) in supported_content_types()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "application/x-empty"),
        (b"this is not a pdf\n", "text/plain"),
        ("知识库".encode(), "text/plain"),
        (("知识库" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
        (b"\xff\xfe\x00\xd8", "application/octet-stream"),
        (b"a text that says 1 0 obj, no more", "text/plain"),
        (b"x" * 1024 + b"%PDF-1.4\n", "text/plain"),
        (pdf_files.picture("PNG"), "image/png"),
        (pdf_files.picture("JPEG"), "image/jpeg"),
        (archive(), "application/zip"),
    ],
)
def test_what_is_not_a_pdf_is_named(head: bytes, expected: str) -> None:
    assert detect_content_type(head[:HEAD_BYTES]) == expected


def test_a_zip_that_holds_a_pdf_is_a_zip() -> None:
    # Stored without compression, the PDF inside shows its header near the start of the archive.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.pdf", b"%PDF-1.7\n1 0 obj\nendobj\n")
    assert detect_content_type(buffer.getvalue()) == "application/zip"

import io
import random
import zipfile
from pathlib import Path

import pytest

from shared.converters.archives import DOCX, EPUB, PPTX, XLSX
from shared.converters.content_types import (
    HEAD_BYTES,
    ZIP,
    claims_another_type,
    detect_archive_type,
    detect_content_type,
)
from shared.converters.registry import supported_content_types
from tests.samples import pdf_files
from tests.samples.document_files import MAKERS, SECTIONS, archive, changed

BROKEN_HEADER = b"GPL Ghostscript 10.0 wrote this line\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000)
CHINESE_TEXT = "知识库同步服务读取文档，每季度检查一次阀门。"


def some_archive() -> bytes:
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
        (("知识库" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
        (b"\xff\xfe\x00\xd8", "application/octet-stream"),
        (b"a text that says 1 0 obj, no more", "text/plain"),
        (b"x" * 1024 + b"%PDF-1.4\n", "text/plain"),
        (pdf_files.picture("PNG"), "image/png"),
        (pdf_files.picture("JPEG"), "image/jpeg"),
        (some_archive(), ZIP),
        (rb"{\rtf1\ansi hello}", "application/rtf"),
    ],
)
def test_what_is_not_a_pdf_is_named(head: bytes, expected: str) -> None:
    assert detect_content_type(head[:HEAD_BYTES]) == expected


@pytest.mark.parametrize(
    "content",
    [OLE, b"", bytes(500), some_archive(), rb"{\rtf1 x}", b"\x7fELF" + bytes(99), b"\x1f\x8b\x08" + bytes(90)],
)
def test_what_no_converter_reads_is_not_supported(content: bytes) -> None:
    assert detect_content_type(content, "a.docx") not in supported_content_types()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_chinese_text_is_text_in_every_usual_encoding(encoding: str) -> None:
    assert detect_content_type(CHINESE_TEXT.encode(encoding)) == "text/plain"
    for shift in range(4):  # the head ends in the middle of a character
        head = ("x" * shift + CHINESE_TEXT * 1000).encode(encoding)[:HEAD_BYTES]
        assert detect_content_type(head) == "text/plain"


def test_western_text_of_old_programs_is_text() -> None:
    assert detect_content_type("Prüfung der Ventile im März, für alle.".encode("cp1252")) == "text/plain"


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_text(seed: int) -> None:
    noise = random.Random(seed).randbytes(4000)
    assert not detect_content_type(noise).startswith("text/")
    assert not detect_content_type(bytes(byte | 0x80 for byte in noise)).startswith("text/")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("# Title\n\ntext", "a.md", "text/markdown"),
        ("# Title\n\ntext", "a.MARKDOWN", "text/markdown"),
        ("# Title\n\ntext", "a.txt", "text/plain"),
        ("# Title\n\ntext", "", "text/plain"),
        ("<!DOCTYPE html><p>x", "", "text/html"),
        ("\n <!-- made by -->\n<HTML lang=zh><body>x", "a.txt", "text/html"),
        ('<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', "a.xhtml", "text/html"),
        ("<h1>Title</h1><p>text</p>", "fragment", "text/html"),
        ("<3 is a heart", "", "text/plain"),
        ("<p> is a tag of HTML", "a.md", "text/markdown"),
        ("name,amount,price\na,1,2\nb,2,3\n", "", "text/csv"),
        ("name;amount;price\na;1,5;2\nb;2;3\n", "data", "text/csv"),
        ("name\tamount\tprice\na\t1\t2\nb\t2\t3\n", "export.dat", "text/csv"),
        ("only one column\nof values\n", "a.csv", "text/csv"),
        ("name,amount,price\na,1,2\nb,2,3\n", "a.txt", "text/plain"),
        ("Well, yes, he said.\nNo, no, she said.\nOh, well, they said.\n", "", "text/plain"),
        ("| a | b |\n|---|---|\n| c | d |\n", "", "text/plain"),
        ("BM is how a bitmap begins, and this text", "", "text/plain"),
        ("A PDF begins with %PDF-1.7 and then 1 0 obj", "pdf.md", "text/markdown"),
    ],
)
def test_kinds_of_text_are_told_apart(text: str, name: str, expected: str) -> None:
    assert detect_content_type(text.encode(), name) == expected


@pytest.mark.parametrize("name", ["report.pdf", "REPORT.PDF", "a.docx", "b.xls", "c.png", "d.zip"])
@pytest.mark.parametrize(
    "content", [b"this is not a pdf\n", b"<!DOCTYPE html><title>404</title>", b"a,b,c\n1,2,3\n4,5,6\n"]
)
def test_a_text_by_the_name_of_a_binary_format_claims_another_type(name: str, content: bytes) -> None:
    assert claims_another_type(name, detect_content_type(content, name))


@pytest.mark.parametrize("name", ["a.txt", "notes", "a.md", "main.py", "v1.2", "settings.json"])
def test_a_text_by_another_name_does_not(name: str) -> None:
    assert not claims_another_type(name, detect_content_type(b"some text", name))


def test_a_real_document_by_the_name_of_another_is_taken_for_what_it_is() -> None:
    assert not claims_another_type("a.pdf", DOCX)
    assert not claims_another_type("a.docx", "application/pdf")


def type_of(path: Path) -> str:
    head = path.read_bytes()[:HEAD_BYTES]
    assert detect_content_type(head, path.name) == ZIP
    return detect_archive_type(path, head)


@pytest.mark.parametrize(("kind", "expected"), [("docx", DOCX), ("pptx", PPTX), ("xlsx", XLSX), ("epub", EPUB)])
def test_archives_are_told_by_their_directory(tmp_path: Path, kind: str, expected: str) -> None:
    source = MAKERS[kind](tmp_path / "source", SECTIONS)
    assert type_of(source) == expected
    with zipfile.ZipFile(source) as file:
        members = {name: file.read(name) for name in file.namelist()}
    pictures = {f"media/{n}.png": random.Random(n).randbytes(4000) for n in range(5)}
    late = archive(tmp_path / "late", pictures | dict(sorted(members.items(), reverse=True)))
    assert b"Types" not in late.read_bytes()[:HEAD_BYTES]
    assert type_of(late) == expected


@pytest.mark.parametrize(("kind", "expected"), [("docx", DOCX), ("pptx", PPTX), ("xlsx", XLSX), ("epub", EPUB)])
def test_an_archive_without_its_directory_is_told_by_its_head(tmp_path: Path, kind: str, expected: str) -> None:
    source = MAKERS[kind](tmp_path / "source", SECTIONS)
    with zipfile.ZipFile(source) as file:
        names = sorted(file.namelist(), key=lambda name: (name != "mimetype", "[Content" not in name, len(name)))
        members = {name: file.read(name) for name in names}
    archive(source, members)
    source.write_bytes(source.read_bytes()[:-400])
    assert type_of(source) == expected


def test_documents_with_macros_and_templates_are_read_like_others(tmp_path: Path) -> None:
    source = MAKERS["docx"](tmp_path / "source", SECTIONS)
    with zipfile.ZipFile(source) as file:
        types = file.read("[Content_Types].xml")
    plain = b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    for other in (b"vnd.ms-word.document.macroEnabled.main+xml", plain.replace(b"document.main", b"template.main")):
        assert type_of(changed(source, {"[Content_Types].xml": types.replace(plain, other)})) == DOCX
        changed(source, {"[Content_Types].xml": types})


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"a.txt": b"text"}, ZIP),
        ({"word/document.xml": b"<x/>"}, ZIP),
        ({"[Content_Types].xml": b"<Types/>"}, ZIP),
        ({"mimetype": b"application/vnd.oasis.opendocument.text"}, "application/vnd.oasis.opendocument.text"),
        ({"mimetype": b"what\nis this"}, ZIP),
        ({"META-INF/container.xml": b"<x/>", "a.opf": b"<x/>"}, EPUB),
    ],
)
def test_an_archive_of_something_else_is_named(tmp_path: Path, members: dict[str, bytes], expected: str) -> None:
    assert type_of(archive(tmp_path / "source", members)) == expected


def test_an_archive_of_too_many_members_is_not_unfolded(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with zipfile.ZipFile(source, "w") as file:
        file.writestr("mimetype", EPUB)
        for number in range(60_000):
            file.writestr(f"a/{number:060}", b"")
    assert detect_archive_type(source, b"PK\x03\x04") == ZIP


def test_a_zip_that_holds_a_pdf_is_a_zip() -> None:
    # Stored without compression, the PDF inside shows its header near the start of the archive.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.pdf", b"%PDF-1.7\n1 0 obj\nendobj\n")
    assert detect_content_type(buffer.getvalue()) == ZIP

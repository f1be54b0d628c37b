"""Uploads of every type of document: taken by content, refused with nothing left behind."""

import io
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from shared.converters.archives import DOCX, EPUB, PPTX, XLSX
from shared.resources import Resources
from tests.samples.document_files import MAKERS, SECTIONS

API = "/api/v1"
TYPES = {
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "docx": DOCX,
    "pptx": PPTX,
    "xlsx": XLSX,
    "epub": EPUB,
}
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000)


def send(client: TestClient, kb_id: str, name: str, content: bytes) -> Response:
    response = client.post(f"{API}/knowledge-bases/{kb_id}/documents/upload", files=[("file", (name, content))])
    assert isinstance(response, Response)
    return response


def stored_files(resources: Resources) -> list[Path]:
    return [path for path in resources.settings.objects_path.rglob("*") if path.is_file()]


def archive_with(size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.bin", bytes(size))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_every_type_is_taken(api_client: TestClient, knowledge_base_id: str, tmp_path: Path, kind: str) -> None:
    content = MAKERS[kind](tmp_path / "source", SECTIONS).read_bytes()
    response = send(api_client, knowledge_base_id, f"文件.{kind}", content)
    assert response.status_code == 201
    assert response.json()["data"]["content_type"] == TYPES[kind]
    document_id = response.json()["data"]["id"]
    file = api_client.get(f"{API}/documents/{document_id}/file")
    assert file.content == content
    assert file.headers["content-type"] == TYPES[kind]


REFUSED = {
    "empty.pdf": (b"", "application/x-empty"),
    "bad.pdf": (b"this is not a pdf\n", "text/plain"),
    "page.pdf": (b"<!DOCTYPE html><title>404</title>", "text/html"),
    "a.docx": (b"only text", "text/plain"),
    "a.zip": (archive_with(100), "application/zip"),
    "big.docx": (archive_with(2_000_000), "application/zip"),
    "old.doc": (OLE, "application/x-ole-storage"),
    "noise.txt": (bytes(range(256)) * 9, "application/octet-stream"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_anything_else_is_3004_and_leaves_nothing(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, name: str
) -> None:
    content, detected = REFUSED[name]
    response = send(api_client, knowledge_base_id, name, content)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "3004")
    assert error["details"]["filename"] == name
    assert error["details"]["detected_type"] == detected
    assert stored_files(resources) == []
    assert api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}/documents").json()["data"] == []


def test_a_word_document_that_is_called_a_pdf_is_a_word_document(
    api_client: TestClient, knowledge_base_id: str, tmp_path: Path
) -> None:
    content = MAKERS["docx"](tmp_path / "source", SECTIONS).read_bytes()
    response = send(api_client, knowledge_base_id, "report.pdf", content)
    assert (response.status_code, response.json()["data"]["content_type"]) == (201, DOCX)

"""Uploads over HTTP: streamed, measured, deduplicated, and leaving nothing when they fail."""

import hashlib
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from fastapi.testclient import TestClient
from httpx2 import Response

from api.main import create_app
from shared.embedded.health import wait_until
from shared.resources import Resources
from shared.settings import Settings

API = "/api/v1"
Pdf = Callable[..., bytes]
DOCUMENT_FIELDS = [
    "id",
    "kb_id",
    "filename",
    "object_key",
    "content_type",
    "file_size",
    "sha256",
    "chunk_count",
    "status",
    "created_at",
    "updated_at",
]


def send(client: TestClient, kb_id: str, *files: tuple[str, bytes]) -> Response:
    response = client.post(f"{API}/knowledge-bases/{kb_id}/documents/upload", files=[("file", file) for file in files])
    assert isinstance(response, Response)
    return response


def stored_files(resources: Resources) -> list[Path]:
    return [path for path in resources.settings.objects_path.rglob("*") if path.is_file()]


def test_one_file_answers_an_object(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, pdf: Pdf
) -> None:
    content = pdf("one")
    response = send(api_client, knowledge_base_id, ("报告.pdf", content))
    assert response.status_code == 201
    data = response.json()["data"]
    assert list(data) == DOCUMENT_FIELDS
    assert data["filename"] == "报告.pdf"
    assert data["status"] == "uploaded"
    assert data["content_type"] == "application/pdf"
    assert data["file_size"] == len(content)
    assert data["sha256"] == hashlib.sha256(content).hexdigest()
    assert resources.object_store.get(data["object_key"]) == content


def test_several_files_answer_an_array_in_their_order(api_client: TestClient, knowledge_base_id: str, pdf: Pdf) -> None:
    response = send(api_client, knowledge_base_id, *((f"{n}.pdf", pdf(str(n))) for n in range(5)))
    assert response.status_code == 201
    assert [document["filename"] for document in response.json()["data"]] == [f"{n}.pdf" for n in range(5)]


def test_equal_bytes_are_a_duplicate_and_are_stored_once(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, pdf: Pdf
) -> None:
    first = send(api_client, knowledge_base_id, ("a.pdf", pdf("same")))
    again = send(api_client, knowledge_base_id, ("b.pdf", pdf("same")))
    assert again.status_code == 200
    assert again.json()["data"] == {**first.json()["data"], "duplicate": True}
    assert len(stored_files(resources)) == 1
    mixed = send(api_client, knowledge_base_id, ("c.pdf", pdf("same")), ("d.pdf", pdf("new")))
    assert mixed.status_code == 201
    assert [document.get("duplicate") for document in mixed.json()["data"]] == [True, None]


def test_equal_bytes_in_another_knowledge_base_are_no_duplicate(
    api_client: TestClient, knowledge_base_id: str, pdf: Pdf
) -> None:
    other = api_client.post(f"{API}/knowledge-bases", json={"name": "other"}).json()["data"]["id"]
    assert send(api_client, knowledge_base_id, ("a.pdf", pdf("same"))).status_code == 201
    assert send(api_client, other, ("a.pdf", pdf("same"))).status_code == 201


def test_unsupported_content_is_3004_whatever_its_name(
    api_client: TestClient, resources: Resources, knowledge_base_id: str
) -> None:
    response = send(api_client, knowledge_base_id, ("fake.pdf", b"\x7fELF" + bytes(5000)))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "3004")
    assert error["details"]["filename"] == "fake.pdf"
    assert error["details"]["detected_type"] != "application/pdf"
    assert stored_files(resources) == []


def test_bad_file_among_good_ones_names_what_was_stored(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, pdf: Pdf
) -> None:
    response = send(api_client, knowledge_base_id, ("1.pdf", pdf("1")), ("bad.pdf", b"plain text"), ("3.pdf", pdf("3")))
    error = response.json()["error"]
    assert error["code"] == "3004"
    [uploaded] = error["details"]["uploaded"]
    assert uploaded["filename"] == "1.pdf"
    assert len(stored_files(resources)) == 1
    listed = api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}/documents").json()["data"]
    assert [document["id"] for document in listed] == [uploaded["id"]]


def test_file_above_the_limit_is_3003_and_leaves_nothing(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, pdf: Pdf
) -> None:
    max_size = resources.settings.max_upload_bytes
    response = send(api_client, knowledge_base_id, ("big.pdf", pdf("big", size=max_size + 100_000)))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "3003")
    assert error["details"]["max_size"] == max_size
    assert error["details"]["file_size"] > max_size
    assert stored_files(resources) == []


def test_announced_length_beyond_any_sense_is_refused_unread(
    live_servers: Callable[[], str], api_settings: Settings, resources: Resources
) -> None:
    url = live_servers()
    kb_id = requests.post(f"{url}/knowledge-bases", json={"name": "limits"}, timeout=30).json()["data"]["id"]
    length = api_settings.max_upload_bytes * 1000
    with connected(url) as client:
        client.sendall(upload_head(kb_id, length=length))
        answer = ""
        while "request_id" not in answer and (received := client.recv(65536)):
            answer += received.decode()
    assert answer.startswith("HTTP/1.1 400")
    assert '"3003"' in answer


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def upload_head(kb_id: str, *, length: int) -> bytes:
    return (
        f"POST {API}/knowledge-bases/{kb_id}/documents/upload HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary=frontier\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("content", "content_type", "field"),
    [
        (b"{}", "application/json", "body"),
        (b"", "multipart/form-data", "body"),
        (b"", "multipart/form-data; boundary=x", "body"),
        (b"nonsense", "multipart/form-data; boundary=x", "body"),
        (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7', None, "body"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--x--\r\n', None, "file"),
        (b'--x\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nabc\r\n--x--\r\n', None, "file"),
        (b"--x--\r\n", None, "file"),
    ],
)
def test_malformed_body_is_1002_and_leaves_nothing(
    *,
    api_client: TestClient,
    resources: Resources,
    knowledge_base_id: str,
    content: bytes,
    content_type: str | None,
    field: str,
) -> None:
    response = api_client.post(
        f"{API}/knowledge-bases/{knowledge_base_id}/documents/upload",
        content=content,
        headers={"Content-Type": content_type or "multipart/form-data; boundary=x"},
    )
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "1002")
    assert error["details"]["errors"][0]["field"] == field
    assert stored_files(resources) == []


def test_unknown_knowledge_base_is_2001_before_the_body_is_looked_at(api_client: TestClient) -> None:
    response = api_client.post(f"{API}/knowledge-bases/kb-no/documents/upload", content=b"nonsense")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "2001")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\me\\a.pdf", "a.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        ("长" * 4000 + ".pdf", "长" * 251 + ".pdf"),
        ("...", "document"),
    ],
)
def test_file_names_are_made_harmless(
    *, api_client: TestClient, resources: Resources, knowledge_base_id: str, pdf: Pdf, sent: str, kept: str
) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + sent.encode()
        + b'"\r\n\r\n'
        + pdf(kept)
        + b"\r\n--x--\r\n"
    )
    response = api_client.post(
        f"{API}/knowledge-bases/{knowledge_base_id}/documents/upload",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    assert data["filename"] == kept
    assert data["object_key"] == f"{knowledge_base_id}/{data['id']}/source"
    download = api_client.get(f"{API}/documents/{data['id']}/file")
    assert download.content == pdf(kept)


def test_store_that_refuses_is_3002(api_settings: Settings, resources: Resources, tmp_path: Path, pdf: Pdf) -> None:
    (tmp_path / "uploads").write_text("a file where the store wants a directory")
    settings = api_settings.model_copy(update={"object_store_path": tmp_path})
    with TestClient(create_app(settings)) as client:
        kb_id = client.post(f"{API}/knowledge-bases", json={"name": "full disk"}).json()["data"]["id"]
        response = send(client, kb_id, ("a.pdf", pdf("a")))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (500, "3002")
    assert error["details"] == {"filename": "a.pdf"}


def test_cut_connection_leaves_no_object(live_servers: Callable[[], str], resources: Resources, pdf: Pdf) -> None:
    url = live_servers()
    kb_id = requests.post(f"{url}/knowledge-bases", json={"name": "cut"}, timeout=30).json()["data"]["id"]
    with connected(url) as client:
        client.sendall(upload_head(kb_id, length=10 << 20))
        client.sendall(b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n')
        client.sendall(pdf("cut", size=1 << 20))
        wait_until(lambda: len(stored_files(resources)) == 1, seconds=30, what="the upload did not begin")
    wait_until(lambda: stored_files(resources) == [], seconds=30, what="the cut upload was not removed")
    assert resources.documents.all_ids(kb_id) == []


def test_large_file_streams_through_without_being_held(live_servers: Callable[[], str], resources: Resources) -> None:
    """The server runs in this process, so that what it holds at most can be measured."""
    url = live_servers()
    kb_id = requests.post(f"{url}/knowledge-bases", json={"name": "large"}, timeout=30).json()["data"]["id"]
    digest = hashlib.sha256()
    tracemalloc.start()
    try:
        response = requests.post(
            f"{url}/knowledge-bases/{kb_id}/documents/upload",
            data=form_of_30_mb(digest.update),
            headers={"Content-Type": "multipart/form-data; boundary=frontier"},
            timeout=120,
        )
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    assert (data["file_size"], data["sha256"]) == (30 << 20, digest.hexdigest())
    assert peak_bytes < 8 << 20


def form_of_30_mb(hashed: Callable[[bytes], None]) -> Iterator[bytes]:
    yield b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="large.pdf"\r\n\r\n'
    for number in range(480):
        piece = (b"%%PDF-1.7 %d\r\n" % number).ljust(65536, b"\r")
        hashed(piece)
        yield piece
    yield b"\r\n--frontier--\r\n"

"""Importing a bucket: what is new, changed, gone, shared, no document, too large, in use or forbidden."""

import io
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
from fastapi.testclient import TestClient
from pymongo import MongoClient

from api.main import create_app
from shared.resources import Resources
from shared.services.sync_tasks import SyncRequest, cancel, create
from shared.settings import Settings
from shared.states import DocumentStatus, TaskType
from tests.samples.s3_server import LISTED_AT_ONCE, Fault, S3Server

API = "/api/v1"
MAX_UPLOAD_BYTES = 4 << 20


class ImportedBucket:
    """A knowledge base with a bucket of its own, and both sides of it."""

    def __init__(self, client: TestClient, resources: Resources, server: S3Server, bucket: str) -> None:
        self.client, self.resources, self.server, self.bucket = client, resources, server, bucket
        self.s3 = server.client()
        self.kb_id = self.make(s3_bucket=bucket, s3_prefix="prd/")["id"]

    def make(self, **fields: str) -> Any:
        answer = self.client.post(f"{API}/knowledge-bases", json={"name": uuid.uuid4().hex, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def ask(self, body: Any = None, *, kb_id: str = "") -> Any:
        sent = {} if body is None else {"json": body}
        return self.client.post(f"{API}/knowledge-bases/{kb_id or self.kb_id}/documents/import", **sent)

    def run(self, **body: str) -> Any:
        answer = self.ask(body or None)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def outcomes(self) -> dict[str, str]:
        """Import, and return what became of each object that is not as it was."""
        return {each["key"]: each["outcome"] for each in self.run()["objects"]}

    def documents(self, kb_id: str = "") -> dict[str, Any]:
        answer = self.client.get(f"{API}/knowledge-bases/{kb_id or self.kb_id}/documents", params={"page_size": "100"})
        return {each["object_key"]: each for each in answer.json()["data"]}

    def reads(self) -> int:
        """How many reads of objects under the prefix there were."""
        return sum(
            count for what, count in self.server.requests().items() if what.startswith(f"GET /{self.bucket}/prd/")
        )


@pytest.fixture(scope="module")
def app_settings(
    mongodb_url: str, redis_server_url: str, shared_s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    name = f"test_import_{uuid.uuid4().hex[:12]}"
    service_bucket = shared_s3_server.make_bucket(f"service-{uuid.uuid4().hex[:12]}")
    yield Settings(
        mongodb_url=mongodb_url,
        mongodb_database=name,
        redis_url=redis_server_url,
        data_dir=tmp_path_factory.mktemp("import"),
        object_store="s3",
        s3_endpoint=shared_s3_server.url,
        s3_bucket=service_bucket,
        embedding_provider="hashing",
        embedding_model="words-64",
        max_upload_bytes=MAX_UPLOAD_BYTES,
    )
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture(scope="module")
def app_client(app_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(app_settings)) as client:
        yield client


@pytest.fixture
def kb(
    app_client: TestClient, app_settings: Settings, s3_server: S3Server, bucket: str, redis_url: str
) -> Iterator[ImportedBucket]:
    resources = Resources(app_settings, timeout_seconds=10)
    yield ImportedBucket(app_client, resources, s3_server, bucket)
    resources.close()


Pdf = Callable[..., bytes]


def word_file(text: str) -> bytes:
    document, saved = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(saved)
    return saved.getvalue()


def test_new_changed_and_deleted_objects_are_told_apart(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.put("prd/下级/b.pdf", pdf("b"))
    kb.put("other/c.pdf", pdf("c"))
    first = kb.run()
    assert first["complete"]
    assert first["statistics"]["added"] == 2
    documents = kb.documents()
    assert set(documents) == {"prd/a.pdf", "prd/下级/b.pdf"}
    assert documents["prd/下级/b.pdf"]["filename"] == "b.pdf"
    assert documents["prd/a.pdf"]["status"] == "uploaded"
    kb.put("prd/a.pdf", pdf("a, second edition"))
    kb.put("prd/d.pdf", pdf("d"))
    kb.delete("prd/下级/b.pdf")
    second = kb.run()
    assert {each["key"]: each["outcome"] for each in second["objects"]} == {
        "prd/a.pdf": "changed",
        "prd/d.pdf": "added",
        "prd/下级/b.pdf": "deleted",
    }
    after = kb.documents()
    assert set(after) == {"prd/a.pdf", "prd/d.pdf"}
    assert after["prd/a.pdf"]["id"] == documents["prd/a.pdf"]["id"]
    assert after["prd/a.pdf"]["sha256"] != documents["prd/a.pdf"]["sha256"]
    assert kb.client.get(f"{API}/documents/{after['prd/a.pdf']['id']}/file").content == pdf("a, second edition")


def test_unchanged_objects_are_not_read_again_nor_are_those_that_are_no_documents(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.put("prd/program.exe", b"MZ" + bytes(range(256)) * 10)
    kb.run()
    reads = kb.reads()
    again = kb.run()
    assert kb.reads() == reads
    assert (again["statistics"]["unchanged"], again["statistics"]["skipped"]) == (1, 1)
    assert again["objects"][0]["key"] == "prd/program.exe"


def test_what_is_no_document_is_named_with_its_reason_and_stops_nothing(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/folder/", b"")
    kb.put("prd/empty.pdf", b"")
    kb.put("prd/large.pdf", pdf("large", size=MAX_UPLOAD_BYTES + 10))
    kb.put("prd/lies.pdf", b"<html><body>Not found</body></html>")
    kb.put("prd/report", word_file("第一章"))
    kb.put("prd/z.pdf", pdf("z"))
    objects = {each["key"]: each for each in kb.run()["objects"]}
    assert {key: each["outcome"] for key, each in objects.items()} == {
        "prd/empty.pdf": "skipped",
        "prd/large.pdf": "skipped",
        "prd/lies.pdf": "skipped",
        "prd/report": "added",
        "prd/z.pdf": "added",
    }
    assert {key: each["error"]["code"] for key, each in objects.items() if "error" in each} == {
        "prd/empty.pdf": "3004",
        "prd/large.pdf": "3003",
        "prd/lies.pdf": "3004",
    }
    assert objects["prd/lies.pdf"]["error"]["details"]["detected_type"] == "text/html"
    assert kb.documents()["prd/report"]["content_type"].endswith("wordprocessingml.document")


def test_an_object_that_stops_being_a_document_takes_its_document_with_it(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.run()
    kb.put("prd/a.pdf", b"\x7fELF" + bytes(1000))
    assert kb.outcomes() == {"prd/a.pdf": "skipped"}
    assert kb.documents() == {}


def test_an_object_that_may_not_be_read_fails_alone_and_is_tried_again(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.put("prd/secret.pdf", pdf("secret"))
    with kb.server.failing(Fault("GET", "/prd/secret.pdf", status=403)):
        failed = {each["key"]: each for each in kb.run()["objects"]}
    assert failed["prd/a.pdf"]["outcome"] == "added"
    assert (failed["prd/secret.pdf"]["outcome"], failed["prd/secret.pdf"]["error"]["code"]) == ("failed", "4005")
    assert kb.outcomes() == {"prd/secret.pdf": "added"}


def test_equal_objects_share_a_document_which_outlives_the_one_that_brought_it(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("same"))
    kb.run()
    kb.put("prd/b.pdf", pdf("same"))
    assert kb.outcomes() == {"prd/b.pdf": "duplicate"}
    document_id = kb.documents()["prd/a.pdf"]["id"]
    kb.delete("prd/a.pdf")
    assert kb.outcomes() == {"prd/a.pdf": "deleted"}
    assert {key: each["id"] for key, each in kb.documents().items()} == {"prd/b.pdf": document_id}
    kb.put("prd/b.pdf", pdf("no longer the same"))
    kb.put("prd/c.pdf", pdf("same"))
    kb.run()
    assert set(kb.documents()) == {"prd/b.pdf", "prd/c.pdf"}
    kb.put("prd/b.pdf", pdf("same"))
    kb.run()
    assert set(kb.documents()) == {"prd/c.pdf"}


def test_a_renamed_object_keeps_its_document(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/old.pdf", pdf("text"))
    kb.run()
    document_id = kb.documents()["prd/old.pdf"]["id"]
    kb.put("prd/new.pdf", pdf("text"))
    kb.delete("prd/old.pdf")
    kb.run()
    assert {key: each["id"] for key, each in kb.documents().items()} == {"prd/new.pdf": document_id}
    assert kb.run()["objects"] == []


def test_a_document_with_a_lost_twin_is_found_when_one_of_them_changes(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("same"))
    kb.run()
    kb.put("prd/b.pdf", pdf("same"))
    kb.run()
    kb.put("prd/a.pdf", pdf("other"))
    assert kb.outcomes() == {"prd/a.pdf": "changed"}
    assert {key: each["sha256"] for key, each in kb.documents().items()}.keys() == {"prd/a.pdf", "prd/b.pdf"}
    assert kb.run()["objects"] == []


def test_a_document_that_was_removed_comes_back_while_its_object_is_there(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.run()
    document_id = kb.documents()["prd/a.pdf"]["id"]
    removed = kb.client.request(
        "DELETE", f"{API}/knowledge-bases/{kb.kb_id}/documents", json={"document_ids": [document_id]}
    )
    assert removed.status_code == 200
    assert kb.s3.head_object(Bucket=kb.bucket, Key="prd/a.pdf")
    assert kb.outcomes() == {"prd/a.pdf": "added"}


def test_what_a_running_sync_holds_is_left_until_the_next_import(kb: ImportedBucket, pdf: Pdf) -> None:
    for name in ("changed", "gone", "spoilt"):
        kb.put(f"prd/{name}.pdf", pdf(name))
    kb.run()
    before = kb.documents()
    task = create(kb.resources, SyncRequest(kb_id=kb.kb_id, task_type=TaskType.FULL_SYNC))
    kb.put("prd/changed.pdf", pdf("changed, second edition"))
    kb.put("prd/spoilt.pdf", b"\x7fELF")
    kb.delete("prd/gone.pdf")
    held = kb.run()
    assert {each["outcome"] for each in held["objects"]} == {"in_use"}
    assert {each["error"]["details"]["running_task_id"] for each in held["objects"]} == {task.id}
    assert held["statistics"]["in_use"] == 3
    assert kb.documents() == before
    cancel(kb.resources, task.id)
    assert kb.outcomes() == {"prd/changed.pdf": "changed", "prd/gone.pdf": "deleted", "prd/spoilt.pdf": "skipped"}


def test_a_document_in_work_is_not_changed_under_the_worker(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.run()
    document_id = kb.documents()["prd/a.pdf"]["id"]
    kb.resources.documents.mark_processing([document_id], task_id="task-of-somebody", fence=1)
    kb.put("prd/a.pdf", pdf("b"))
    assert kb.outcomes() == {"prd/a.pdf": "in_use"}
    kb.resources.documents.restore_status("task-of-somebody", [(document_id, DocumentStatus.COMPLETED)])
    assert kb.outcomes() == {"prd/a.pdf": "changed"}
    assert kb.documents()["prd/a.pdf"]["status"] == "uploaded"


def test_many_objects_are_imported_page_by_page_and_over_several_calls(
    kb: ImportedBucket, app_settings: Settings, pdf: Pdf
) -> None:
    count = 2 * LISTED_AT_ONCE + 20
    for number in range(count):
        kb.put(f"prd/{number:04}.pdf", pdf(str(number)))
    hurried = app_settings.model_copy(update={"import_seconds": 0.001})
    with TestClient(create_app(hurried)) as client:
        first = client.post(f"{API}/knowledge-bases/{kb.kb_id}/documents/import").json()["data"]
        assert not first["complete"]
        assert 0 < first["statistics"]["added"] < count
    added = first["statistics"]["added"]
    rest = kb.run(start_after=first["next_start_after"])
    assert rest["complete"]
    assert added + rest["statistics"]["added"] == count
    for number in range(0, count, 2):
        kb.delete(f"prd/{number:04}.pdf")
    thinned = kb.run()["statistics"]
    assert (thinned["deleted"], thinned["unchanged"]) == (count // 2, count // 2)
    for number in range(1, count, 2):
        kb.delete(f"prd/{number:04}.pdf")
    assert kb.run()["statistics"]["deleted"] == count // 2
    assert kb.documents() == {}


def test_our_own_files_are_never_documents(kb: ImportedBucket, pdf: Pdf) -> None:
    uploaded = kb.client.post(
        f"{API}/knowledge-bases/{kb.kb_id}/documents/upload", files={"file": ("mine.pdf", pdf("mine"))}
    ).json()["data"]
    below = kb.make(s3_bucket=kb.bucket, s3_prefix="prd/deep/")["id"]
    kb.client.post(f"{API}/knowledge-bases/{below}/documents/upload", files={"file": ("x.pdf", pdf("x"))})
    keys = [each["Key"] for each in kb.s3.list_objects_v2(Bucket=kb.bucket)["Contents"]]
    assert f"prd/.kbsync/{uploaded['object_key']}" in keys
    assert any(key.startswith(f"prd/deep/.kbsync/{below}/") for key in keys)
    assert kb.run()["objects"] == []
    whole = kb.make(s3_bucket=kb.bucket)["id"]
    assert kb.ask(kb_id=whole).json()["data"]["objects"] == []


def test_the_area_of_the_service_holds_no_documents_for_anybody(
    kb: ImportedBucket, app_settings: Settings, pdf: Pdf
) -> None:
    plain = kb.make()["id"]
    kb.client.post(f"{API}/knowledge-bases/{plain}/documents/upload", files={"file": ("x.pdf", pdf("x"))})
    assert app_settings.s3_bucket is not None
    nosy = kb.make(s3_bucket=app_settings.s3_bucket)["id"]
    assert kb.ask(kb_id=nosy).json()["data"]["statistics"]["added"] == 0
    for prefix in (".kbsync/", f".kbsync/{plain}/", "a/.kbsync/b/"):
        refused = kb.client.post(
            f"{API}/knowledge-bases",
            json={"name": uuid.uuid4().hex, "s3_bucket": app_settings.s3_bucket, "s3_prefix": prefix},
        )
        assert refused.json()["error"]["code"] == "1002"


def test_two_knowledge_bases_on_one_prefix_have_each_its_own_documents(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    twin = kb.make(s3_bucket=kb.bucket, s3_prefix="prd/")["id"]
    kb.run()
    assert kb.ask(kb_id=twin).json()["data"]["statistics"]["added"] == 1
    assert kb.documents()["prd/a.pdf"]["id"] != kb.documents(twin)["prd/a.pdf"]["id"]


def test_removing_a_knowledge_base_leaves_the_objects_of_its_owner(kb: ImportedBucket, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.run()
    kb.client.post(f"{API}/knowledge-bases/{kb.kb_id}/documents/upload", files={"file": ("b.pdf", pdf("b"))})
    removed = kb.client.delete(f"{API}/knowledge-bases/{kb.kb_id}").json()["data"]
    assert (removed["deleted_documents"], removed["deleted_objects"]) == (2, 1)
    assert [each["Key"] for each in kb.s3.list_objects_v2(Bucket=kb.bucket)["Contents"]] == ["prd/a.pdf"]
    assert kb.resources.bucket_objects.between(kb.kb_id, after="", upto=None, limit=10) == []


def test_keys_that_our_own_could_not_be_are_imported(kb: ImportedBucket, pdf: Pdf) -> None:
    keys = ["prd//a.pdf", "prd/../b.pdf", "prd/back\\slash.pdf", f"prd/{'长' * 100}.pdf", "prd/a b+c%20&=?.pdf"]
    for key in keys:
        kb.put(key, pdf(key))
    assert set(kb.outcomes().values()) == {"added"}
    documents = kb.documents()
    assert set(documents) == set(keys)
    for key in keys:
        assert kb.client.get(f"{API}/documents/{documents[key]['id']}/file").content == pdf(key)


def test_refusals_are_clear(kb: ImportedBucket) -> None:
    assert kb.ask(kb_id="kb-unknown").json()["error"]["code"] == "2001"
    plain = kb.make()["id"]
    without = kb.ask(kb_id=plain)
    assert (without.status_code, without.json()["error"]["code"]) == (400, "1002")
    assert without.json()["error"]["details"]["errors"] == [{"field": "s3_bucket", "reason": "该知识库没有s3_bucket"}]
    assert kb.ask({"start_after": 3}).json()["error"]["code"] == "1002"
    missing = kb.make(s3_bucket="nobody-made-this")["id"]
    answer = kb.ask(kb_id=missing)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "4004")
    with kb.server.failing(Fault("GET", "list-type", status=403)):
        assert kb.ask().json()["error"]["code"] == "4005"


def test_a_local_service_has_nothing_to_import(api_client: TestClient) -> None:
    made = api_client.post(f"{API}/knowledge-bases", json={"name": "local", "s3_bucket": "company-documents"})
    answer = api_client.post(f"{API}/knowledge-bases/{made.json()['data']['id']}/documents/import")
    assert answer.json()["error"]["code"] == "1002"


def test_only_named_buckets_may_be_used_where_some_are_named(app_settings: Settings) -> None:
    careful = app_settings.model_copy(update={"s3_import_buckets": "papers, books"})
    with TestClient(create_app(careful)) as client:
        for bucket, status in (("books", 201), ("salaries", 400)):
            body = {"name": uuid.uuid4().hex, "s3_bucket": bucket}
            assert client.post(f"{API}/knowledge-bases", json=body).status_code == status


def test_no_file_is_left_on_the_local_disk(kb: ImportedBucket, app_settings: Settings, pdf: Pdf) -> None:
    kb.put("prd/a.pdf", pdf("a"))
    kb.run()
    assert [path for path in Path(app_settings.data_dir).rglob("*") if path.is_file()] == []

"""A sync with everything in buckets: the documents in their owner's, our files beside them, the vectors in ours."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.services import knowledge_bases
from shared.services.bucket_documents import Outcome
from shared.services.bucket_import import BucketImport, import_bucket
from shared.states import DocumentStatus, RunStatus, TaskStatus
from tests.integration.sync_world import World, pdf, settings_for
from tests.samples.s3_server import S3Server


class BucketWorld:
    """A knowledge base whose documents lie in a bucket of their owner."""

    def __init__(self, world: World, server: S3Server, bucket: str) -> None:
        self.world, self.bucket, self._s3 = world, bucket, server.client()
        made = knowledge_bases.create(world.resources, name="papers", s3_bucket=bucket, s3_prefix="prd/")
        self.kb = made.knowledge_base

    def put(self, key: str, data: bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=key)

    def listed(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def bring_in(self) -> BucketImport:
        return import_bucket(self.world.resources, self.kb.id)

    def sync(self) -> TaskStatus:
        return self.world.finish(self.world.sync(self.kb.id).id).status

    def found(self, word: str) -> set[str]:
        """The objects in whose chunks a word is found."""
        resources = self.world.resources
        hits = resources.vector_store.search_text(resources.table(self.kb), word, limit=100)
        return {self.world.document(hit.chunk.document_id).object_key for hit in hits}


@pytest.fixture
def papers(
    mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path, s3_server: S3Server
) -> Iterator[BucketWorld]:
    name = uuid.uuid4().hex[:12]
    bucket, service_bucket = s3_server.make_bucket(f"papers-{name}"), s3_server.make_bucket(f"service-{name}")
    settings = settings_for(
        mongodb_url,
        redis_url,
        database_name,
        tmp_path / "data",
        object_store="s3",
        s3_endpoint=s3_server.url,
        s3_bucket=service_bucket,
        vector_store_uri=f"s3://{service_bucket}/vectors",
    )
    world = World.open(settings)
    yield BucketWorld(world, s3_server, bucket)
    world.close()


def test_a_bucket_is_kept_in_step_by_import_and_sync(papers: BucketWorld, tmp_path: Path) -> None:
    papers.put("prd/pumps.pdf", pdf("Pumps"))
    papers.put("prd/valves.pdf", pdf("Valves"))
    assert papers.bring_in().counts == {Outcome.ADDED: 2}
    assert papers.sync() is TaskStatus.COMPLETED
    assert papers.found("Pumps") == {"prd/pumps.pdf"}
    papers.put("prd/pumps.pdf", pdf("Compressors"))
    papers.delete("prd/valves.pdf")
    papers.put("prd/tanks.pdf", pdf("Tanks"))
    counts = papers.bring_in().counts
    assert counts == {Outcome.ADDED: 1, Outcome.CHANGED: 1, Outcome.DELETED: 1}
    assert papers.found("Pumps") == {"prd/pumps.pdf"}, "the old chunks are found until the sync"
    assert papers.found("Valves") == set()
    assert papers.sync() is TaskStatus.COMPLETED
    assert papers.found("Pumps") == set()
    assert papers.found("Compressors") == {"prd/pumps.pdf"}
    assert papers.found("Tanks") == {"prd/tanks.pdf"}
    assert {key.split("/")[1] for key in papers.listed()} == {".kbsync", "pumps.pdf", "tanks.pdf"}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_object_overwritten_before_its_sync_fails_its_document_until_it_is_imported_again(
    papers: BucketWorld,
) -> None:
    papers.put("prd/a.pdf", pdf("Alpha"))
    papers.bring_in()
    papers.put("prd/a.pdf", pdf("Gamma"))
    task = papers.world.sync(papers.kb.id)
    assert papers.world.finish(task.id).status is TaskStatus.FAILED
    (run,) = papers.world.runs(task)
    assert (run.status, run.error_code) == (RunStatus.FAILED, "4003")
    assert run.error_message == "下载失败: 文件内容与上传时不一致"
    assert papers.bring_in().counts == {Outcome.CHANGED: 1}
    assert papers.world.document(run.document_id).status is DocumentStatus.UPLOADED
    assert papers.sync() is TaskStatus.COMPLETED
    assert papers.found("Gamma") == {"prd/a.pdf"}
    assert papers.found("Alpha") == set()


def test_removing_the_knowledge_base_leaves_what_was_its_owners(papers: BucketWorld) -> None:
    papers.put("prd/a.pdf", pdf("Alpha"))
    papers.bring_in()
    papers.sync()
    assert len(papers.listed()) > 1
    deletion = knowledge_bases.delete(papers.world.resources, papers.kb.id)
    assert deletion.deleted_documents == 1
    assert deletion.deleted_chunks > 0
    assert papers.listed() == ["prd/a.pdf"]

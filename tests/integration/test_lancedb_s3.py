"""LanceDB in a bucket: several writers and an optimizer at once, and a server on which that would be unsafe."""

import multiprocessing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

import numpy as np
import pytest

from shared.chunking.model import ChunkType
from shared.embedders.base import Vectors
from shared.errors import VectorStoreFailed
from shared.settings import Settings
from shared.vector_stores.base import StoredChunk, TableName, VectorStore
from shared.vector_stores.registry import open_vector_store
from tests.samples.s3_server import Fault, S3Server

DIMENSIONS = 8
TABLE = TableName(kb_id="kb-1", model="mini", dimensions=DIMENSIONS)
CHUNKS = 4
DOCUMENTS = 4
WRITERS = 2
SPAWN = multiprocessing.get_context("spawn")
PATIENCE_SECONDS = 240


@pytest.fixture
def settings(s3_server: S3Server, bucket: str) -> Settings:
    return Settings(vector_store_uri=f"s3://{bucket}/kbsync/vectors", s3_endpoint=s3_server.url)


def put(store: VectorStore, document_id: str, revision: str, *, chunks: int = CHUNKS) -> None:
    rows = [
        StoredChunk(
            chunk_id=f"chunk-{document_id}-{revision}-{ordinal}",
            document_id=document_id,
            revision=revision,
            ordinal=ordinal,
            chunk_type=ChunkType.TEXT,
            content=f"第{ordinal}段 shared words of {document_id} {revision}",
            token_count=10,
            page_start=1,
            page_end=1,
            text_hash=f"{document_id} {ordinal}",
        )
        for ordinal in range(chunks)
    ]
    vectors: Vectors = np.random.default_rng(chunks).standard_normal((chunks, DIMENSIONS)).astype(np.float32)
    store.replace_document(TABLE, document_id, rows, vectors)


def write(number: int, settings: Settings, writing: Event, failures: "Queue[str]") -> None:
    try:
        store = open_vector_store(settings)
        for document in range(DOCUMENTS):
            put(store, f"doc-{number}-{document}", "r1")
        for document in range(0, DOCUMENTS, 2):
            put(store, f"doc-{number}-{document}", "r2", chunks=CHUNKS // 2)
    except BaseException as error:
        failures.put(f"writer {number}: {error!r}")
        raise


def optimize(settings: Settings, writing: Event, failures: "Queue[str]") -> None:
    try:
        store = open_vector_store(settings)
        while writing.is_set():
            store.optimize(TABLE)
    except BaseException as error:
        failures.put(f"optimizer: {error!r}")
        raise


def test_writers_and_an_optimizer_on_one_new_table_lose_and_double_nothing(settings: Settings) -> None:
    writing, failures = SPAWN.Event(), SPAWN.Queue()
    writing.set()
    writers = [SPAWN.Process(target=write, args=(number, settings, writing, failures)) for number in range(WRITERS)]
    optimizer = SPAWN.Process(target=optimize, args=(settings, writing, failures))
    for process in (*writers, optimizer):
        process.start()
    for process in writers:
        process.join(PATIENCE_SECONDS)
    writing.clear()
    optimizer.join(PATIENCE_SECONDS)
    exits = [process.exitcode for process in (*writers, optimizer)]
    for process in (*writers, optimizer):
        process.kill()
    assert exits == [0] * (WRITERS + 1), failures.get(timeout=5)
    store = open_vector_store(settings)
    counts = store.document_chunks(TABLE)
    assert len(counts) == WRITERS * DOCUMENTS
    for document_id, count in counts.items():
        replaced = int(document_id.rpartition("-")[2]) % 2 == 0
        assert (count.revision, count.text_chunks) == (("r2", CHUNKS // 2) if replaced else ("r1", CHUNKS))
    store.optimize(TABLE)
    assert store.document_chunks(TABLE) == counts
    assert len(store.search_text(TABLE, "shared", limit=1000)) == sum(count.text_chunks for count in counts.values())


def test_everything_of_a_knowledge_base_leaves_the_bucket_with_it(
    settings: Settings, s3_server: S3Server, bucket: str
) -> None:
    store = open_vector_store(settings)
    put(store, "doc-1", "r1")
    client = s3_server.client()
    assert client.list_objects_v2(Bucket=bucket, Prefix="kbsync/vectors/")["KeyCount"] > 1
    assert store.delete_knowledge_base("kb-1") == CHUNKS
    left = [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
    assert left == ["kbsync/vectors/.kbsync/conditional-put"]


def test_a_server_without_conditional_puts_is_refused(settings: Settings, s3_server: S3Server, bucket: str) -> None:
    open_vector_store(settings).ping()
    s3_server.fail(Fault("PUT", "conditional-put", forget_conditions=True))
    with pytest.raises(VectorStoreFailed, match="If-None-Match"):
        open_vector_store(settings)


def test_a_bucket_that_may_not_be_written_is_refused(settings: Settings, s3_server: S3Server) -> None:
    s3_server.fail(Fault("PUT", status=403))
    with pytest.raises(VectorStoreFailed) as caught:
        open_vector_store(settings)
    assert caught.value.code == "5003"


def test_a_server_that_throttles_for_a_while_is_asked_again(settings: Settings, s3_server: S3Server) -> None:
    store = open_vector_store(settings)
    put(store, "doc-1", "r1")
    s3_server.fail(Fault("PUT", status=503, times=2), Fault("GET", status=503, times=2))
    put(store, "doc-2", "r1")
    assert set(store.document_chunks(TABLE)) == {"doc-1", "doc-2"}

"""What every vector store does, whatever it is made of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shared.chunking.model import ChunkType
from shared.embedders.base import Vectors
from shared.errors import VectorStoreFailed
from shared.vector_stores.base import ChunkFilter, DocumentChunks, DocumentRows, StoredChunk, TableName, VectorStore
from shared.vector_stores.in_memory import InMemoryVectorStore
from shared.vector_stores.lance import LanceVectorStore

DIMENSIONS = 8
TABLE = TableName(kb_id="kb-1", model="local/mini:v2", dimensions=DIMENSIONS)


@pytest.fixture(params=["in_memory", "lance", "lance_optimized"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> VectorStore:
    if request.param == "in_memory":
        return InMemoryVectorStore()
    return LanceVectorStore(str(tmp_path)) if request.param == "lance" else OptimizedLanceStore(str(tmp_path))


class OptimizedLanceStore(LanceVectorStore):
    """Compacts and indexes after each write, so that the suite reads indexes where else it reads fresh rows."""

    def replace_documents(self, table: TableName, documents: Sequence[DocumentRows]) -> None:
        super().replace_documents(table, documents)
        self.optimize(table)


def unit_vectors(count: int, *, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def make_chunks(
    document_id: str, texts: Sequence[str], *, revision: str = "r1", headings: tuple[str, ...] = ()
) -> list[StoredChunk]:
    return [
        StoredChunk(
            chunk_id=f"chunk-{document_id}-{revision}-{ordinal}",
            document_id=document_id,
            revision=revision,
            ordinal=ordinal,
            chunk_type=ChunkType.TEXT,
            content=text,
            token_count=10 + ordinal,
            page_start=ordinal + 1,
            page_end=ordinal + 2,
            headings=headings,
            text_hash=f"hash of {text}",
        )
        for ordinal, text in enumerate(texts)
    ]


def put(store: VectorStore, document_id: str, *texts: str, revision: str = "r1", seed: int = 0) -> None:
    chunks = make_chunks(document_id, texts, revision=revision)
    store.replace_document(TABLE, document_id, chunks, unit_vectors(len(texts), seed=seed))


def stored(store: VectorStore, document_id: str) -> list[str]:
    chunks, count = store.list_chunks(TABLE, document_id, chunk_type=None, offset=0, limit=1000)
    assert count == len(chunks)
    return [chunk.content for chunk in chunks]


def found(store: VectorStore, query: str, *, document_ids: Sequence[str] | None = None) -> list[str]:
    only = ChunkFilter(document_ids=None if document_ids is None else tuple(document_ids))
    return [hit.chunk.content for hit in store.search_text(TABLE, query, limit=10, only=only)]


def test_a_store_without_the_table_finds_nothing(store: VectorStore) -> None:
    store.ping()
    assert store.document_chunks(TABLE) == {}
    assert store.document_chunks(TABLE, ["doc-1"]) == {}
    assert store.list_chunks(TABLE, "doc-1", chunk_type=None, offset=0, limit=10) == ([], 0)
    assert store.get_chunk(TABLE, "chunk-1") is None
    assert store.vectors_by_text_hash(TABLE, ["hash"]) == {}
    assert store.search_vector(TABLE, unit_vectors(1)[0], limit=5) == []
    assert store.search_text(TABLE, "word", limit=5) == []
    assert store.delete_documents("kb-1", ["doc-1"]) == 0
    assert store.delete_knowledge_base("kb-1") == 0
    store.optimize(TABLE)
    store.replace_document(TABLE, "doc-1", [], unit_vectors(0))


def test_a_chunk_reads_as_it_was_stored(store: VectorStore) -> None:
    text = make_chunks("doc-1", ['It\'s 100% "quoted"\\ \n 文本 \U0001f600'], headings=("One", "Two 二"))[0]
    image = text.model_copy(
        update={
            "chunk_id": "chunk-image",
            "ordinal": 1,
            "chunk_type": ChunkType.IMAGE,
            "headings": (),
            "image_key": "kb-1/doc-1/image.png",
            "image_content_type": "image/png",
        }
    )
    store.replace_document(TABLE, "doc-1", [text, image], unit_vectors(2))
    assert store.get_chunk(TABLE, text.chunk_id) == text
    assert store.get_chunk(TABLE, "chunk-image") == image
    assert store.get_chunk(TABLE, "chunk-other") is None
    assert store.list_chunks(TABLE, "doc-1", chunk_type=None, offset=0, limit=10) == ([text, image], 2)
    assert store.search_vector(TABLE, unit_vectors(2)[1], limit=1)[0].chunk == image


def test_replacing_a_document_leaves_only_its_new_chunks(store: VectorStore) -> None:
    put(store, "doc-1", "one", "two", "three", revision="r1")
    put(store, "doc-2", "other", revision="r1")
    put(store, "doc-1", "four", "five", revision="r2", seed=1)
    assert stored(store, "doc-1") == ["four", "five"]
    assert stored(store, "doc-2") == ["other"]
    assert found(store, "one") == []
    assert found(store, "five") == ["five"]


def test_storing_the_same_revision_again_changes_nothing(store: VectorStore) -> None:
    put(store, "doc-1", "one", "two")
    put(store, "doc-1", "one", "two")
    assert stored(store, "doc-1") == ["one", "two"]


def test_a_document_that_shrinks_keeps_no_chunk_of_before(store: VectorStore) -> None:
    put(store, "doc-1", "one", "two", "three")
    put(store, "doc-1", "changed")
    assert stored(store, "doc-1") == ["changed"]


def test_a_document_without_chunks_is_removed(store: VectorStore) -> None:
    put(store, "doc-1", "one")
    put(store, "doc-2", "two")
    store.replace_document(TABLE, "doc-1", [], unit_vectors(0))
    assert list(store.document_chunks(TABLE)) == ["doc-2"]


def test_chunks_that_do_not_belong_together_are_refused(store: VectorStore) -> None:
    chunks = make_chunks("doc-1", ["one", "two"])
    with pytest.raises(VectorStoreFailed):
        store.replace_document(TABLE, "doc-2", chunks, unit_vectors(2))
    with pytest.raises(VectorStoreFailed):
        store.replace_document(TABLE, "doc-1", chunks, unit_vectors(1))
    with pytest.raises(VectorStoreFailed):
        store.replace_document(TABLE, "doc-1", chunks, unit_vectors(2)[:, :4])
    with pytest.raises(VectorStoreFailed):
        store.replace_document(TABLE, "doc-1", [chunks[0], chunks[0]], unit_vectors(2))
    with pytest.raises(VectorStoreFailed):
        store.replace_document(TABLE, "doc-1", chunks, unit_vectors(2) * np.float32("nan"))
    assert store.document_chunks(TABLE) == {}
    put(store, "doc-1", "one")
    with pytest.raises(VectorStoreFailed):
        store.search_vector(TABLE, unit_vectors(1)[0][:4], limit=1)


def test_document_chunks_counts_by_type(store: VectorStore) -> None:
    chunks = make_chunks("doc-1", ["one", "two", "three"])
    chunks[2] = chunks[2].model_copy(update={"chunk_type": ChunkType.IMAGE})
    store.replace_document(TABLE, "doc-1", chunks, unit_vectors(3))
    put(store, "doc-2", "other", revision="r7")
    one = DocumentChunks(revision="r1", text_chunks=2, image_chunks=1, tokens=33)
    two = DocumentChunks(revision="r7", text_chunks=1, image_chunks=0, tokens=10)
    assert store.document_chunks(TABLE) == {"doc-1": one, "doc-2": two}
    assert store.document_chunks(TABLE, ["doc-2", "doc-3"]) == {"doc-2": two}
    assert store.document_chunks(TABLE, []) == {}


def test_chunks_are_listed_by_ordinal_in_pages(store: VectorStore) -> None:
    texts = [f"text {number}" for number in range(25)]
    chunks = make_chunks("doc-1", texts)
    chunks[3] = chunks[3].model_copy(update={"chunk_type": ChunkType.IMAGE})
    store.replace_document(TABLE, "doc-1", chunks[::-1], unit_vectors(25))
    page, count = store.list_chunks(TABLE, "doc-1", chunk_type=None, offset=10, limit=5)
    assert ([chunk.ordinal for chunk in page], count) == ([10, 11, 12, 13, 14], 25)
    assert store.list_chunks(TABLE, "doc-1", chunk_type=ChunkType.IMAGE, offset=0, limit=5) == ([chunks[3]], 1)
    page, count = store.list_chunks(TABLE, "doc-1", chunk_type=ChunkType.TEXT, offset=20, limit=50)
    assert ([chunk.ordinal for chunk in page], count) == ([21, 22, 23, 24], 24)
    assert store.list_chunks(TABLE, "doc-1", chunk_type=None, offset=99, limit=5) == ([], 25)


def test_vectors_are_found_by_the_hash_of_their_text(store: VectorStore) -> None:
    put(store, "doc-1", "one", "two")
    put(store, "doc-2", "one", seed=3)
    found_vectors = store.vectors_by_text_hash(TABLE, ["hash of two", "hash of one", "hash of three"])
    assert set(found_vectors) == {"hash of one", "hash of two"}
    np.testing.assert_array_equal(found_vectors["hash of two"], unit_vectors(2)[1])
    assert found_vectors["hash of two"].dtype == np.float32
    assert store.vectors_by_text_hash(TABLE, []) == {}


def test_many_hashes_and_documents_are_looked_up_at_once(store: VectorStore) -> None:
    put(store, "doc-1", *(f"text {number}" for number in range(30)))
    hashes = [f"hash of text {number}" for number in range(5000)]
    assert len(store.vectors_by_text_hash(TABLE, hashes)) == 30
    documents = [f"doc-{number}" for number in range(5000)]
    only = ChunkFilter(document_ids=tuple(documents))
    assert list(store.document_chunks(TABLE, documents)) == ["doc-1"]
    assert len(store.search_vector(TABLE, unit_vectors(1)[0], limit=50, only=only)) == 30
    assert len(store.search_text(TABLE, "text", limit=50, only=only)) == 30
    assert store.delete_documents("kb-1", documents) == 30


def test_the_nearest_vectors_come_first_with_their_cosine(store: VectorStore) -> None:
    put(store, "doc-1", *(f"text {number}" for number in range(20)))
    vectors = unit_vectors(20)
    query = unit_vectors(1, seed=9)[0]
    hits = store.search_vector(TABLE, query, limit=5)
    cosines = vectors @ query
    assert [hit.chunk.ordinal for hit in hits] == list(np.argsort(-cosines)[:5])
    assert [hit.score for hit in hits] == pytest.approx(np.sort(cosines)[::-1][:5], abs=1e-5)
    assert store.search_vector(TABLE, query, limit=0) == []


def test_a_search_in_documents_sees_no_other(store: VectorStore) -> None:
    vectors = unit_vectors(3)
    for number, document_id in enumerate(("doc-1", "doc-2", "o'doc\\\"3%")):
        chunks = make_chunks(document_id, [f"same word {number}"])
        store.replace_document(TABLE, document_id, chunks, vectors[number : number + 1])
    only = ["doc-2", "o'doc\\\"3%", "doc-9"]
    hits = store.search_vector(TABLE, vectors[0], limit=10, only=ChunkFilter(document_ids=tuple(only)))
    assert {hit.chunk.document_id for hit in hits} == {"doc-2", "o'doc\\\"3%"}
    assert sorted(found(store, "word", document_ids=only)) == ["same word 1", "same word 2"]
    injected = ["x') OR ('1'='1"]
    assert store.search_vector(TABLE, vectors[0], limit=10, only=ChunkFilter(document_ids=tuple(injected))) == []
    assert store.search_vector(TABLE, vectors[0], limit=10, only=ChunkFilter(document_ids=())) == []
    assert found(store, "word", document_ids=[]) == []
    assert store.delete_documents("kb-1", injected) == 0
    assert store.delete_documents("kb-1", only) == 2


def pages_and_pictures(store: VectorStore) -> None:
    """Store 30 texts of which the first are the best hits, on two pages each, and every tenth as a picture."""
    chunks = make_chunks("doc-1", [f"same word {number}" for number in range(30)])
    chunks = [
        chunk.model_copy(update={"chunk_type": ChunkType.IMAGE}) if chunk.ordinal % 10 == 9 else chunk
        for chunk in chunks
    ]
    vectors = np.zeros((30, DIMENSIONS), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.linspace(1, 0.5, 30), np.linspace(0.1, 1, 30)
    store.replace_document(TABLE, "doc-1", chunks, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (ChunkFilter(), set(range(30))),
        (ChunkFilter(chunk_types=(ChunkType.IMAGE,)), {9, 19, 29}),
        (ChunkFilter(chunk_types=(ChunkType.IMAGE, ChunkType.TEXT)), set(range(30))),
        (ChunkFilter(chunk_types=()), set()),
        (ChunkFilter(page_start=30), {28, 29}),
        (ChunkFilter(page_start=31), {29}),
        (ChunkFilter(page_start=32), set()),
        (ChunkFilter(page_end=2), {0, 1}),
        (ChunkFilter(page_start=10, page_end=10), {8, 9}),
        (ChunkFilter(page_start=10, page_end=10, chunk_types=(ChunkType.IMAGE,)), {9}),
        (ChunkFilter(page_start=10, page_end=10, document_ids=("doc-2",)), set()),
        (ChunkFilter(page_start=10, page_end=10, document_ids=("doc-1", "doc-2")), {8, 9}),
    ],
)
def test_a_filter_comes_before_the_best_are_taken(store: VectorStore, only: ChunkFilter, expected: set[int]) -> None:
    pages_and_pictures(store)
    query = np.eye(1, DIMENSIONS, dtype=np.float32)[0]
    limit = max(1, len(expected))
    by_vector = store.search_vector(TABLE, query, limit=limit, only=only)
    by_words = store.search_text(TABLE, "same word", limit=limit, only=only)
    assert {hit.chunk.ordinal for hit in by_vector} == expected
    assert {hit.chunk.ordinal for hit in by_words} == expected


def test_a_hit_by_words_says_which_it_holds(store: VectorStore) -> None:
    put(store, "doc-1", "年假有五天", "KB-2031 was refused", "the connections")
    hits = store.search_text(TABLE, "休假 五天 KB2031 connection absent", limit=10)
    assert {hit.chunk.content: hit.words for hit in hits} == {
        "年假有五天": {"假", "五", "天", "五天"},
        "KB-2031 was refused": {"kb2031", "kb", "2031"},
        "the connections": {"connect"},
    }
    assert all(hit.words == set() for hit in store.search_vector(TABLE, unit_vectors(1)[0], limit=3))


TEXTS = (
    "如何配置知识库的同步任务",
    "向量数据写入失败，请稍后重试",
    "Error KB-2031: the connection was refused",
    "Error code 2031 of another product",
    "Ask for user.name and v1.2.3 of ＦＵＬＬＷＩＤＴＨ letters",
    "iPhone15手机的电池",
    "日本語のテキスト検索",
    "the and of a CAFÉ",
    "總額1,234.50元，簽訂於2025年3月15日",
    "Syncing ERR_TIME_OUT v2.3.1 costs 41,730.00 EUR",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("知识库", [0]),
        ("同步", [0]),
        ("库", [0]),
        ("向量数据", [1]),
        ("数据写入", [1]),
        ("手机", [5]),
        ("iphone15", [5]),
        ("検索", [6]),
        ("テキスト", [6]),
        ("识同", []),
        ("KB-2031", [2, 3]),
        ("kb-2031", [2, 3]),
        ("2031", [2, 3]),
        ("user.name", [4]),
        ("name", [4]),
        ("1.2.3", [4]),
        ("fullwidth", [4]),
        ("connection REFUSED", [2]),
        ("cafe", [7]),
        ("café", [7]),
        ("总额", [8]),
        ("簽訂", [8]),
        ("1234.50", [8]),
        ("１，２３４．５０", [8]),
        ("2025-03-15", [8]),
        ("15 March 2025", [8]),
        ("syncs", [9]),
        ("err-time-out", [9]),
        ("2.3.1", [9]),
        ("41730", [9]),
        ("absent", []),
        ("", []),
        ("！？ --- '\"", []),
    ],
)
def test_words_of_any_language_are_found(store: VectorStore, query: str, expected: list[int]) -> None:
    put(store, "doc-1", *TEXTS)
    assert set(found(store, query)) == {TEXTS[number] for number in expected}


def test_a_word_is_not_too_common_to_be_found(store: VectorStore) -> None:
    put(store, "doc-1", *TEXTS)
    assert TEXTS[7] in found(store, "the")


def test_words_of_a_question_are_not_looked_for_beside_others(store: VectorStore) -> None:
    put(store, "doc-1", "what is the how", "the battery", "电池的", "是什么")
    assert found(store, "what is the battery") == ["the battery"]
    assert found(store, "电池是什么") == ["电池的"]
    assert found(store, "what is") == ["what is the how"]


def test_an_identifier_finds_its_own_text_first(store: VectorStore) -> None:
    put(store, "doc-1", "2031 2031 2031 kb kb kb", "unrelated words", TEXTS[2], TEXTS[3])
    assert found(store, "KB-2031")[0] == TEXTS[2]


def test_a_text_with_every_word_comes_first(store: VectorStore) -> None:
    put(store, "doc-1", "alpha alpha alpha alpha", "beta beta beta beta", "x " * 60 + "alpha and beta", "gamma")
    assert found(store, "alpha beta")[0].endswith("alpha and beta")


def test_text_scores_fall(store: VectorStore) -> None:
    put(store, "doc-1", "alpha beta gamma", "alpha beta", "alpha", "delta")
    scores = [hit.score for hit in store.search_text(TABLE, "alpha beta gamma", limit=10)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert len(store.search_text(TABLE, "alpha", limit=2)) == 2
    assert store.search_text(TABLE, "alpha", limit=0) == []


def test_headings_are_searched_with_the_content(store: VectorStore) -> None:
    chunks = make_chunks("doc-1", ["body"], headings=("安装指南", "Requirements"))
    store.replace_document(TABLE, "doc-1", chunks, unit_vectors(1))
    assert found(store, "安装") == ["body"]
    assert found(store, "requirements") == ["body"]


def test_a_word_of_any_length_is_found(store: VectorStore) -> None:
    word = "x" * 5000
    put(store, "doc-1", f"before {word} after", "another")
    assert found(store, word) == [f"before {word} after"]


def test_removed_documents_are_counted_and_gone(store: VectorStore) -> None:
    put(store, "doc-1", "one", "two")
    put(store, "doc-2", "three")
    put(store, "doc-3", "four")
    other = TableName(kb_id="kb-1", model="another model", dimensions=DIMENSIONS)
    store.replace_document(other, "doc-1", make_chunks("doc-1", ["one"]), unit_vectors(1))
    assert store.delete_documents("kb-1", ["doc-1", "doc-2", "doc-9"]) == 4
    assert list(store.document_chunks(TABLE)) == ["doc-3"]
    assert store.document_chunks(other) == {}
    assert store.delete_documents("kb-1", ["doc-1"]) == 0
    assert store.delete_documents("kb-1", []) == 0


def test_tables_of_models_and_knowledge_bases_are_apart(store: VectorStore) -> None:
    tables = [
        TABLE,
        TableName(kb_id="kb-1", model="local/mini/v2", dimensions=DIMENSIONS),
        TableName(kb_id="kb-1", model="本地模型", dimensions=DIMENSIONS),
        TableName(kb_id="kb-10", model=TABLE.model, dimensions=DIMENSIONS),
    ]
    for number, table in enumerate(tables):
        store.replace_document(table, "doc-1", make_chunks("doc-1", ["x"] * (number + 1)), unit_vectors(number + 1))
    assert [store.document_chunks(table)["doc-1"].text_chunks for table in tables] == [1, 2, 3, 4]
    assert store.delete_knowledge_base("kb-1") == 6
    assert [len(store.document_chunks(table)) for table in tables] == [0, 0, 0, 1]


def test_a_knowledge_base_can_be_filled_again_after_its_removal(store: VectorStore) -> None:
    put(store, "doc-1", "before", "it")
    assert store.delete_knowledge_base("kb-1") == 2
    assert store.document_chunks(TABLE) == {}
    put(store, "doc-1", "after")
    assert stored(store, "doc-1") == ["after"]
    assert found(store, "before") == []


def test_optimizing_changes_nothing_that_is_seen(store: VectorStore) -> None:
    for number in range(5):
        put(store, f"doc-{number}", *TEXTS, seed=number)
    put(store, "doc-0", *TEXTS[:3], revision="r2")
    before = (store.document_chunks(TABLE), sorted(found(store, "知识库")), stored(store, "doc-0"))
    store.optimize(TABLE)
    assert (store.document_chunks(TABLE), sorted(found(store, "知识库")), stored(store, "doc-0")) == before


def test_several_documents_are_replaced_in_one_go(store: VectorStore) -> None:
    put(store, "doc-1", "old one", "old two", revision="r1")
    put(store, "doc-3", "untouched")
    rows = [
        DocumentRows("doc-1", make_chunks("doc-1", ["new one"], revision="r2"), unit_vectors(1)),
        DocumentRows("doc-2", make_chunks("doc-2", ["fresh"]), unit_vectors(1, seed=1)),
    ]
    store.replace_documents(TABLE, rows)
    held = store.document_chunks(TABLE)
    assert {document_id: (of.revision, of.text_chunks) for document_id, of in held.items()} == {
        "doc-1": ("r2", 1),
        "doc-2": ("r1", 1),
        "doc-3": ("r1", 1),
    }
    with pytest.raises(VectorStoreFailed):
        store.replace_documents(TABLE, [rows[1], rows[1]])

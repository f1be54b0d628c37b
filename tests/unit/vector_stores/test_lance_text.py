import random
from collections.abc import Mapping
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
import pytest

from shared.chunking.model import ChunkType
from shared.vector_stores.base import StoredChunk, TableName
from shared.vector_stores.lance import LanceVectorStore
from shared.vector_stores.lance_schema import lance_name
from shared.vector_stores.lance_text import ALL_WORDS_FACTOR, any_or_all_words, join_by_words
from shared.vector_stores.text_tokens import query_tokens


def ranked(scores: Mapping[str, float], *, limit: int) -> pa.Table:
    best = sorted(scores.items(), key=lambda pair: -pair[1])[:limit]
    return pa.table(
        {
            "chunk_id": pa.array([name for name, _ in best], pa.string()),
            "_score": pa.array([score for _, score in best], pa.float32()),
        }
    )


def order(rows: pa.Table) -> list[tuple[str, float]]:
    return [(str(row["chunk_id"]), float(row["_score"])) for row in rows.to_pylist()]


@pytest.mark.parametrize("seed", range(50))
def test_the_best_of_two_short_lists_are_the_best_of_all(seed: int) -> None:
    drawn = random.Random(seed)
    plain = {f"chunk-{number}": drawn.randrange(1, 10_000) / 8 for number in drawn.sample(range(1000), 200)}
    holding_all = set(drawn.sample(sorted(plain), drawn.choice((0, 3, 40))))
    limit = drawn.choice((1, 5, 30))
    weighted = {name: score * (ALL_WORDS_FACTOR if name in holding_all else 1) for name, score in plain.items()}
    expected = [score for _, score in order(ranked(weighted, limit=limit))]
    found = join_by_words(
        ranked(plain, limit=limit), ranked({name: plain[name] for name in holding_all}, limit=limit), limit=limit
    )
    assert [score for _, score in order(found)] == expected
    assert all(weighted[name] == score for name, score in order(found))


def test_nothing_and_nothing_are_nothing() -> None:
    assert order(join_by_words(ranked({}, limit=5), ranked({}, limit=5), limit=5)) == []


def test_one_question_for_any_and_all_words_ranks_like_two(tmp_path: Path) -> None:
    table = TableName(kb_id="kb-1", model="local/model", dimensions=2)
    store = LanceVectorStore(str(tmp_path))
    texts = ["pump valve pump", "pump pump pump", "valve of a pump in the cellar", "nothing of the kind", "one valve"]
    rows = [
        StoredChunk(
            chunk_id=f"chunk-{number}",
            document_id="doc-1",
            revision="r1",
            ordinal=number,
            chunk_type=ChunkType.TEXT,
            content=text,
            token_count=1,
            page_start=1,
            page_end=1,
            text_hash=str(number),
        )
        for number, text in enumerate(texts)
    ]
    store.replace_document(table, "doc-1", rows, np.tile(np.array([1, 0], dtype=np.float32), (len(rows), 1)))
    two = [(hit.chunk.chunk_id, hit.score) for hit in store.search_text(table, "pump valve", limit=3)]
    opened = lancedb.connect(str(tmp_path)).open_table(lance_name(table))
    asked = any_or_all_words(query_tokens("pump valve").all)
    found = opened.search(asked, query_type="fts").limit(3).to_arrow()
    one = list(zip(found.column("chunk_id").to_pylist(), found.column("_score").to_pylist(), strict=True))
    assert [name for name, _ in two] == [name for name, _ in one]
    assert [score for _, score in two] == pytest.approx([score for _, score in one])

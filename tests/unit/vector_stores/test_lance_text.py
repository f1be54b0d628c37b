import random
from collections.abc import Mapping

import pyarrow as pa
import pytest

from shared.vector_stores.lance_text import ALL_WORDS_FACTOR, join_by_words


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

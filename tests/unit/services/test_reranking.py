import logging
import threading
from collections.abc import Iterator, Sequence

import pytest

from shared.chunking.model import ChunkType
from shared.rerankers.base import Reranker
from shared.rerankers.scripted import ScriptedReranker
from shared.services import reranking
from shared.services.reranking import RERANKED, rerank
from shared.vector_stores.base import ChunkHit, StoredChunk


def hit(content: str, score: float) -> ChunkHit:
    chunk = StoredChunk(
        chunk_id=f"chunk-{content}",
        document_id="doc-1",
        revision="r1",
        ordinal=0,
        chunk_type=ChunkType.TEXT,
        content=content,
        token_count=1,
        page_start=1,
        page_end=1,
        headings=("Heading",),
        text_hash=content,
    )
    return ChunkHit(chunk=chunk, score=score)


HITS = [hit("first", 0.9), hit("second", 0.5), hit("third", 0.1)]


def reranked(
    reranker: Reranker, hits: Sequence[ChunkHit] = HITS, *, top_k: int = 5, timeout_seconds: float = 60
) -> list[str]:
    return [
        each.chunk.content for each in rerank(reranker, "query", hits, top_k=top_k, timeout_seconds=timeout_seconds)
    ]


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that does not come before the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_results_are_in_the_order_of_the_reranker() -> None:
    assert reranked(ScriptedReranker({"third": 2, "second": 1})) == ["third", "second", "first"]


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the reranking logged; threads that other tests left may log too."""
    return [record.message for record in caplog.records if record.name == reranking.__name__]


def test_equal_scores_leave_the_order_as_it_was() -> None:
    assert reranked(ScriptedReranker({})) == ["first", "second", "third"]


def test_the_first_result_keeps_the_highest_score() -> None:
    found = rerank(ScriptedReranker({"third": 2}), "query", HITS, top_k=5, timeout_seconds=60)
    assert [(each.chunk.content, each.score) for each in found] == [("third", 0.9), ("first", 0.5), ("second", 0.1)]


def test_the_reranker_reads_query_headings_and_content() -> None:
    reranker = ScriptedReranker({})
    reranked(reranker)
    assert reranker.asked == [("query", ("Heading\nfirst", "Heading\nsecond", "Heading\nthird"))]


def test_only_the_first_results_are_reranked() -> None:
    hits = [hit(f"number {number:03}", 1 / (number + 1)) for number in range(60)]
    script = ScriptedReranker({"059": 1, f"{RERANKED - 1:03}": 1})
    assert reranked(script, hits)[:2] == [f"number {RERANKED - 1:03}", "number 000"]
    assert len(reranked(script, hits)) == 60
    assert reranked(script, hits, top_k=60)[1] == "number 059"


def test_a_reranker_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert reranked(ScriptedReranker({"third": 1}, fails=True)) == ["first", "second", "third"]
    assert warnings_in(caplog) == ["results not reranked"]


def test_a_slow_reranker_is_not_waited_for(never: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        slow = ScriptedReranker({"third": 1}, waits_for=never)
        assert reranked(slow, timeout_seconds=0.05) == ["first", "second", "third"]
    assert warnings_in(caplog) == ["results not reranked"]


def test_rerankers_that_never_come_back_do_not_stop_the_searches_after(never: threading.Event) -> None:
    stuck = ScriptedReranker({"third": 1}, waits_for=never)
    for _ in range(10):
        assert reranked(stuck, timeout_seconds=0.02) == ["first", "second", "third"]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_change_nothing(wrong: float, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert reranked(ScriptedReranker({"third": wrong})) == ["first", "second", "third"]
    assert len(warnings_in(caplog)) == 1


def test_one_result_needs_no_reranker() -> None:
    reranker = ScriptedReranker({})
    assert reranked(reranker, HITS[:1]) == ["first"]
    assert reranker.asked == []

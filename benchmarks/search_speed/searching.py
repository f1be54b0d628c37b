"""Times searches in a process like the API's, and compares what they find with comparing everything."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from pydantic import BaseModel

from benchmarks.search_evaluation.pdf_documents import texts
from benchmarks.search_evaluation.questions import load_questions
from benchmarks.search_speed.filling import peak_mib
from shared.embedders.base import Vectors
from shared.embedders.registry import open_embedder
from shared.services.ranking import SearchedTable, SearchMode, SearchQuery, rank_chunks
from shared.settings import Settings
from shared.vector_stores.base import TableName
from shared.vector_stores.lance import LanceVectorStore

RECALLED = 10
WARMING_SEARCHES = 20


class Asked(BaseModel):
    """What the searching process is told."""

    directory: str
    chunks: int
    searches: int
    exact: list[list[str]]
    vectors: list[list[float]]


class Times(BaseModel):
    """Milliseconds of a search."""

    first: float
    p50: float
    p90: float
    p99: float


class Searched(BaseModel):
    embedding: Times
    """Of one question, which the modes `hybrid` and `vector` contain."""
    by_mode: dict[str, Times]
    """By mode and threads that search at once."""
    recall: float
    """Share of the nearest 10 by comparing everything that a search by vector finds."""
    peak_mib: int


def search_apart(directory: str, *, chunks: int, searches: int, exact: list[list[str]], vectors: Vectors) -> Searched:
    """Measure in a process that has done nothing else, as the API's."""
    asked = Asked(directory=directory, chunks=chunks, searches=searches, exact=exact, vectors=vectors.tolist())
    command = [sys.executable, "-m", __name__]
    answer = subprocess.run(command, input=asked.model_dump_json(), check=True, stdout=subprocess.PIPE, text=True)
    return Searched.model_validate_json(answer.stdout)


def measure(
    directory: str, *, chunks: int, searches: int, exact: Sequence[Sequence[str]], vectors: Vectors
) -> Searched:
    """Search a table that is there; `exact` are the ids of the chunks nearest to each of `vectors`."""
    settings = Settings()
    embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)
    table = SearchedTable(
        store=LanceVectorStore(directory),
        name=TableName(kb_id="kb-speed", model=embedder.model, dimensions=embedder.dimensions),
        model=settings.embedding_model,
        embedder=lambda: embedder,
    )
    questions = questions_asked(chunks)
    by_mode = {}
    for mode in (SearchMode.VECTOR, SearchMode.TEXT, SearchMode.HYBRID):
        for threads in (1, 4):
            by_mode[f"{mode}, {threads}"] = _times(table, mode, questions[:searches], threads=threads)
    return Searched(
        embedding=_summed([_timed(partial(embedder.embed, [text])) for text in questions[:100]]),
        by_mode=by_mode,
        recall=recall(table, vectors, exact),
        peak_mib=peak_mib(),
    )


def questions_asked(chunks: int) -> list[str]:
    """Return the questions of the search evaluation and as many identifiers, of which each is in one chunk."""
    drawn = random.Random(1)
    questions = [question.text for question in load_questions(texts())]
    identifiers = [f"REF-{drawn.randrange(chunks):07}" for _ in range(len(questions) // 4)]
    mixed = [*questions, *identifiers]
    drawn.shuffle(mixed)
    return mixed * 4


def recall(table: SearchedTable, vectors: Vectors, exact: Sequence[Sequence[str]]) -> float:
    found = 0
    for vector, nearest in zip(vectors, exact, strict=True):
        hits = table.store.search_vector(table.name, vector, limit=RECALLED)
        found += len({hit.chunk.chunk_id for hit in hits}.intersection(nearest))
    return found / sum(map(len, exact))


def _times(table: SearchedTable, mode: SearchMode, questions: Sequence[str], *, threads: int) -> Times:
    def ask(text: str) -> float:
        return _timed(lambda: rank_chunks(table, SearchQuery(text=text, mode=mode)))

    first = ask(questions[0])
    for text in questions[-WARMING_SEARCHES:]:
        ask(text)
    with ThreadPoolExecutor(threads) as pool:
        taken = list(pool.map(ask, questions))
    return _summed(taken).model_copy(update={"first": first})


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _summed(taken: Sequence[float]) -> Times:
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return Times(first=taken[0], p50=cuts[49], p90=cuts[89], p99=cuts[98])


def main() -> None:
    asked = Asked.model_validate_json(sys.stdin.read())
    found = measure(
        asked.directory,
        chunks=asked.chunks,
        searches=asked.searches,
        exact=asked.exact,
        vectors=np.array(asked.vectors, dtype=np.float32),
    )
    print(found.model_dump_json())


if __name__ == "__main__":
    main()

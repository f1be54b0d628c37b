"""Fill a table with many chunks in English and Chinese and time searches in every mode:

python -m benchmarks.search_speed --chunks 100000
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.search_evaluation.pdf_documents import texts
from benchmarks.search_evaluation.questions import load_questions
from shared.chunking.model import ChunkType
from shared.chunking.sentences import split_sentences
from shared.embedders.base import Vectors
from shared.embedders.registry import open_embedder
from shared.services.ranking import SearchedTable, SearchMode, SearchQuery, rank_chunks
from shared.settings import Settings
from shared.vector_stores.base import StoredChunk, TableName
from shared.vector_stores.lance import LanceVectorStore

CHUNKS_OF_A_DOCUMENT = 1000
SENTENCES_OF_A_CHUNK = 8
TOPICS = 200
"""Centres around which the vectors lie."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=300, help="in each mode")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    settings = Settings()
    embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)
    name = TableName(kb_id="kb-speed", model=embedder.model, dimensions=embedder.dimensions)
    with TemporaryDirectory(prefix="kbsync-speed-") as directory:
        store = LanceVectorStore(directory)
        began = time.monotonic()
        for document_id, chunks, vectors in documents(arguments.chunks, embedder.dimensions):
            store.replace_document(name, document_id, chunks, vectors)
        stored = time.monotonic()
        store.optimize(name)
        optimized = time.monotonic()
        print(f"{arguments.chunks} chunks stored in {stored - began:.0f} s, indexed in {optimized - stored:.0f} s")
        table = SearchedTable(store=store, name=name, model=settings.embedding_model, embedder=lambda: embedder)
        figures = {mode: measure(table, mode, searches=arguments.searches) for mode in SearchMode}
    for mode, found in figures.items():
        print(f"{mode:8} " + "  ".join(f"{key} {value:7.1f} ms" for key, value in found.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


def documents(chunks: int, dimensions: int) -> Iterator[tuple[str, list[StoredChunk], Vectors]]:
    """Yield documents of sentences drawn at random from those of the search evaluation, each with a number added."""
    drawn = random.Random(7)
    generator = np.random.default_rng(7)
    centres = generator.standard_normal((TOPICS, dimensions)).astype(np.float32)
    sentences = [part.text for text in texts().values() for part in split_sentences(text) if len(part.text) < 600]
    for start in range(0, chunks, CHUNKS_OF_A_DOCUMENT):
        count = min(CHUNKS_OF_A_DOCUMENT, chunks - start)
        document_id = f"doc-{start}"
        vectors = centres[generator.integers(0, TOPICS, count)]
        vectors = vectors + generator.standard_normal((count, dimensions)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        contents = [_content(drawn, sentences, start + number) for number in range(count)]
        yield document_id, [_chunk(document_id, at, content) for at, content in enumerate(contents)], vectors


def _content(drawn: random.Random, sentences: Sequence[str], number: int) -> str:
    return "\n".join([*drawn.choices(sentences, k=SENTENCES_OF_A_CHUNK), f"REF-{number:06} {drawn.random():,.4f}"])


def _chunk(document_id: str, ordinal: int, content: str) -> StoredChunk:
    return StoredChunk(
        chunk_id=f"{document_id}-{ordinal}",
        document_id=document_id,
        revision="r1",
        ordinal=ordinal,
        chunk_type=ChunkType.TEXT,
        content=content,
        token_count=200,
        page_start=1 + ordinal // 4,
        page_end=1 + ordinal // 4,
        headings=(f"Chapter {ordinal // 100}",),
        text_hash=f"{document_id}-{ordinal}",
    )


def measure(table: SearchedTable, mode: SearchMode, *, searches: int) -> dict[str, float]:
    """Ask the questions of the search evaluation, in turn, and return the middle and the slow times in ms."""
    questions = [question.text for question in load_questions(texts())]
    taken: list[float] = []
    for number in range(-10, searches):  # the first ones load what stays in memory
        query = SearchQuery(text=questions[number % len(questions)], mode=mode)
        began = time.perf_counter()
        rank_chunks(table, query)
        if number >= 0:
            taken.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98]}


if __name__ == "__main__":
    main()

"""Documents in both languages as rows of a table, thousands at a time."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from benchmarks.search_evaluation.pdf_documents import texts
from benchmarks.search_speed.texts import Writer, Written
from benchmarks.search_speed.vectors import VectorSource
from shared.chunking.model import ChunkType
from shared.chunking.sentences import split_sentences
from shared.embedders.base import Embedder, Vectors
from shared.vector_stores.base import StoredChunk
from shared.vector_stores.document_batch import searched_text
from shared.vector_stores.lance_schema import CHUNK_COLUMNS, SEARCH_TEXT, VECTOR, arrow_schema
from shared.vector_stores.text_tokens import index_tokens

SEED = 7
ENGLISH_WORDS = 170
CHINESE_WORDS = 130
"""Words of a chunk: about 256 tokens of the model."""

DOCUMENT_SIZES = (1, 2, 3, 4, 5, 6, 8, 10, 15, 46)
"""Chunks of a document, each size as often: 10 on the average."""

REAL_TEXTS = 4000


class DocumentSource:
    """Makes documents one after another, the same ones each time."""

    def __init__(self, embedder: Embedder) -> None:
        self.sources = list(texts().values())
        self.vectors = VectorSource(embedder, _real_texts(self.sources), seed=SEED)
        self._writer = Writer(self.sources, seed=SEED)
        self._sizes = np.random.default_rng(SEED)
        self._numbers = itertools.count()
        self._documents = itertools.count()

    def batch(self, chunks: int) -> tuple[list[StoredChunk], list[str], Vectors]:
        """Return so many chunks of whole documents (the last may be cut), their tokens and their vectors."""
        sizes = self._document_sizes(chunks)
        listed: list[StoredChunk] = []
        tokens: list[str] = []
        for number, size in zip(self._documents, sizes, strict=False):
            for ordinal, written in enumerate(self._written(size, is_english=number % 2 == 0)):
                listed.append(_chunk(f"doc-{number:07}", ordinal, written.content))
                tokens.append(written.tokens)
        return listed, tokens, self.vectors.of_documents(sizes)

    def _document_sizes(self, chunks: int) -> list[int]:
        sizes: list[int] = []
        while (left := chunks - sum(sizes)) > 0:
            sizes.append(min(left, int(self._sizes.choice(DOCUMENT_SIZES))))
        return sizes

    def _written(self, count: int, *, is_english: bool) -> list[Written]:
        identifiers = [f"REF-{number:07}" for number in itertools.islice(self._numbers, count)]
        if is_english:
            return self._writer.english(count, words=ENGLISH_WORDS, identifiers=identifiers)
        return self._writer.chinese(count, words=CHINESE_WORDS, identifiers=identifiers)


def rows(chunks: Sequence[StoredChunk], tokens: Sequence[str], vectors: Vectors) -> pa.Table:
    """Return the rows that `to_arrow` makes of these chunks, with tokens that are known already."""
    if tokens[0].split() != index_tokens(searched_text(chunks[0])):
        raise ValueError("The writer's tokens are not those of the store")
    columns = {name: [getattr(chunk, name) for chunk in chunks] for name in CHUNK_COLUMNS}
    flat = pa.array(vectors.ravel())
    return pa.table(
        columns | {SEARCH_TEXT: tokens, VECTOR: pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])},
        schema=arrow_schema(vectors.shape[1]),
    )


def _real_texts(sources: Sequence[str]) -> list[str]:
    """Return sentences of the search evaluation's documents, and neighbouring ones together, as chunks have them."""
    found = [text for source in sources for text in _windows([part.text for part in split_sentences(source)])]
    return found[:: max(1, len(found) // REAL_TEXTS)]


def _windows(sentences: Sequence[str]) -> Iterator[str]:
    for length in (1, 2, 4):
        for start in range(len(sentences) - length + 1):
            yield " ".join(sentences[start : start + length])


def _chunk(document_id: str, ordinal: int, content: str) -> StoredChunk:
    return StoredChunk.model_construct(
        chunk_id=f"{document_id}-{ordinal}",
        document_id=document_id,
        revision="r1",
        ordinal=ordinal,
        chunk_type=ChunkType.IMAGE if ordinal % 20 == 19 else ChunkType.TEXT,
        content=content,
        token_count=256,
        page_start=1 + ordinal // 3,
        page_end=1 + ordinal // 3,
        headings=(),
        text_hash=f"{document_id}-{ordinal}",
        image_key=None,
        image_content_type=None,
    )

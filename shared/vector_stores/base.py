"""What a vector store is: the chunks that a search can see, one table for each knowledge base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from shared.chunking.model import ChunkType
from shared.embedders.base import Vectors


class StoredChunk(BaseModel):
    """A chunk as the store keeps it, without its vector."""

    model_config = ConfigDict(frozen=True)

    chunk_id: str
    document_id: str
    revision: str
    """The content, converter, chunker and model that it was made of; a reader may refuse an outdated one."""
    ordinal: int
    chunk_type: ChunkType
    content: str
    token_count: int
    page_start: int
    page_end: int
    headings: tuple[str, ...] = ()
    text_hash: str
    image_key: str | None = None
    image_content_type: str | None = None


class ChunkHit(BaseModel):
    """A chunk that a search found; a higher score is better, and scores of two modes cannot be compared."""

    model_config = ConfigDict(frozen=True)

    chunk: StoredChunk
    score: float
    words: frozenset[str] = frozenset()
    """Those tokens of the query (`QueryTokens`) that the chunk holds; none in a search by vector."""


@dataclass(frozen=True)
class ChunkFilter:
    """Which chunks a search looks at; None means that it does not matter."""

    document_ids: tuple[str, ...] | None = None
    chunk_types: tuple[ChunkType, ...] | None = None
    page_start: int | None = None
    """Chunks that reach this page or one behind it."""
    page_end: int | None = None
    """Chunks that begin on this page or one before it."""

    @property
    def excludes_all(self) -> bool:
        return self.document_ids == () or self.chunk_types == ()

    def lets_through(self, chunk: StoredChunk) -> bool:
        return (
            (self.document_ids is None or chunk.document_id in self.document_ids)
            and (self.chunk_types is None or chunk.chunk_type in self.chunk_types)
            and (self.page_start is None or chunk.page_end >= self.page_start)
            and (self.page_end is None or chunk.page_start <= self.page_end)
        )


EVERY_CHUNK = ChunkFilter()


@dataclass(frozen=True)
class TableName:
    """Which table: a knowledge base has one for each embedding model, since vectors of two models do not mix."""

    kb_id: str
    model: str
    dimensions: int


@dataclass(frozen=True)
class DocumentChunks:
    """How much of a document the store holds."""

    revision: str
    text_chunks: int
    image_chunks: int
    tokens: int


@dataclass(frozen=True)
class DocumentRows:
    """All chunks of one document, with `len(chunks) x dimensions` vectors."""

    document_id: str
    chunks: Sequence[StoredChunk]
    vectors: Vectors


class VectorStore(Protocol):
    """Chunks with vectors and full text. Safe under many processes on one store.

    Every method raises `VectorStoreFailed` when the store does not answer or refuses. Reading a table that does not
    exist finds nothing.
    """

    def replace_document(
        self, table: TableName, document_id: str, chunks: Sequence[StoredChunk], vectors: Vectors
    ) -> None:
        """Do `replace_documents` for one."""
        ...

    def replace_documents(self, table: TableName, documents: Sequence[DocumentRows]) -> None:
        """Make these chunks the only ones of their documents, all of them in one commit.

        A reader sees the old chunks or the new ones. No chunks at all removes a document.
        """
        ...

    def delete_documents(self, kb_id: str, document_ids: Sequence[str]) -> int:
        """Remove all chunks of these documents and return how many there were."""
        ...

    def delete_knowledge_base(self, kb_id: str) -> int:
        """Remove everything of a knowledge base and return how many chunks there were."""
        ...

    def vectors_by_text_hash(self, table: TableName, text_hashes: Sequence[str]) -> Mapping[str, Vectors]:
        """Return the vector (`dimensions`) of each text hash that the table already holds."""
        ...

    def document_chunks(
        self, table: TableName, document_ids: Sequence[str] | None = None
    ) -> Mapping[str, DocumentChunks]:
        """Return what the table holds of these documents, or of all; documents without chunks are left out."""
        ...

    def list_chunks(
        self, table: TableName, document_id: str, *, chunk_type: ChunkType | None, offset: int, limit: int
    ) -> tuple[list[StoredChunk], int]:
        """Return a page of a document's chunks by ordinal, and how many there are in all."""
        ...

    def get_chunk(self, table: TableName, chunk_id: str) -> StoredChunk | None: ...

    def search_vector(
        self, table: TableName, vector: Vectors, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        """Return the nearest chunks to a unit vector (`dimensions`), by cosine."""
        ...

    def search_text(
        self, table: TableName, query: str, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        """Return the chunks that hold the words of the query (any language, Chinese too), best first.

        What `only` leaves out is passed over before the best are taken, here and in `search_vector`.
        """
        ...

    def optimize(self, table: TableName) -> None:
        """Compact and bring the indexes up to date; readers and writers go on meanwhile."""
        ...

    def ping(self) -> None:
        """Raise `VectorStoreFailed` where the store cannot be used."""
        ...

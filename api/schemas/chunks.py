"""Chunks in answers."""

from typing import Self

from api.schemas.base import View
from shared.chunking.model import ChunkType
from shared.vector_stores.base import StoredChunk


class ChunkView(View):
    chunk_id: str
    document_id: str
    ordinal: int
    chunk_type: ChunkType
    content: str
    token_count: int
    page_start: int
    page_end: int
    headings: tuple[str, ...]
    image_url: str | None = None

    @classmethod
    def of(cls, chunk: StoredChunk) -> Self:
        return cls(
            chunk_id=chunk.chunk_id,
            document_id=chunk.document_id,
            ordinal=chunk.ordinal,
            chunk_type=chunk.chunk_type,
            content=chunk.content,
            token_count=chunk.token_count,
            page_start=chunk.page_start,
            page_end=chunk.page_end,
            headings=chunk.headings,
            image_url=image_url(chunk),
        )


def image_url(chunk: StoredChunk) -> str | None:
    """Return where the picture of an image chunk is fetched, relative to the server."""
    return f"/api/v1/chunks/{chunk.chunk_id}/image" if chunk.image_key else None

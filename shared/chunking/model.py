"""What a chunk is."""

import hashlib
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ChunkType(StrEnum):
    TEXT = "text"
    IMAGE = "image"


class ChunkingOptions(BaseModel):
    """How large chunks are, in tiktoken `cl100k_base` tokens."""

    model_config = ConfigDict(frozen=True)

    max_tokens: int = Field(default=256, ge=32, le=8192)
    overlap_tokens: int = Field(default=32, ge=0, le=1024)


class Chunk(BaseModel):
    """A piece of a document that is found as one."""

    model_config = ConfigDict(frozen=True)

    ordinal: int
    """Position in the document, from 0."""
    chunk_type: ChunkType
    content: str
    token_count: int
    """Of `content`, in tiktoken tokens."""
    page_start: int
    page_end: int
    headings: tuple[str, ...] = ()
    """The headings above it, outermost first, as plain text."""
    embedding_text: str
    """What the model reads: the content, with its headings in front where they fit."""
    image_key: str | None = None
    """Where the picture of an image chunk lies in the object store."""
    image_content_type: str | None = None

    @property
    def text_hash(self) -> str:
        """Equal for equal texts: decides whether an embedding can be reused."""
        return hashlib.sha256(self.embedding_text.encode()).hexdigest()[:32]

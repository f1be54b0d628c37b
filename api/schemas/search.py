"""Search in requests and answers."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas.base import STORABLE, RequestModel, Text, View
from api.schemas.chunks import image_url
from api.validation import problem
from shared.chunking.model import ChunkType
from shared.services.ranking import SearchMode, SearchQuery
from shared.services.search import SearchResult

MAX_QUERY_CHARACTERS = 10_000
MAX_DOCUMENTS = 1_000


def _not_blank(text: str) -> str:
    if not text.strip():
        raise problem("blank")
    return text


class SearchBody(RequestModel):
    query: Annotated[str, StringConstraints(max_length=MAX_QUERY_CHARACTERS), STORABLE, AfterValidator(_not_blank)]
    top_k: int = Field(5, strict=True, ge=1, le=50)
    mode: SearchMode = SearchMode.HYBRID
    document_ids: Annotated[list[Text], Field(max_length=MAX_DOCUMENTS)] | None = None

    def to_query(self) -> SearchQuery:
        document_ids = tuple(dict.fromkeys(self.document_ids)) if self.document_ids else None
        return SearchQuery(text=self.query, top_k=self.top_k, mode=self.mode, document_ids=document_ids)


class SearchResultView(View):
    chunk_id: str
    document_id: str
    filename: str
    chunk_type: ChunkType
    content: str
    score: float
    page_start: int
    page_end: int
    headings: tuple[str, ...]
    image_url: str | None = None

    @classmethod
    def of(cls, result: SearchResult) -> Self:
        chunk = result.chunk
        return cls(
            chunk_id=chunk.chunk_id,
            document_id=chunk.document_id,
            filename=result.filename,
            chunk_type=chunk.chunk_type,
            content=chunk.content,
            score=result.score,
            page_start=chunk.page_start,
            page_end=chunk.page_end,
            headings=chunk.headings,
            image_url=image_url(chunk),
        )

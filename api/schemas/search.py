"""Search in requests and answers."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from api.schemas.base import STORABLE, RequestModel, Text, View
from api.schemas.chunks import image_url
from api.validation import problem
from shared.chunking.model import ChunkType
from shared.services.ranking import SearchMode, SearchQuery
from shared.services.search import SearchResult
from shared.vector_stores.base import ChunkFilter

MAX_QUERY_CHARACTERS = 10_000
MAX_DOCUMENTS = 1_000
MAX_CHUNK_TYPES = 10
LAST_PAGE = 2**31 - 1
PageNumber = Annotated[int, Field(strict=True, ge=1, le=LAST_PAGE)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise problem("blank")
    return text


class SearchBody(RequestModel):
    query: Annotated[str, StringConstraints(max_length=MAX_QUERY_CHARACTERS), STORABLE, AfterValidator(_not_blank)]
    top_k: int = Field(5, strict=True, ge=1, le=50)
    mode: SearchMode = SearchMode.HYBRID
    document_ids: Annotated[list[Text], Field(max_length=MAX_DOCUMENTS)] | None = None
    chunk_types: Annotated[list[ChunkType], Field(max_length=MAX_CHUNK_TYPES)] | None = None
    page_start: PageNumber | None = None
    page_end: PageNumber | None = None

    @field_validator("page_end")
    @classmethod
    def _not_before_start(cls, page_end: int | None, info: ValidationInfo) -> int | None:
        page_start = info.data.get("page_start")
        if page_end is not None and page_start is not None and page_end < page_start:
            raise problem("page_range")
        return page_end

    def to_query(self) -> SearchQuery:
        """Return the search; an empty list asks for all, as one that is left out does."""
        only = ChunkFilter(
            document_ids=tuple(dict.fromkeys(self.document_ids)) if self.document_ids else None,
            chunk_types=tuple(dict.fromkeys(self.chunk_types)) if self.chunk_types else None,
            page_start=self.page_start,
            page_end=self.page_end,
        )
        return SearchQuery(text=self.query, top_k=self.top_k, mode=self.mode, only=only)


class HighlightView(View):
    """A part of `content`, from `start` to before `end`, counted in Unicode code points."""

    start: int
    end: int


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
    highlights: tuple[HighlightView, ...]

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
            highlights=tuple(HighlightView(start=part.start, end=part.end) for part in result.highlights),
        )

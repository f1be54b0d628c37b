"""What all requests and answers are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from api.dependencies import PageQuery
from api.validation import problem
from shared import clock

Content = TypeVar("Content")

UtcTime = Annotated[
    datetime,
    PlainSerializer(clock.iso_z, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2025-01-20T10:00:00Z"]}),
]
"""A time as `2025-01-20T10:00:00Z`, with milliseconds where there are some."""


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise problem("characters")
    return text


STORABLE = AfterValidator(_storable)
Text = Annotated[str, STORABLE]
"""A string that every store can keep."""


class RequestModel(BaseModel):
    """A JSON body; fields that are not known are passed over."""

    model_config = ConfigDict(frozen=True)


class View(BaseModel):
    """A part of an answer; fields that are None are left out."""

    model_config = ConfigDict(frozen=True)


class Data(View, Generic[Content]):
    data: Content


class MessageData(View, Generic[Content]):
    message: str
    data: Content


class Pagination(View):
    page: int
    page_size: int
    total: int
    total_pages: int


class Page(View, Generic[Content]):
    data: Sequence[Content]
    pagination: Pagination


def pagination(page: PageQuery, total: int) -> Pagination:
    """Describe a page of `total` entries; without any entry there are no pages."""
    return Pagination(page=page.number, page_size=page.size, total=total, total_pages=-(-total // page.size))


class ErrorDetail(View):
    code: str
    message: str
    details: dict[str, object]
    request_id: str | None = None


class ErrorAnswer(View):
    """Every failure, whatever its status."""

    error: ErrorDetail

"""What routes ask for in their signatures."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import HTTPConnection

from api.callers import caller_of
from api.language import Language, language_of
from api.validation import BadField, from_pydantic
from shared import logs
from shared.resources import Resources

MAX_PAGE = 1_000_000_000
"""Keeps the number of skipped records inside 64 bits."""

Body = TypeVar("Body", bound=BaseModel)


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(frozen=True)

    number: int
    size: int


async def _resources(connection: HTTPConnection) -> Resources:
    """Give the route of a request or of a WebSocket what its caller may see, and nothing else."""
    resources = connection.app.state.resources
    assert isinstance(resources, Resources)
    return resources.seen_by(caller_of(connection.scope).scope)


async def _language(request: Request) -> Language:
    return language_of(request.scope)


async def _page(
    page: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="Entries in a page.")] = 20,
) -> PageQuery:
    return PageQuery(number=page, size=page_size)


async def _request_id() -> str | None:
    return logs.bound_value("request_id")


OpenResources = Annotated[Resources, Depends(_resources)]
ClientLanguage = Annotated[Language, Depends(_language)]
RequestedPage = Annotated[PageQuery, Depends(_page)]
RequestId = Annotated[str | None, Depends(_request_id)]


def existing_knowledge_base(kb_id: str, resources: OpenResources) -> str:
    """Let a route refuse an unknown knowledge base before it looks at the body."""
    return resources.knowledge_bases.get(kb_id).id


ExistingKnowledgeBase = Annotated[str, Depends(existing_knowledge_base)]


async def json_bytes(request: Request) -> bytes:
    """Return a body that says it is JSON. Raises `InvalidRequest` for any other."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BadField("body", "json_expected")
    return await request.body()


def json_body_after_knowledge_base(model: type[Body]) -> Callable[[Request, str], Awaitable[Body]]:
    """Make a dependency that reads a JSON body once the knowledge base is known to exist.

    FastAPI parses bodies before anything else, so that a broken one would hide that the knowledge base is missing.
    """

    async def read(request: Request, kb_id: ExistingKnowledgeBase) -> Body:  # noqa: ARG001  it orders the checks
        try:
            return model.model_validate_json(await json_bytes(request))
        except ValidationError as error:
            raise from_pydantic(error, "body") from error

    return read

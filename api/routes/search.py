"""Search."""

from fastapi import APIRouter

from api import examples
from api.dependencies import OpenResources
from api.operations import operation
from api.schemas.base import Data
from api.schemas.search import SearchBody, SearchResultView
from shared.errors import DocumentsNotFound, InvalidRequest, KnowledgeBaseNotFound, SearchFailed
from shared.services import search

router = APIRouter(prefix="/knowledge-bases", tags=["search"])


@router.post(
    "/{kb_id}/search",
    **operation(
        "search_knowledge_base",
        summary="检索知识库",
        description=(
            "Find the chunks that answer a query, by meaning (`vector`), by words (`text`) or both (`hybrid`). "
            "`document_ids`, `chunk_types`, `page_start` and `page_end` say which chunks are looked at. `highlights` "
            "are the places in `content` where words of the query stand; in a search by vector there are none."
        ),
        examples={200: {"found": {"data": [examples.SEARCH_RESULT]}}},
        fails=[InvalidRequest, KnowledgeBaseNotFound, DocumentsNotFound, SearchFailed],
    ),
)
def search_knowledge_base(kb_id: str, body: SearchBody, resources: OpenResources) -> Data[list[SearchResultView]]:
    results = search.search(resources, kb_id, body.to_query())
    return Data(data=[SearchResultView.of(result) for result in results])

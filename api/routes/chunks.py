"""Chunks by themselves: the pictures of image chunks."""

from mimetypes import guess_extension

from fastapi import APIRouter, Response

from api.dependencies import OpenResources
from api.operations import operation
from api.routes.documents import attachment
from shared.errors import ChunkNotFound, ObjectStoreUnavailable, VectorStoreFailed
from shared.services import documents

router = APIRouter(prefix="/chunks", tags=["documents"])


@router.get(
    "/{chunk_id}/image",
    response_class=Response,
    **operation(
        "get_chunk_image",
        summary="获取图片分块的图片",
        description="Return the picture of an image chunk; a text chunk has none and is not found.",
        fails=[ChunkNotFound, ObjectStoreUnavailable, VectorStoreFailed],
    ),
)
def get_chunk_image(chunk_id: str, resources: OpenResources) -> Response:
    picture = documents.picture(resources, chunk_id)
    headers = {"Content-Disposition": attachment(f"{chunk_id}{guess_extension(picture.content_type) or ''}")}
    return Response(picture.data, media_type=picture.content_type, headers=headers)

"""Chunk: the blocks become the pieces that are embedded and found, and the pieces become batches."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from shared import derived
from shared.artifacts import ArtifactNames
from shared.chunking.chunker import chunk_document
from shared.chunking.image_context import ImageArtifact
from shared.chunking.model import Chunk
from shared.chunking.sizes import ModelWindow
from shared.errors import NoExtractableContent
from shared.models import ChunkOutput, ConvertOutput
from shared.object_stores.base import ObjectStore
from worker.stages.convert import read_converted


class ChunkList(BaseModel):
    """The artifact of this stage."""

    model_config = ConfigDict(frozen=True)

    chunks: tuple[Chunk, ...]

    def batches(self, size: int) -> list[tuple[str, ...]]:
        """Split the distinct texts, by their hashes and in the order of the document, into batches of `size`.

        The split depends on nothing but the chunks and the size, so every attempt and every retry finds the vectors
        that an earlier one left.
        """
        hashes = list(dict.fromkeys(chunk.text_hash for chunk in self.chunks))
        return [tuple(hashes[start : start + size]) for start in range(0, len(hashes), size)]


def chunk(
    object_store: ObjectStore,
    window: ModelWindow,
    *,
    names: ArtifactNames,
    converted: ConvertOutput,
    images_key: str,
    images: Callable[[], Sequence[ImageArtifact]],
    batch_chunks: int,
) -> ChunkOutput:
    """Cut a document into chunks. Raises `NoExtractableContent` where there is nothing to cut.

    `images_key` names the artifact of the pictures; `images` gives them, and is asked only where they are needed.
    """
    key = names.chunks_of(images_key)
    known = derived.find(object_store, key, ChunkList)
    if known is not None:
        return _output(known, key, batch_chunks)
    document = read_converted(object_store, converted.artifact_key)
    kept = {image.name: image for image in images()}
    chunks = chunk_document(document, options=names.chunking, window=window, images=kept)
    if not chunks:
        raise NoExtractableContent
    listed = ChunkList(chunks=tuple(chunks))
    derived.keep(object_store, key, listed)
    return _output(listed, key, batch_chunks)


def read_chunks(object_store: ObjectStore, key: str) -> ChunkList:
    """Raises `ObjectNotFound`."""
    return derived.read(object_store, key, ChunkList)


def _output(listed: ChunkList, key: str, batch_chunks: int) -> ChunkOutput:
    return ChunkOutput(
        artifact_key=key,
        chunk_count=len(listed.chunks),
        batch_count=len(listed.batches(batch_chunks)),
        batch_chunks=batch_chunks,
    )

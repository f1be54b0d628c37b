"""The documents of the evaluation on their way into a table: converted, chunked, embedded and stored as in a sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.chunking.chunker import chunk_document
from shared.chunking.image_context import ImageArtifact, image_contexts
from shared.chunking.model import Chunk, ChunkingOptions
from shared.converters.base import ConversionLimits, ConvertedDocument, Converter
from shared.converters.registry import open_converters
from shared.embedders.base import Embedder
from shared.embedders.registry import open_embedder
from shared.errors import KbSyncError
from shared.rerankers.registry import open_reranker
from shared.services.ranking import SearchedTable
from shared.settings import Settings
from shared.vector_stores.base import StoredChunk, TableName
from shared.vector_stores.lance import LanceVectorStore


@dataclass(frozen=True)
class IndexedDocuments:
    table: SearchedTable
    filenames: dict[str, str]
    """By document id."""
    chunks: int


def index_documents(paths: Sequence[Path], settings: Settings, directory: Path) -> IndexedDocuments:
    """Sync the files into a table below `directory`; files that cannot be converted are left out."""
    embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)
    name = TableName(kb_id="kb-evaluation", model=embedder.model, dimensions=embedder.dimensions)
    store = LanceVectorStore(str(directory))
    filenames: dict[str, str] = {}
    stored = 0
    converters = open_converters(settings)
    for number, path in enumerate(paths):
        chunks = _chunks(path, converters.of("application/pdf"), embedder, settings)
        if not chunks:
            continue
        document_id = f"doc-{number}"
        filenames[document_id] = path.name
        vectors = embedder.embed([chunk.embedding_text for chunk in chunks])
        store.replace_document(name, document_id, _stored(chunks, document_id), vectors)
        stored += len(chunks)
    converters.close()
    store.optimize(name)
    table = SearchedTable(
        store=store,
        name=name,
        model=settings.embedding_model,
        embedder=lambda: embedder,
        reranker=open_reranker(settings),
        rerank_timeout_seconds=settings.rerank_timeout_seconds,
    )
    return IndexedDocuments(table=table, filenames=filenames, chunks=stored)


def _chunks(path: Path, converter: Converter, embedder: Embedder, settings: Settings) -> list[Chunk]:
    limits = ConversionLimits(
        timeout_seconds=settings.conversion_timeout_seconds, memory_limit_bytes=settings.conversion_memory_bytes
    )
    with TemporaryDirectory(prefix="kbsync-pictures-") as pictures:
        try:
            document = converter.convert(path, Path(pictures), limits=limits, should_stop=lambda: False)
        except KbSyncError:
            return []
    options = ChunkingOptions(max_tokens=settings.chunk_max_tokens, overlap_tokens=settings.chunk_overlap_tokens)
    return chunk_document(document, options=options, window=embedder, images=_pictures(document))


def _pictures(document: ConvertedDocument) -> dict[str, ImageArtifact]:
    contexts = image_contexts(document)
    return {
        image.name: ImageArtifact(
            name=image.name,
            image_key=image.name,
            content_type=image.content_type,
            context=contexts[image.name].text,
        )
        for image in document.images
        if image.name in contexts
    }


def _stored(chunks: Sequence[Chunk], document_id: str) -> list[StoredChunk]:
    return [
        StoredChunk(
            chunk_id=f"{document_id}-{chunk.ordinal}",
            document_id=document_id,
            revision="r1",
            text_hash=chunk.text_hash,
            **chunk.model_dump(exclude={"embedding_text"}),
        )
        for chunk in chunks
    ]

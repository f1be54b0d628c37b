"""The stages of the service as plain functions over stores in a directory, for one process."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from shared import clock, ids
from shared.artifacts import ArtifactNames, source_key
from shared.chunking.model import ChunkingOptions
from shared.converters.base import ConversionLimits
from shared.converters.registry import ENGINES, open_converters
from shared.converters.sandbox import load_converter
from shared.embedders.registry import open_embedder
from shared.models import ChunkOutput, ConvertOutput, Document, EmbeddingChoice, ImagesOutput, KnowledgeBase
from shared.object_stores.registry import open_object_store
from shared.ocr.reading import PageReadings
from shared.ocr.sandbox import open_page_reader
from shared.settings import Settings
from shared.vector_stores.base import TableName
from shared.vector_stores.registry import open_vector_store
from worker.stages.chunk import chunk, read_chunks
from worker.stages.convert import convert
from worker.stages.download import download
from worker.stages.embed import embed_batch
from worker.stages.images import collect_images, describe_images
from worker.stages.store import commit, prepare


@dataclass(frozen=True)
class Chunked:
    """What a converting process leaves of a document."""

    document: Document
    pages: int
    output: ChunkOutput


class PlainStages:
    """The stores and plug-ins of one process, without any server."""

    def __init__(self, root: Path) -> None:
        self._settings = settings = Settings(data_dir=root)
        self._objects = open_object_store(settings)
        self._vectors = open_vector_store(settings)
        self._converter = load_converter(ENGINES[settings.pdf_engine])
        self._converters = open_converters(settings)
        """Asked for names only: their sandbox never starts."""
        self._readings = PageReadings(
            reader=open_page_reader(settings),
            mode=settings.ocr,
            page_timeout_seconds=settings.ocr_page_timeout_seconds,
            timeout_seconds=settings.ocr_timeout_seconds,
        )
        self._choice = EmbeddingChoice(provider=settings.embedding_provider, model=settings.embedding_model)
        self._embedder = open_embedder(settings.embedding_provider, settings.embedding_model, settings)

    def knowledge_base(self, kb_id: str) -> KnowledgeBase:
        chunking = ChunkingOptions(
            max_tokens=self._settings.chunk_max_tokens, overlap_tokens=self._settings.chunk_overlap_tokens
        )
        now = clock.now()
        return KnowledgeBase(
            id=kb_id, name="bare", chunking=chunking, embedding=self._choice, created_at=now, updated_at=now
        )

    def names(self, document: Document) -> ArtifactNames:
        return ArtifactNames.of(document, self.knowledge_base(document.kb_id), self._converters, self._readings)

    def _table(self, kb_id: str) -> TableName:
        return TableName(kb_id=kb_id, model=self._embedder.model, dimensions=self._embedder.dimensions)

    def texts(self, chunked: Chunked) -> dict[str, str]:
        """Return what the model reads of a document, by hash."""
        chunks = read_chunks(self._objects, chunked.output.artifact_key).chunks
        return {each.text_hash: each.embedding_text for each in chunks}

    def put(self, kb_id: str, source: Path) -> Document:
        """Keep an original, as an upload does."""
        content, document_id, now = source.read_bytes(), ids.new_document_id(), clock.now()
        key = source_key(kb_id, document_id)
        self._objects.put(key, [content])
        return Document(
            id=document_id,
            kb_id=kb_id,
            filename=source.name,
            object_key=key,
            content_type="application/pdf",
            file_size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            created_at=now,
            updated_at=now,
        )

    def convert_and_chunk(self, document: Document) -> Chunked:
        """Run the stages from download to chunk. Raises `KbSyncError`."""
        download(self._objects, document)
        names = self.names(document)
        converted = self._convert(document, names)
        images = describe_images(
            self._objects,
            names=names,
            converted=converted,
            readings=self._readings,
            describer=None,
            batch_pictures=sys.maxsize,
            note_total=_ignore,
            note_done=_ignore,
            should_stop=_never,
        )
        return Chunked(document, converted.page_count, self._chunk(names, converted, images))

    def _convert(self, document: Document, names: ArtifactNames) -> ConvertOutput:
        limits = ConversionLimits(
            timeout_seconds=self._settings.conversion_timeout_seconds,
            memory_limit_bytes=self._settings.conversion_memory_bytes,
            max_pages=self._settings.conversion_max_pages,
        )
        return convert(
            self._objects,
            self._objects,
            self._converter,
            document,
            names=names,
            limits=limits,
            readings=self._readings,
            should_stop=_never,
        ).output

    def _chunk(self, names: ArtifactNames, converted: ConvertOutput, images: ImagesOutput) -> ChunkOutput:
        return chunk(
            self._objects,
            self._embedder,
            names=names,
            converted=converted,
            images_key=images.artifact_key,
            images=lambda: collect_images(self._objects, names=names, converted=converted, images=images).images,
            batch_chunks=self._settings.embedding_batch_chunks,
        )

    def embed(self, chunked: Chunked) -> None:
        table = self._table(chunked.document.kb_id)
        for batch in range(chunked.output.batch_count):
            embed_batch(
                self._objects,
                self._vectors,
                self._embedder,
                table=table,
                names=self.names(chunked.document),
                chunked=chunked.output,
                batch=batch,
                note_partial=_ignore,
                should_stop=_never,
            )

    def store(self, chunked: Chunked) -> int:
        document = chunked.document
        rows = prepare(
            self._objects,
            document,
            names=self.names(document),
            chunks_key=chunked.output.artifact_key,
            batch_chunks=chunked.output.batch_chunks,
        )
        table = self._table(document.kb_id)
        commit(self._vectors, document, table=table, rows=rows)
        return len(rows.chunks)


def _never() -> bool:
    return False


def _ignore(_: int) -> None:
    return None

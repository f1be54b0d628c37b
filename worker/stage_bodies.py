"""Between the records and the stages: each body hands its stage what it needs and counts what it did."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from shared.converters.base import ConversionLimits
from shared.counters import Counter
from shared.errors import Cancelled, ObjectNotFound
from shared.models import ChunkOutput, ConvertOutput, ImagesOutput, RunRef, StoreFacts
from shared.repositories.stage_leases import StageOutput
from shared.resources import Resources
from shared.states import Stage
from worker.stages.chunk import ChunkList, chunk
from worker.stages.convert import convert
from worker.stages.download import download
from worker.stages.embed import EmbeddedBatch, embed_batch
from worker.stages.embed_bundle import SmallDocument, embed_together
from worker.stages.images import collect_images, describe_images, read_image_batch, read_images
from worker.stages.store import PreparedRows, prepare
from worker.work import ShouldStop, Work

Output = TypeVar("Output", bound=StageOutput)
StageBody = Callable[[Resources, Work, ShouldStop], StageOutput | None]


def _download(resources: Resources, work: Work, _: ShouldStop) -> None:
    download(resources.originals(work.document), work.document)


def _convert(resources: Resources, work: Work, should_stop: ShouldStop) -> ConvertOutput:
    settings = resources.settings
    conversion = convert(
        resources.object_store,
        resources.originals(work.document),
        resources.converters.of(work.document.content_type),
        work.document,
        names=work.names,
        limits=ConversionLimits(
            timeout_seconds=settings.conversion_timeout_seconds,
            memory_limit_bytes=settings.conversion_memory_bytes,
            max_pages=settings.conversion_max_pages,
        ),
        readings=resources.page_readings,
        should_stop=should_stop,
    )
    if conversion.made:
        resources.counters.add({Counter.CONVERSIONS: 1, Counter.PAGES_CONVERTED: conversion.output.page_count})
    return conversion.output


def _images(resources: Resources, work: Work, should_stop: ShouldStop) -> ImagesOutput:
    return describe_images(
        resources.object_store,
        names=work.names,
        converted=needed(work.run.outputs.convert),
        readings=resources.page_readings,
        describer=resources.image_describer,
        batch_pictures=resources.settings.image_batch_pictures,
        note_total=lambda total: resources.leases.note_images(work.ref, total=total),
        note_done=lambda done: resources.leases.note_image_read(work.ref, batch=0, done=done),
        should_stop=should_stop,
    )


def _chunk(resources: Resources, work: Work, _: ShouldStop) -> ChunkOutput:
    converted, images = needed(work.run.outputs.convert), needed(work.run.outputs.images)
    return chunk(
        resources.object_store,
        resources.embedder(work.knowledge_base.embedding),
        names=work.names,
        converted=converted,
        images_key=images.artifact_key,
        images=lambda: (
            collect_images(resources.object_store, names=work.names, converted=converted, images=images).images
        ),
        batch_chunks=resources.settings.embedding_batch_chunks,
    )


STAGE_BODIES: Mapping[Stage, StageBody] = {
    Stage.DOWNLOAD: _download,
    Stage.CONVERT: _convert,
    Stage.IMAGES: _images,
    Stage.CHUNK: _chunk,
}


def embed_one_batch(resources: Resources, work: Work, batch: int, should_stop: ShouldStop) -> EmbeddedBatch:
    """Embed a batch of the document's chunks. Raises `Cancelled` where it is no longer wanted."""
    if should_stop():
        raise Cancelled
    noted = work.run.partly_embedded.get(str(batch), 0)

    def note_partial(chunks: int) -> None:
        resources.parked_runs.note_embedded(work.ref, batch, owner=work.owner, chunks=chunks, before=noted)

    embedded = embed_batch(
        resources.object_store,
        resources.vector_store,
        resources.embedder(work.knowledge_base.embedding),
        table=resources.table(work.knowledge_base),
        names=work.names,
        chunked=needed(work.run.outputs.chunk),
        batch=batch,
        note_partial=note_partial,
        should_stop=should_stop,
    )
    _count_embedded(resources, [embedded])
    return embedded


def embed_batches_together(
    resources: Resources, works: Sequence[Work], listed: Mapping[RunRef, ChunkList], should_stop: ShouldStop
) -> dict[RunRef, EmbeddedBatch | None]:
    """Embed documents of one knowledge base that have one batch each; None for those that must go on alone."""
    knowledge_base = works[0].knowledge_base
    embedded = embed_together(
        resources.object_store,
        resources.vector_store,
        resources.embedder(knowledge_base.embedding),
        table=resources.table(knowledge_base),
        documents=[SmallDocument(names=work.names, listed=listed[work.ref]) for work in works],
        should_stop=should_stop,
    )
    _count_embedded(resources, [batch for batch in embedded if batch is not None])
    return dict(zip((work.ref for work in works), embedded, strict=True))


def _count_embedded(resources: Resources, batches: Sequence[EmbeddedBatch]) -> None:
    """Count what one call of the model did, where there was one."""
    embedded = sum(batch.embedded for batch in batches)
    amounts = {Counter.CHUNKS_EMBEDDED: embedded, Counter.EMBEDDINGS_REUSED: sum(batch.reused for batch in batches)}
    resources.counters.add(amounts | ({Counter.EMBED_CALLS: 1} if embedded else {}))


def read_one_image_batch(resources: Resources, work: Work, batch: int, should_stop: ShouldStop) -> None:
    """Read a batch of the document's pictures. Raises `Cancelled` where it is no longer wanted."""
    read_image_batch(
        resources.object_store,
        names=work.names,
        converted=needed(work.run.outputs.convert),
        images=needed(work.run.outputs.images),
        batch=batch,
        readings=resources.page_readings,
        describer=resources.image_describer,
        note_done=lambda done: resources.leases.note_image_read(work.ref, batch=batch, done=done),
        should_stop=should_stop,
    )


def prepare_rows(resources: Resources, work: Work) -> PreparedRows:
    """Bring a document's chunks and vectors together for its commit."""
    chunked = needed(work.run.outputs.chunk)
    return prepare(
        resources.object_store,
        work.document,
        names=work.names,
        chunks_key=chunked.artifact_key,
        batch_chunks=chunked.batch_chunks,
    )


def store_facts(resources: Resources, work: Work, rows: PreparedRows) -> StoreFacts:
    """What the document's record will say when these rows count."""
    images = needed(work.run.outputs.images)
    image_notes = read_images(resources.object_store, images.artifact_key).notes if images.image_count else ()
    converted, chunked = needed(work.run.outputs.convert), needed(work.run.outputs.chunk)
    return StoreFacts(
        revision=rows.revision,
        chunks_key=chunked.artifact_key,
        batch_chunks=chunked.batch_chunks,
        page_count=converted.page_count,
        text_chunks=rows.text_chunks,
        image_chunks=rows.image_chunks,
        token_count=rows.token_count,
        markdown_key=converted.markdown_key,
        notes=(*converted.notes, *image_notes),
        processing_info=work.run.stage_ms,
    )


def needed(output: Output | None) -> Output:
    """Return what an earlier stage left. Raises `ObjectNotFound`, which starts the document over."""
    if output is None:
        raise ObjectNotFound("an earlier stage left no output")
    return output

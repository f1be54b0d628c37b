"""What a document's chunks must be, from the artifact that they were made from and from the text of the sample."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared import ids
from shared.chunking.model import ChunkingOptions
from shared.errors import ObjectNotFound
from shared.models import Document, KnowledgeBase
from shared.resources import Resources
from tests.chaos.samples import LINE_MARK, Sample
from worker.stages.chunk import read_chunks

CHUNKINGS = (
    ChunkingOptions(max_tokens=64, overlap_tokens=8),
    ChunkingOptions(max_tokens=96, overlap_tokens=0),
    ChunkingOptions(max_tokens=128, overlap_tokens=16),
)
"""Between which the knowledge bases change, so that a document gets other chunks."""


@dataclass(frozen=True)
class Variant:
    """The whole of a document's chunks under one way of chunking."""

    revision: str
    chunk_ids: frozenset[str]
    marks: frozenset[str]


class Expectations:
    """The variants of every document, read once each; safe to use from several threads."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._known: dict[tuple[str, ChunkingOptions], Variant] = {}
        self._documents: dict[str, Document] = {}
        self._lock = threading.Lock()

    def variants(self, document_id: str, knowledge_base: KnowledgeBase) -> Mapping[str, Variant]:
        """Return, by revision, what a document may look like; only what its stages have made so far."""
        if document_id not in self._documents:
            self._documents[document_id] = self._resources.documents.get(document_id)
        document = self._documents[document_id]
        found = (self._variant(document, knowledge_base, chunking) for chunking in CHUNKINGS)
        return {variant.revision: variant for variant in found if variant is not None}

    def _variant(self, document: Document, knowledge_base: KnowledgeBase, chunking: ChunkingOptions) -> Variant | None:
        with self._lock:
            if (document.id, chunking) in self._known:
                return self._known[document.id, chunking]
        changed = knowledge_base.model_copy(update={"chunking": chunking})
        names = self._resources.artifact_names(document, changed)
        try:
            listed = read_chunks(self._resources.object_store, names.chunks)
        except ObjectNotFound:
            return None
        variant = Variant(
            revision=names.revision,
            chunk_ids=frozenset(
                ids.chunk_id(document.kb_id, document.id, names.revision, chunk.ordinal) for chunk in listed.chunks
            ),
            marks=frozenset(LINE_MARK.findall(" ".join(chunk.content for chunk in listed.chunks))),
        )
        with self._lock:
            self._known[document.id, chunking] = variant
        return variant


def judge(shown: Collection[str], variants: Mapping[str, Variant], sample: Sample) -> str | None:
    """Say what is wrong with the chunk ids that are shown of a document, or None."""
    if not shown:
        return "no chunks"
    if len(shown) != len(set(shown)):
        return "a chunk twice"
    whole = [variant for variant in variants.values() if variant.chunk_ids == set(shown)]
    if not whole:
        parts = {name: len(variant.chunk_ids & set(shown)) for name, variant in variants.items()}
        return f"{len(shown)} chunks that are no whole variant; of each: {parts}"
    if whole[0].marks != sample.marks:
        return f"lines are missing: {sorted(sample.marks - whole[0].marks)}"
    return None

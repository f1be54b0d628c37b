"""What a claimed stage works on."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.artifacts import ArtifactNames
from shared.models import Document, DocumentRun, KnowledgeBase, RunRef
from shared.states import Stage

ShouldStop = Callable[[], bool]
"""Tells whether to leave the work: cancelled, taken over by another attempt, or to be handed back."""


@dataclass(frozen=True)
class Work:
    """A stage or an embed batch of a document, owned by this process until its lease ends."""

    ref: RunRef
    stage: Stage
    lease: str
    owner: str
    run: DocumentRun
    document: Document
    knowledge_base: KnowledgeBase
    names: ArtifactNames

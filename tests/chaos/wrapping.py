"""Puts fault points around the collaborators of the product, from outside and only in the processes of this suite."""

import errno
import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared.converters.sandbox import SandboxedConverter
from shared.embedders.base import Vectors
from shared.embedders.hashing import HashingEmbedder
from shared.errors import EmbeddingThrottled, EmbeddingTimeout, ObjectStoreUnavailable
from shared.kb_lock import KnowledgeBaseLock
from shared.models import DocumentRun, RunRef
from shared.object_stores.local import LocalObjectStore
from shared.queue import TaskQueue
from shared.repositories.bundle_leases import BundleLeaseRepository
from shared.repositories.document_runs import DocumentRunRepository
from shared.repositories.documents import DocumentRepository
from shared.repositories.knowledge_bases import KnowledgeBaseRepository
from shared.repositories.stage_leases import StageLeaseRepository
from shared.repositories.sync_tasks import SyncTaskRepository
from shared.states import Stage
from shared.vector_stores.lance import LanceVectorStore
from tests.chaos.environment import CHAOS_DIRECTORY
from tests.chaos.fault_points import Action, FaultPoints
from tests.chaos.journal import Claim, EmbedCall, Journal

WORKER_STEPS: tuple[tuple[type, str], ...] = (
    (StageLeaseRepository, "claim_stage"),
    (StageLeaseRepository, "claim_batch"),
    (StageLeaseRepository, "end_stage"),
    (StageLeaseRepository, "end_batch"),
    (StageLeaseRepository, "end_image_batch"),
    (BundleLeaseRepository, "claim_preparation"),
    (BundleLeaseRepository, "claim_batches"),
    (BundleLeaseRepository, "claim_stores"),
    (BundleLeaseRepository, "end_preparation"),
    (BundleLeaseRepository, "end_batches"),
    (BundleLeaseRepository, "begin_commits"),
    (BundleLeaseRepository, "complete"),
    (StageLeaseRepository, "begin_attempt"),
    (StageLeaseRepository, "note_redelivery"),
    (DocumentRepository, "mark_processing"),
    (DocumentRepository, "begin_stores"),
    (DocumentRepository, "commit_stores"),
    (DocumentRepository, "mark_failed"),
    (DocumentRunRepository, "take_for_dispatch"),
    (DocumentRunRepository, "take_companions"),
    (DocumentRunRepository, "complete_unchanged"),
    (DocumentRunRepository, "fail"),
    (SyncTaskRepository, "start"),
    (SyncTaskRepository, "end"),
    (KnowledgeBaseLock, "release"),
    (LanceVectorStore, "replace_documents"),
    (LocalObjectStore, "put"),
)
"""Every step of a stage and of a sync that leaves something behind: a kill may come before or after each."""

API_STEPS: tuple[tuple[type, str], ...] = (
    (KnowledgeBaseRepository, "next_fence"),
    (KnowledgeBaseLock, "acquire"),
    (KnowledgeBaseLock, "release"),
    (DocumentRunRepository, "insert_many"),
    (DocumentRunRepository, "cancel_active"),
    (SyncTaskRepository, "insert"),
    (SyncTaskRepository, "end"),
    (TaskQueue, "send"),
    (LocalObjectStore, "put"),
    (DocumentRepository, "insert"),
    (DocumentRepository, "delete_many"),
    (DocumentRepository, "keep_from"),
    (DocumentRepository, "restore_status"),
)

EMBEDDER = "embedder"
OBJECT_STORE = "object store"
POISON = b"kills its worker"
"""A file that holds these bytes kills the worker process that converts it."""


def before(owner: type, method: str) -> str:
    return f"before {owner.__name__}.{method}"


def after(owner: type, method: str) -> str:
    return f"after {owner.__name__}.{method}"


def install(steps: Sequence[tuple[type, str]], *, with_plug_ins: bool) -> None:
    """Put fault points around the steps; in workers around the plug-ins too."""
    directory = Path(os.environ[CHAOS_DIRECTORY])
    points, journal = FaultPoints(directory), Journal(directory)
    if with_plug_ins:
        _wrap_object_store(points)
        _wrap_embedder(points, journal)
        _wrap_converter()
    for owner, method in steps:
        _wrap_step(points, owner, method)
    if with_plug_ins:
        _wrap_claims(journal)


def _wrap_step(points: FaultPoints, owner: type, method: str) -> None:
    original: Callable[..., Any] = getattr(owner, method)

    @functools.wraps(original)
    def step(*args: Any, **kwargs: Any) -> Any:
        points.meet(before(owner, method))
        result = original(*args, **kwargs)
        points.meet(after(owner, method))
        return result

    setattr(owner, method, step)


_at_work = threading.local()
"""The embed batches that this thread works on."""


def _wrap_claims(journal: Journal) -> None:
    claim_stage = StageLeaseRepository.claim_stage
    claim_batch = StageLeaseRepository.claim_batch

    def note(ref: RunRef, stage: Stage, batch: int | None, at: float) -> None:
        journal.write(
            Claim(
                at=at,
                pid=os.getpid(),
                task_id=ref.task_id,
                document_id=ref.document_id,
                attempt=ref.attempt,
                stage=str(stage),
                batch=batch,
            )
        )

    def noted_stage(self: StageLeaseRepository, ref: RunRef, stage: Stage, *, owner: str) -> DocumentRun | None:
        _at_work.batches, at = [], time.time()
        run = claim_stage(self, ref, stage, owner=owner)
        if run is not None:
            note(ref, stage, None, at)
        return run

    def noted_batch(
        self: StageLeaseRepository, ref: RunRef, batch: int, *, owner: str, stage: Stage = Stage.EMBED
    ) -> DocumentRun | None:
        _at_work.batches, at = [], time.time()
        run = claim_batch(self, ref, batch, owner=owner, stage=stage)
        if run is not None:
            note(ref, stage, batch, at)
            _at_work.batches = [(ref, batch)] if stage is Stage.EMBED else []
        return run

    def noted_bundle(method: str, stage: Stage, batch: int | None) -> Callable[..., list[DocumentRun]]:
        claim = getattr(BundleLeaseRepository, method)

        def noted(self: BundleLeaseRepository, refs: Sequence[RunRef], *, owner: str) -> list[DocumentRun]:
            _at_work.batches, at = [], time.time()
            runs: list[DocumentRun] = claim(self, refs, owner=owner)
            claimed = [ref for ref in refs if any(run.document_id == ref.document_id for run in runs)]
            for ref in claimed:
                note(ref, stage, batch, at)
            _at_work.batches = [(ref, 0) for ref in claimed] if stage is Stage.EMBED else []
            return runs

        return noted

    for method, stage, batch in (
        ("claim_preparation", Stage.CONVERT, None),
        ("claim_batches", Stage.EMBED, 0),
        ("claim_stores", Stage.STORE, None),
    ):
        setattr(BundleLeaseRepository, method, noted_bundle(method, stage, batch))
    setattr(StageLeaseRepository, "claim_stage", noted_stage)  # noqa: B010 - a method, which mypy would not let go
    setattr(StageLeaseRepository, "claim_batch", noted_batch)  # noqa: B010


def _wrap_embedder(points: FaultPoints, journal: Journal) -> None:
    embed = HashingEmbedder.embed

    def failing(self: HashingEmbedder, texts: Sequence[str]) -> Vectors:
        at_work = getattr(_at_work, "batches", [])
        if not at_work:  # a warm-up, not a batch
            return embed(self, texts)
        for ref, batch in at_work:
            journal.write(
                EmbedCall(
                    at=time.time(),
                    pid=os.getpid(),
                    task_id=ref.task_id,
                    document_id=ref.document_id,
                    batch=batch,
                    texts=len(texts),
                )
            )
        match points.meet(EMBEDDER):
            case Action.THROTTLED:
                raise EmbeddingThrottled("ordered by the chaos suite")
            case Action.TIMED_OUT:
                raise EmbeddingTimeout("ordered by the chaos suite")
            case Action.WRONG_COUNT:
                return embed(self, texts)[:-1]
            case Action.NOT_FINITE:
                return np.full_like(embed(self, texts), np.nan)
            case _:
                return embed(self, texts)

    setattr(HashingEmbedder, "embed", failing)  # noqa: B010


def _wrap_object_store(points: FaultPoints) -> None:
    put, get = LocalObjectStore.put, LocalObjectStore.get

    def failing_put(self: LocalObjectStore, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:
        match points.meet(OBJECT_STORE):
            case Action.DISK_FULL:
                return _put_on_full_disk(put, self, key, chunks)
            case Action.UNAVAILABLE:
                raise ObjectStoreUnavailable("ordered by the chaos suite")
            case _:
                return put(self, key, chunks, durable=durable)

    def failing_get(self: LocalObjectStore, key: str) -> bytes:
        if points.meet(OBJECT_STORE) is Action.UNAVAILABLE:
            raise ObjectStoreUnavailable("ordered by the chaos suite")
        return get(self, key)

    setattr(LocalObjectStore, "put", failing_put)  # noqa: B010
    setattr(LocalObjectStore, "get", failing_get)  # noqa: B010


def _put_on_full_disk(
    put: Callable[..., int],
    store: LocalObjectStore,
    key: str,
    chunks: Iterable[bytes],
) -> int:
    """Let the first half be written and the rest meet what a full disk answers."""

    def half() -> Iterator[bytes]:
        for piece in chunks:
            yield piece[: len(piece) // 2]
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    try:
        return put(store, key, half())
    except OSError as error:
        from shared.errors import ObjectUploadFailed

        raise ObjectUploadFailed(f"{key}: {error.strerror}") from error


def _wrap_converter() -> None:
    convert: Callable[..., Any] = SandboxedConverter.convert

    @functools.wraps(convert)
    def deadly(self: SandboxedConverter, source: Path, *args: Any, **kwargs: Any) -> Any:
        if POISON in source.read_bytes():
            os.kill(os.getpid(), signal.SIGKILL)
        return convert(self, source, *args, **kwargs)

    setattr(SandboxedConverter, "convert", deadly)  # noqa: B010

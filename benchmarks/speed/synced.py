"""Uploads and syncs as a client of the API does them, timed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.many_documents import write_documents
from examples.demo_client import Refused, ServiceClient, SyncTask

WARM_UP_DOCUMENTS = 12
"""Enough that every process of every queue has had some."""


@dataclass(frozen=True)
class Synced:
    """One upload and the sync after it."""

    kb_id: str
    task: SyncTask
    upload_seconds: float
    sync_seconds: float
    refused: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return self.upload_seconds + self.sync_seconds


def warm_up(client: ServiceClient) -> None:
    """Let every worker load what it needs, with documents and a knowledge base of their own."""
    with TemporaryDirectory(prefix="kbsync-warm-up-") as directory:
        synced = upload_and_sync(client, "warm-up", write_documents(Path(directory), WARM_UP_DOCUMENTS))
    assert synced.task.status == "completed", synced.task
    client.search(synced.kb_id, "warm-up", top_k=1)


def upload_and_sync(client: ServiceClient, name: str, paths: Sequence[Path], *, pause_seconds: float = 0.1) -> Synced:
    """Upload files one by one to a new knowledge base, sync it, and ask until it has ended."""
    kb_id = client.create_knowledge_base(name)
    refused = []
    began = time.perf_counter()
    for path in paths:
        try:
            client.upload(kb_id, path)
        except Refused as refusal:
            refused.append(f"{path.name}: {refusal}")
    uploaded = time.perf_counter()
    task_id = client.start_sync(kb_id)
    await_end(client, kb_id, pause_seconds=pause_seconds)
    ended = time.perf_counter()
    return Synced(kb_id, client.sync_task(task_id), uploaded - began, ended - uploaded, tuple(refused))


def sync_again(client: ServiceClient, synced: Synced) -> float:
    """Sync the completed documents once more, unchanged, and return the seconds."""
    completed = [document.document_id for document in synced.task.documents if document.status == "completed"]
    began = time.perf_counter()
    client.sync_documents(synced.kb_id, completed)
    task = await_end(client, synced.kb_id, pause_seconds=0.01)
    seconds = time.perf_counter() - began
    assert task.status == "completed", task
    return seconds


def await_end(client: ServiceClient, kb_id: str, *, pause_seconds: float) -> SyncTask:
    """Ask for the newest sync, without its documents, until it has ended."""
    while not (task := client.latest_sync(kb_id)).has_ended:
        time.sleep(pause_seconds)
    return task

"""Uploads and syncs as a client of the API does them, timed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

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
    task = await_end(client, client.start_sync(kb_id), pause_seconds=pause_seconds)
    ended = time.perf_counter()
    return Synced(kb_id, task, uploaded - began, ended - uploaded, tuple(refused))


def sync_again(client: ServiceClient, api_url: str, synced: Synced) -> float:
    """Sync the completed documents once more, unchanged, and return the seconds."""
    completed = [document.document_id for document in synced.task.documents if document.status == "completed"]
    body = {"task_type": "incremental", "document_ids": completed}
    began = time.perf_counter()
    answer = requests.post(f"{api_url}/api/v1/knowledge-bases/{synced.kb_id}/sync", json=body, timeout=60)
    answer.raise_for_status()
    task = await_end(client, answer.json()["data"]["task_id"], pause_seconds=0.01)
    assert task.status == "completed", task
    return time.perf_counter() - began


def await_end(client: ServiceClient, task_id: str, *, pause_seconds: float) -> SyncTask:
    while not (task := client.sync_task(task_id)).has_ended:
        time.sleep(pause_seconds)
    return task

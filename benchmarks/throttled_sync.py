"""Sync through an embedding service that throttles, and say how close to its limit, and what it cost:

python -m benchmarks.throttled_sync --documents 300             # 5 requests/s, the rest is throttled
python -m benchmarks.throttled_sync --documents 30 --lasting    # throttled for good after a third, then retried
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import requests
from pymongo import MongoClient

from benchmarks.many_documents import write_documents
from benchmarks.stack import running_stack
from examples.demo_client import ServiceClient, SyncTask
from shared.embedded.state import StackState
from tests.integration.embedding_protocols import Behaviour
from tests.integration.embedding_server import EmbeddingServer

LATENCY_SECONDS = 0.05
PAUSE_SECONDS = 1.0
LASTING = {
    "KBSYNC_EMBEDDING_THROTTLE_WAIT_SECONDS": "20",
    "KBSYNC_EMBEDDING_THROTTLE_TIMEOUT_SECONDS": "60",
}
"""So that documents are given up within minutes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--requests-per-second", type=float, default=5.0)
    parser.add_argument("--retry-after", help="header of a throttled answer, in seconds")
    parser.add_argument("--lasting", action="store_true", help="throttle for good after a third of the documents")
    arguments = parser.parse_args()
    behaviour = Behaviour(
        latency_seconds=LATENCY_SECONDS,
        requests_per_second=arguments.requests_per_second,
        retry_after=arguments.retry_after,
    )
    with EmbeddingServer(behaviour) as server, tempfile.TemporaryDirectory(prefix="kbsync-bench-") as directory:
        environment = {
            "KBSYNC_EMBEDDING_PROVIDER": "bedrock",
            "KBSYNC_EMBEDDING_MODEL": "amazon.titan-embed-text-v2:0",
            "KBSYNC_BEDROCK_ENDPOINT_URL": server.url,
            "KBSYNC_BEDROCK_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            **(LASTING if arguments.lasting else {}),
        }
        with running_stack(**environment) as state:
            paths = write_documents(Path(directory), arguments.documents)
            figures = measure(state, server, paths, lasting=arguments.lasting)
    print(json.dumps({"load_average": os.getloadavg()[0], **figures}, indent=2, ensure_ascii=False))


def measure(state: StackState, server: EmbeddingServer, paths: list[Path], *, lasting: bool) -> dict[str, object]:
    client = ServiceClient(state.api_url)
    kb_id = client.create_knowledge_base("throttled")
    for path in paths:
        client.upload(kb_id, path)
    began = time.monotonic()
    task_id = client.start_sync(kb_id)
    stop_at = len(paths) // 3 if lasting else None
    while not (task := client.sync_task(task_id)).has_ended:
        if stop_at is not None and task.processed_documents >= stop_at:
            server.behave(fault="throttle")
            stop_at = None
        time.sleep(PAUSE_SECONDS)
    figures = {"sync": _figures(task, server, seconds=time.monotonic() - began), **_records(state, task_id)}
    return figures | (_retried(state, client, server, task_id) if lasting else {})


def _retried(state: StackState, client: ServiceClient, server: EmbeddingServer, task_id: str) -> dict[str, object]:
    """Let the service answer again, and retry what failed."""
    server.behave(fault=None, requests_per_second=None)
    before = server.shown_statistics()["texts"]
    url = f"{state.api_url}/api/v1/sync-tasks/{task_id}/retry-failed"
    retry_id = requests.post(url, timeout=60).json()["data"]["new_task_id"]
    while not (task := client.sync_task(retry_id)).has_ended:
        time.sleep(PAUSE_SECONDS)
    after = server.shown_statistics()
    retried = {"status": task.status, "completed": task.processed_documents, "texts_embedded": after["texts"] - before}
    return {"retry": retried, "texts_in_all": after["texts"], "distinct_texts": after["distinct_texts"]}


def _figures(task: SyncTask, server: EmbeddingServer, *, seconds: float) -> dict[str, object]:
    return {
        "status": task.status,
        "completed": task.processed_documents,
        "failed": task.failed_documents,
        "seconds": round(seconds, 1),
        "server": server.shown_statistics(),
    }


def _records(state: StackState, task_id: str) -> dict[str, object]:
    """Read what the records of the documents say of attempts, crashes and failures."""
    with MongoClient[dict[str, object]](state.mongodb_url) as client:
        runs = list(client["kbsync"]["document_runs"].find({"task_id": task_id}))
    counted = {field: dict(Counter(str(run[field]) for run in runs)) for field in ("attempt", "crashes", "failures")}
    errors = Counter(str(run.get("error_message", "none")) for run in runs)
    chunks = sum(int(str(run["chunks_created"])) for run in runs)
    return {**counted, "errors": dict(errors), "chunks_created": chunks}


if __name__ == "__main__":
    main()

"""Sync the PDF files of a folder through the API, twice, and say how fast and how large:

python -m benchmarks.sync_folder ../shared/corpus
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import requests

from benchmarks.stack import MemoryWatch, running_stack
from examples.demo_client import Refused, ServiceClient, SyncTask

COUNTED = ("conversions", "embed_calls", "chunks_embedded", "embeddings_reused", "documents_unchanged")


def main(given: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args(given)
    began = time.monotonic()
    with running_stack() as state, MemoryWatch(state) as memory:
        print(f"stack healthy after {time.monotonic() - began:.1f} s")
        figures = measure(state.api_url, sorted(arguments.folder.glob("*.pdf")))
    figures["peak_mib"] = {name: round(size / 2**20) for name, size in memory.peak_bytes.items()}
    figures["largest_process_mib"] = {name: round(size / 2**20) for name, size in memory.largest_bytes.items()}
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8")


def measure(api_url: str, paths: list[Path]) -> dict[str, object]:
    client = ServiceClient(api_url)
    kb_id = client.create_knowledge_base("benchmark")
    began = time.monotonic()
    for path in paths:
        try:
            client.upload(kb_id, path)
        except Refused as refusal:
            print(f"{path.name}: {refusal}")
    uploaded = time.monotonic()
    task = _await_end(client, client.start_sync(kb_id))
    synced = time.monotonic()
    for document in task.documents:
        print(f"{document.status:10} {document.chunks_created:5} {document.filename} {document.error_message or ''}")
    before = _counters(api_url)
    body = {"task_type": "incremental", "document_ids": _completed(task)}
    again = requests.post(f"{api_url}/api/v1/knowledge-bases/{kb_id}/sync", json=body, timeout=60).json()
    repeated = time.monotonic()
    second = _await_end(client, again["data"]["task_id"], pause_seconds=0.01)
    ended = time.monotonic()
    after = _counters(api_url)
    pages = sum(document.page_count or 0 for document in client.documents(kb_id))
    return {
        "documents": len(task.documents),
        "completed": task.processed_documents,
        "failed": task.failed_documents,
        "status": task.status,
        "progress": task.progress,
        "current_step": task.current_step,
        "pages": pages,
        "chunks": sum(document.chunks_created for document in task.documents),
        "upload_seconds": round(uploaded - began, 2),
        "sync_seconds": round(synced - uploaded, 2),
        "pages_per_second": round(pages / (synced - uploaded), 1),
        "second_sync": {
            "status": second.status,
            "seconds": round(ended - repeated, 3),
            "counters": {name: after[name] - before[name] for name in COUNTED},
        },
    }


def _await_end(client: ServiceClient, task_id: str, *, pause_seconds: float = 0.25) -> SyncTask:
    while not (task := client.sync_task(task_id)).has_ended:
        time.sleep(pause_seconds)
    return task


def _completed(task: SyncTask) -> list[str]:
    return [document.document_id for document in task.documents if document.status == "completed"]


def _counters(api_url: str) -> dict[str, int]:
    text = requests.get(f"{api_url}/metrics", timeout=60).text
    found = re.findall(r"^kbsync_(\w+)_total (\S+)$", text, flags=re.MULTILINE)
    return {name: int(float(value)) for name, value in found}


if __name__ == "__main__":
    main(sys.argv[1:])

"""Service: the documents uploaded and synced through the API of a stack of their own, with warm workers."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.one_pass import Pass, Passage
from benchmarks.speed.operations import Operations
from benchmarks.speed.synced import Synced, sync_again, upload_and_sync, warm_up
from benchmarks.stack import MemoryWatch, running_stack, stack_cpu_seconds
from examples.demo_client import ServiceClient

FOUND = 5
"""Results of a search that count."""


def run(sources: Sequence[Path], *, ocr: str, questions: Sequence[str] = ()) -> Pass:
    """Measure one upload and sync on a fresh stack, then the same documents synced again, then the questions."""
    with running_stack(KBSYNC_OCR=ocr) as state:
        client = ServiceClient(state.api_url)
        warm_up(client)
        cpu_before, asked_before = stack_cpu_seconds(state), Operations.so_far(state)
        with MemoryWatch(state) as memory:
            synced = upload_and_sync(client, "benchmark", sources)
        asked = Operations.so_far(state).since(asked_before)
        cpu = {name: after - cpu_before[name] for name, after in stack_cpu_seconds(state).items()}
        documents = {document.id: document for document in client.documents(synced.kb_id)}
        again_seconds = sync_again(client, synced)
        answers = tuple(_answers(client, synced, question) for question in questions)
    return Pass(
        seconds=synced.seconds,
        cpu_seconds=sum(cpu.values()),
        pages=sum(
            documents[each.document_id].page_count or 0 for each in synced.task.documents if _is_done(each.status)
        ),
        chunks=sum(each.chunks_created for each in synced.task.documents),
        peak_mib=sum(memory.peak_bytes.values()) / 2**20,
        failed=(*synced.refused, *_failed(synced)),
        details={
            "upload seconds": synced.upload_seconds,
            "sync seconds": synced.sync_seconds,
            "second sync, unchanged, seconds": again_seconds,
            **{f"CPU seconds, {name}": seconds for name, seconds in cpu.items()},
            **{f"peak MiB, {name}": size / 2**20 for name, size in memory.peak_bytes.items()},
            **{f"peak MiB, largest process of {name}": size / 2**20 for name, size in memory.largest_bytes.items()},
            **asked.per(synced.task.total_documents),
        },
        answers=answers,
    )


def _is_done(status: str) -> bool:
    return status == "completed"


def _failed(synced: Synced) -> list[str]:
    return [f"{each.filename}: {each.error_message}" for each in synced.task.documents if not _is_done(each.status)]


def _answers(client: ServiceClient, synced: Synced, question: str) -> tuple[Passage, ...]:
    hits = client.search(synced.kb_id, question, top_k=FOUND)
    return tuple(Passage(document=hit.filename, content="\n".join((*hit.headings, hit.content))) for hit in hits)

"""Start a throw-away stack, sync PDF documents in it, search them, and leave nothing behind: `make demo`.

Documents are made on the spot; with `DEMO_DIR=<folder>` they are the files of that folder. Some are broken on
purpose, to show how a sync carries on without them.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from examples.demo_client import Document, Refused, ServiceClient, SyncTask
from examples.demo_screen import SyncDisplay, show_documents, show_heading, show_hits
from examples.sample_documents import damaged_report, write_documents
from shared.embedded.errors import StackError
from shared.embedded.throwaway import throwaway_stack

POLL_SECONDS = 0.25
PLAIN_WIDTH = 120  # columns where the output is no terminal
QUERIES = (
    "Does it help to try a damaged file again?",
    "删除文档之后内容会保留多久",  # how long is the content of a deleted document kept
    "renewal rate in South America",  # a row of the table in the report
)


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    try:
        with tempfile.TemporaryDirectory(prefix="kbsync-demo-") as directory:
            paths = _documents(Path(directory) / "documents")
            with _stack(Path(directory) / "data", console) as api_url:
                _tour(ServiceClient(api_url), paths, console)
    except (Refused, StackError) as error:
        console.print(f"[red]The demo failed:[/] {escape(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    console.print("The stack is stopped and its data is removed. `make up` starts one that stays.")
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number, frame)


def _documents(directory: Path) -> list[Path]:
    given = os.environ.get("DEMO_DIR")
    if not given:
        return write_documents(directory)
    found = Path(given).expanduser().iterdir()
    paths = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise StackError(f"no file lies in {given}")
    directory.mkdir(parents=True)
    damaged = directory / "damaged-on-purpose.pdf"
    damaged.write_bytes(damaged_report())
    return [*paths, damaged]


@contextmanager
def _stack(data_dir: Path, console: Console) -> Iterator[str]:
    """Run a stack that ends with this process, however it ends; yields the URL of its API."""
    began = time.monotonic()
    starting = console.status("Starting MongoDB, Redis, the API and the workers")
    with throwaway_stack(data_dir, while_starting=starting) as state:
        console.print(f"Stack healthy after {time.monotonic() - began:.1f} s: API {state.api_url}")
        console.print(f"Watch the tasks in Flower while this runs: {state.flower_url}")
        yield state.api_url


def _tour(client: ServiceClient, paths: Sequence[Path], console: Console) -> None:
    kb_id = client.create_knowledge_base(f"Demo {time.strftime('%Y-%m-%d %H:%M:%S')}")
    try:
        show_heading(console, "Upload")
        uploaded = _upload(client, kb_id, paths, console)
        show_heading(console, "Sync")
        began = time.monotonic()
        task = _sync(client, client.start_sync(kb_id), console)
        seconds = time.monotonic() - began
        documents = list(client.documents(kb_id))
        show_documents(console, task, documents)
        _show_speed(console, documents, seconds)
        if task.failed_documents:
            show_heading(console, "Retry")
            _retry(client, task, console)
        show_heading(console, "Search (the first one loads the model)")
        for query in _queries(client, uploaded):
            asked = time.monotonic()
            hits = client.search(kb_id, query, top_k=2)
            show_hits(console, query, hits, milliseconds=1000 * (time.monotonic() - asked))
    finally:
        client.delete_knowledge_base(kb_id)


def _upload(client: ServiceClient, kb_id: str, paths: Sequence[Path], console: Console) -> list[Document]:
    uploaded = []
    for path in paths:
        try:
            uploaded.append(client.upload(kb_id, path))
        except Refused as error:
            console.print(f"[yellow]not taken:[/] {escape(path.name)}: {escape(str(error))}", soft_wrap=True)
    broken = "one of them is" if os.environ.get("DEMO_DIR") else "two of them are"
    distinct = len({document.id for document in uploaded})
    console.print(f"{distinct} documents are in the knowledge base {kb_id}; {broken} broken on purpose.")
    return uploaded


def _sync(client: ServiceClient, task_id: str, console: Console) -> SyncTask:
    display = SyncDisplay(console)
    task = display.follow(lambda: client.sync_task(task_id), lambda: time.sleep(POLL_SECONDS))
    console.print(
        f"The sync ended as {task.status}: {task.processed_documents} done, {task.failed_documents} failed.\n"
    )
    return task


def _show_speed(console: Console, documents: Sequence[Document], seconds: float) -> None:
    pages = sum(document.page_count or 0 for document in documents if document.status == "completed")
    console.print(
        f"{pages} pages in {seconds:.1f} s from request to end: {pages / seconds:.1f} pages a second, "
        "with the model loaded in that time."
    )


def _retry(client: ServiceClient, task: SyncTask, console: Console) -> None:
    """Show a retry: it takes the failed documents alone, and a file that cannot be read stays one."""
    again = _sync(client, client.retry_failed(task.id).new_task_id, console)
    for document in again.documents:
        console.print(f"  {escape(document.filename)}: {escape(document.error_message or document.status)}")
    if any(document.retryable is False for document in again.documents):
        console.print(
            "A retry is a new task on the failed documents alone. It helps after a failure that passes, such as a\n"
            "service that was away. A file that cannot be read fails again, as here, until it is replaced."
        )


def _queries(client: ServiceClient, uploaded: Sequence[Document]) -> tuple[str, ...]:
    """Return what to ask: words of the reader's own documents where the demo runs on those."""
    if not os.environ.get("DEMO_DIR"):
        return QUERIES
    chunks = [chunk for chunk in (client.first_text(document.id) for document in uploaded) if chunk]
    texts = [chunk.headings[-1] if chunk.headings else chunk.content for chunk in chunks[:3]]
    return tuple(" ".join(text.split())[:80] for text in texts)


if __name__ == "__main__":
    sys.exit(main())

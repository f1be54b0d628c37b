"""What the demo shows: live bars in a terminal, plain lines elsewhere."""

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from examples.demo_client import Document, Hit, SyncTask, TaskDocument

MARKS = {"completed": "[green]done[/]", "failed": "[red]failed[/]", "cancelled": "[yellow]cancelled[/]"}
EXCERPT_CHARACTERS = 160
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
LINES_SHOWN = 20  # bars below the overall one; more documents are counted there


class SyncDisplay:
    """Shows one sync until it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}"),
            console=console,
        )
        self._rows: dict[str, TaskID] = {}
        self._last_line = ""

    def follow(self, read: Callable[[], SyncTask], pause: Callable[[], None]) -> SyncTask:
        """Read the task until it has ended and return its last state."""
        if not self._console.is_terminal:
            return self._follow(read, pause, show=self._print_line)
        with self._bars:
            overall = self._bars.add_task("[bold]all documents[/]", total=100, state="")
            return self._follow(read, pause, show=lambda task: self._show_bars(task, overall))

    def _follow(
        self, read: Callable[[], SyncTask], pause: Callable[[], None], *, show: Callable[[SyncTask], None]
    ) -> SyncTask:
        while True:
            task = read()
            show(task)
            if task.has_ended:
                return task
            pause()

    def _show_bars(self, task: SyncTask, overall: TaskID) -> None:
        self._bars.update(overall, completed=task.progress, state=f"{task.progress:>3} %  {escape(task.current_step)}")
        for document in task.documents[:LINES_SHOWN]:
            self._show_document(document)

    def _show_document(self, document: TaskDocument) -> None:
        if document.document_id not in self._rows:
            self._rows[document.document_id] = self._bars.add_task(
                escape(document.filename), total=100, state="waiting", start=False
            )
        row = self._rows[document.document_id]
        if document.status == "processing":
            self._bars.start_task(row)
            self._bars.update(row, total=None, state="in work")
        elif document.status in MARKS:
            self._bars.start_task(row)
            self._bars.update(row, total=100, completed=100, state=MARKS[document.status])

    def _print_line(self, task: SyncTask) -> None:
        done = task.processed_documents + task.failed_documents
        line = f"{task.progress:>3} %  {done}/{task.total_documents} documents  {task.current_step}"
        if line != self._last_line:
            self._console.print(escape(line), soft_wrap=True)
            self._last_line = line


def show_heading(console: Console, text: str) -> None:
    """Print a line above the next part."""
    console.print(f"\n[bold cyan]{escape(text)}[/]")


def show_documents(console: Console, task: SyncTask, documents: Sequence[Document]) -> None:
    """Print one row per document of the task."""
    pages = {document.id: document.page_count for document in documents}
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Document", no_wrap=True)
    table.add_column("Status")
    for heading in ("Pages", "Chunks", "Seconds"):
        table.add_column(heading, justify="right")
    table.add_column("Error")
    for document in task.documents:
        table.add_row(
            escape(document.filename),
            MARKS.get(document.status, document.status),
            str(pages.get(document.document_id) or "-"),
            str(document.chunks_created),
            f"{document.processing_time_ms / 1000:.1f}",
            escape(document.error_message or ""),
        )
    console.print(table)


def show_hits(console: Console, query: str, hits: Sequence[Hit], *, milliseconds: float) -> None:
    """Print the best hits of a search."""
    console.print(f"[bold]{escape(query)}[/]  ({milliseconds:.0f} ms)", soft_wrap=True)
    for place, hit in enumerate(hits, start=1):
        where = " > ".join((hit.filename, *hit.headings))
        console.print(f"  {place}. {escape(where)}, page {hit.page_start}, score {hit.score:.3f}", soft_wrap=True)
        console.print(f"     [dim]{escape(excerpt(hit.content, query))}[/]", soft_wrap=True)
    if not hits:
        console.print("  nothing found")
    console.print()


def excerpt(content: str, query: str) -> str:
    """Return the sentence or table row of a chunk that shares most with the query, and what follows it."""
    sentences = [part.strip() for part in SENTENCE_END.split(content) if part.strip()]
    best = max(range(len(sentences)), key=lambda at: _likeness(query, sentences[at]), default=0)
    text = " ".join(sentences[best:])
    start = "… " if best else ""
    return f"{start}{text[:EXCERPT_CHARACTERS]}{' …' if len(text) > EXCERPT_CHARACTERS else ''}"


def _likeness(query: str, sentence: str) -> float:
    """Return how many pairs of letters the two share; a long sentence shares some with everything."""
    found = _pairs(sentence)
    return len(_pairs(query) & found) / math.sqrt(len(found) or 1)


def _pairs(text: str) -> set[str]:
    """Return the pairs of neighbouring letters inside words: they compare texts of every script."""
    return {"".join(pair) for word in re.findall(r"\w+", text.lower()) for pair in pairwise(word)}

"""A running stack as its users see it: the HTTP API, Flower, the metrics."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families
from reportlab.pdfgen.canvas import Canvas

ENDED = ("completed", "partial_success", "failed", "cancelled")
PATIENCE_SECONDS = 90.0
REQUEST_SECONDS = 30.0
POLL_SECONDS = 0.05


class Refused(AssertionError):
    """The service answered with an error that the test did not expect"""


@dataclass(frozen=True)
class Service:
    """One stack and where it lies."""

    api_url: str
    flower_url: str
    mongodb_url: str
    redis_url: str
    data_dir: Path
    session: requests.Session = field(repr=False)

    @property
    def base(self) -> str:
        return f"{self.api_url}/api/v1"

    def ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        """Send a request and return whatever is answered."""
        return self.session.request(method, f"{self.base}{path}", timeout=REQUEST_SECONDS, **sent)

    def read(self, method: str, path: str, **sent: Any) -> Any:
        """Send a request that has to succeed and return its `data`."""
        answer = self.ask(method, path, **sent)
        if not answer.ok:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()["data"]

    def knowledge_base(self, name: str, files: Mapping[str, bytes]) -> tuple[str, dict[str, str]]:
        """Make a knowledge base with files in it; return its id and the document id of each file."""
        kb_id = str(self.read("POST", "/knowledge-bases", json={"name": name})["id"])
        parts = [("file", (filename, data)) for filename, data in files.items()]
        uploaded = self.read("POST", f"/knowledge-bases/{kb_id}/documents/upload", files=parts)
        documents = uploaded if isinstance(uploaded, list) else [uploaded]
        return kb_id, {document["filename"]: document["id"] for document in documents}

    def start(self, kb_id: str, document_ids: Sequence[str] = ()) -> str:
        """Start a sync, incremental where documents are named, and return the task's id."""
        body = {"task_type": "incremental" if document_ids else "full_sync", "document_ids": list(document_ids)}
        return str(self.read("POST", f"/knowledge-bases/{kb_id}/sync", json=body)["task_id"])

    def follow(self, task_id: str) -> Iterator[Any]:
        """Poll a task and yield every state up to the last one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            task = self.read("GET", f"/sync-tasks/{task_id}")
            yield task
            if task["status"] in ENDED:
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"the sync did not end: {task}")

    def ended(self, task_id: str) -> Any:
        """Wait for the end of a task and return its last state."""
        return list(self.follow(task_id))[-1]

    def pages(self, path: str, *, size: int = 3, chunk_type: str | None = None) -> list[Any]:
        """Read a list page by page, in small pages."""
        found: list[Any] = []
        while True:
            params = {"page": str(len(found) // size + 1), "page_size": str(size), "chunk_type": chunk_type}
            answer = self.ask("GET", path, params=params).json()
            found += answer["data"]
            if len(answer["data"]) < size:
                assert answer["pagination"]["total"] == len(found)
                return found

    def documents(self, kb_id: str) -> dict[str, Any]:
        """Return the documents of a knowledge base by their file names."""
        return {document["filename"]: document for document in self.pages(f"/knowledge-bases/{kb_id}/documents")}

    def search(self, kb_id: str, query: str, *, mode: str = "hybrid", top_k: int = 3) -> list[Any]:
        body = {"query": query, "mode": mode, "top_k": top_k}
        return list(self.read("POST", f"/knowledge-bases/{kb_id}/search", json=body))

    def counters(self) -> dict[str, int]:
        """Return the counters of the whole service by their Prometheus names."""
        text = self.session.get(f"{self.api_url}/metrics", timeout=REQUEST_SECONDS).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {
            sample.name: int(sample.value)
            for sample in samples
            if sample.name.endswith("_total") and not sample.labels and sample.name.startswith("kbsync_")
        }

    def flower(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.session.get(f"{self.flower_url}{path}", params=query, timeout=REQUEST_SECONDS)
        answer.raise_for_status()
        return dict(answer.json())


def eventually(check: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(POLL_SECONDS)


def long_document(path: Path, *, pages: int) -> bytes:
    """Return a PDF of many pages in which no two paragraphs are the same; `path` names it in every line."""
    canvas = Canvas(str(path), invariant=1)
    for page in range(pages):
        for line in range(40):
            number = page * 40 + line
            canvas.drawString(60, 780 - 18 * line, f"{path.stem}: valve {number} opens at {number * 7 % 991} bar.")
        canvas.showPage()
    canvas.save()
    return path.read_bytes()

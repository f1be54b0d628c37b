"""A client with a knowledge base: uploads, replaces, syncs, cancels, retries, and watches what the service says."""

import itertools
import time
import uuid
from random import Random
from typing import Any

from tests.chaos.expected import CHUNKINGS
from tests.chaos.http_client import Client
from tests.chaos.samples import Sample, SampleKind, make_sample
from tests.chaos.scene import ENDED, Scene

POLL_SECONDS = 0.25
AFTER_CANCEL_SECONDS = 5.0
"""So long after a cancel nothing may have changed."""
LONGEST_BEFORE_CANCEL_SECONDS = 8.0
SOON_SECONDS = 1.0


class Tenant:
    """Runs in a thread of its own; what others read of it is replaced, never changed in place."""

    def __init__(
        self, scene: Scene, name: str, rng: Random, *, documents: int, with_bad_ones: bool, first_turn: int
    ) -> None:
        self._scene = scene
        self._name = name
        self._rng = rng
        self._most_documents = documents
        self._bad_kinds = [SampleKind.POISON, SampleKind.DAMAGED] if with_bad_ones else []
        self._last_failed: str | None = None
        self._turns = itertools.count(first_turn)
        self.kb_id: str | None = None
        self.samples: dict[str, Sample] = {}
        self.visible: frozenset[str] = frozenset()
        """Documents that were completed once and are not being deleted: a search must find them."""
        self.idle = False

    def run(self) -> None:
        """Work until the run ends."""
        client = self._scene.client()
        try:
            self._open(client)
            while not self._scene.stopped.is_set():
                self.idle = self._scene.calm.is_set()
                if self.idle:
                    self._scene.stopped.wait(POLL_SECONDS)
                else:
                    self._work(client)
        finally:
            client.close()

    def _open(self, client: Client) -> None:
        status, body = client.ask("POST", "/knowledge-bases", json={"name": self._name})
        if status != 201:  # the first answer was lost
            _, listed = client.ask("GET", "/knowledge-bases", params={"page_size": "100"})
            body = {"data": next(each for each in listed["data"] if each["name"] == self._name)}
        self.kb_id = str(body["data"]["id"])
        self._change_chunking()
        self._upload(client, self._most_documents // 2)
        for kind in self._bad_kinds:
            self._upload(client, 1, kind)

    def _work(self, client: Client) -> None:
        """Do what clients do between two syncs, then sync."""
        rng = self._rng
        if rng.random() < 0.4:
            self._change_chunking()
        if rng.random() < 0.3 and len(self.samples) > self._most_documents // 2:
            self._remove(client, rng.randint(1, 3))
        free = self._most_documents - len(self.samples)
        self._upload(client, min(free, rng.randint(1, 4)))
        turn = next(self._turns) % 4  # two of four ask for a second sync, the others are cancelled, early or late
        longest = {1: SOON_SECONDS, 3: LONGEST_BEFORE_CANCEL_SECONDS}.get(turn)
        cancel_after = rng.uniform(0.0, longest) if longest is not None else None
        rechunk_after = rng.uniform(0.0, LONGEST_BEFORE_CANCEL_SECONDS) if rng.random() < 0.25 else None
        way = rng.random()
        if self._scene.calm.is_set():
            return
        task_id = self._retry(client) if way < 0.15 and self._last_failed else self._sync(client, whole=way < 0.65)
        if task_id is None:
            self._scene.stopped.wait(1.0)
            return
        if turn % 2 == 0:
            self._ask_for_another(client)
        self.follow(client, task_id, cancel_after=cancel_after, rechunk_after=rechunk_after)

    # Documents

    def _upload(self, client: Client, count: int, kind: SampleKind = SampleKind.HEALTHY) -> None:
        for sample in [make_sample(self._rng, kind) for _ in range(count)]:
            path, files = f"/knowledge-bases/{self.kb_id}/documents/upload", {"file": (sample.filename, sample.data)}
            status, body = client.ask("POST", path, files=files)
            if status not in (200, 201):
                self._scene.ledger.violation("API", f"upload answered {status}", records=body)
                continue
            self.samples = {**self.samples, str(body["data"]["id"]): sample}
            self._scene.ledger.count("documents uploaded")

    def _remove(self, client: Client, count: int) -> None:
        healthy = [each for each, sample in self.samples.items() if sample.kind is SampleKind.HEALTHY]
        chosen = self._rng.sample(sorted(healthy), min(count, len(healthy)))
        self.visible -= frozenset(chosen)
        status, body = client.ask("DELETE", f"/knowledge-bases/{self.kb_id}/documents", json={"document_ids": chosen})
        if status == 200 or body["error"]["code"] == "3001":  # 3001: the first answer was lost
            self.samples = {name: sample for name, sample in self.samples.items() if name not in chosen}
            self._scene.ledger.count("documents removed", len(chosen))

    def _change_chunking(self) -> None:
        """Change, as an operator would in the database, how documents are chunked from now on."""
        options = self._rng.choice(CHUNKINGS).model_dump()
        collection = self._scene.resources.database["knowledge_bases"]
        self._scene.read(lambda: collection.update_one({"_id": self.kb_id}, {"$set": {"chunking": options}}))

    # Syncs

    def _sync(self, client: Client, *, whole: bool) -> str | None:
        """Sync everything anew, or what was uploaded; return the task, or None where there is nothing to do."""
        body: dict[str, object] = {"task_type": "full_sync", "document_ids": []}
        with_poison = self._rng.random() < 0.1
        if whole:
            chosen = [name for name, it in self.samples.items() if with_poison or it.kind is not SampleKind.POISON]
            body = {"task_type": "incremental", "document_ids": chosen}
        key = {"Idempotency-Key": str(uuid.UUID(int=self._rng.getrandbits(128)))}
        return self._created(client.ask("POST", f"/knowledge-bases/{self.kb_id}/sync", json=body, headers=key))

    def sync_all(self, client: Client) -> str | None:
        """Sync every healthy document; used at the end of a run."""
        chosen = [name for name, sample in self.samples.items() if sample.kind is SampleKind.HEALTHY]
        body = {"task_type": "incremental", "document_ids": chosen}
        return self._created(client.ask("POST", f"/knowledge-bases/{self.kb_id}/sync", json=body))

    def _retry(self, client: Client) -> str | None:
        answer = client.ask("POST", f"/sync-tasks/{self._last_failed}/retry-failed")
        self._last_failed = None
        return self._created(answer)

    def _ask_for_another(self, client: Client) -> None:
        """Ask for a second sync while one runs; one that is granted is seen by the checker, and followed."""
        body = {"task_type": "incremental", "document_ids": sorted(self.samples)[:2]}
        task_id = self._created(client.ask("POST", f"/knowledge-bases/{self.kb_id}/sync", json=body), adopt=False)
        if task_id is not None:
            self.follow(client, task_id)

    def _created(self, answer: tuple[int, Any], *, adopt: bool = True) -> str | None:
        status, body = answer
        if status == 201:
            self._scene.ledger.count("syncs")
            return str(body["data"].get("task_id") or body["data"]["new_task_id"])
        error = body["error"]
        if error["code"] == "7002":
            self._scene.ledger.count("syncs refused, one was running")
            return str(error["details"]["running_task_id"]) if adopt else None
        if error["code"] not in ("7004", "3001"):
            self._scene.ledger.violation("API", f"a sync was answered {status}", records=body)
        return None

    def follow(
        self,
        client: Client,
        task_id: str,
        *,
        cancel_after: float | None = None,
        rechunk_after: float | None = None,
    ) -> Any:
        """Poll a sync until it ends; cancel it, or change how it chunks, where that is planned; return its last state.

        Both times are in seconds from now.
        """
        began, highest = time.monotonic(), 0
        while True:
            status, body = client.ask("GET", f"/sync-tasks/{task_id}")
            if status != 200:
                self._scene.ledger.violation("API", f"a sync was not found: {status}", records=body)
                return None
            seen = body["data"]
            highest = self._note_progress(seen, highest)
            if seen["status"] in ENDED:
                self._note_end(seen)
                return seen
            elapsed = time.monotonic() - began
            if cancel_after is not None and elapsed > cancel_after:
                cancel_after = None
                self._cancel(client, task_id)
            if rechunk_after is not None and elapsed > rechunk_after:
                rechunk_after = None
                self._change_chunking()
            self._scene.stopped.wait(POLL_SECONDS)

    def _note_progress(self, seen: Any, highest: int) -> int:
        if seen["progress"] < highest:
            what = f"{seen['id']} fell from {highest} to {seen['progress']}"
            self._scene.ledger.violation("4: progress never falls", what, records=seen)
        done = frozenset(each["document_id"] for each in seen["documents"] if each["status"] == "completed")
        self.visible |= done & frozenset(self.samples)
        return max(highest, int(seen["progress"]))

    def _note_end(self, seen: Any) -> None:
        ledger = self._scene.ledger
        ledger.count(f"syncs {seen['status']}")
        by_status = [each["status"] for each in seen["documents"]]
        completed, failed = by_status.count("completed"), by_status.count("failed")
        told = (seen["processed_documents"], seen["failed_documents"], seen["total_documents"])
        if told != (completed, failed, len(by_status)):
            ledger.violation("3: the counts add up", f"{seen['id']} tells {told}", records=by_status)
        if failed:
            self._last_failed = str(seen["id"])

    # Cancel

    def _cancel(self, client: Client, task_id: str) -> None:
        """Cancel, and look whether anything begins or becomes visible afterwards."""
        scene = self._scene
        began = time.monotonic()
        status, body = client.ask("POST", f"/sync-tasks/{task_id}/cancel")
        if status != 200:
            if body["error"]["code"] != "7003":
                scene.ledger.violation("API", f"a cancel was answered {status}", records=body)
            return
        scene.cancelled_at[task_id] = time.time()
        scene.ledger.took("a cancel", time.monotonic() - began)
        scene.ledger.count("cancels answered")
        if scene.read(lambda: scene.resources.runs.any_active(task_id)):
            runs = scene.read(lambda: scene.resources.runs.of_task(task_id))
            active = [run for run in runs if run.finished_at is None]
            scene.ledger.violation("7: nothing after a cancel", f"{task_id} has active records", records=active)
        before = self._shown()
        scene.stopped.wait(AFTER_CANCEL_SECONDS)
        after = self._shown()
        changed = {
            name: (len(before.get(name, ())), len(chunks))
            for name, chunks in after.items()
            if chunks != before.get(name)
        }
        if changed:
            scene.ledger.violation("7: nothing after a cancel", f"{task_id} changed what is shown", records=changed)

    def _shown(self) -> dict[str, frozenset[str]]:
        def look() -> dict[str, frozenset[str]]:
            assert self.kb_id is not None
            return self._scene.shown(self._scene.resources.knowledge_bases.get(self.kb_id))

        return self._scene.read(look)

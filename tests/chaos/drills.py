"""Single faults at the pace of production, measured: `python -m tests.chaos.drills redis-wipe`.

redis-wipe    FLUSHALL, then a Redis killed and started empty, each in the middle of a sync
kill-workers  SIGKILL of every worker in the middle of a sync, then one worker started
poison        a document that kills its worker each time, in a small sync, beside a clean one
cancel        cancels of a large sync, one after the other
two-hosts     a sync over two hosts that share MongoDB, Redis and a bucket, and no disk
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import redis
import requests

from tests.chaos import two_hosts
from tests.chaos.cluster import MANY_WORKERS, REDIS, Cluster, Pace
from tests.chaos.journal import Claim, Journal
from tests.chaos.samples import EVERYWHERE, LINE_MARK, Sample, SampleKind, make_sample

PRODUCTION_PACE = Pace(
    lease_seconds=30, reconcile_seconds=15, queue_wait_seconds=30, kb_lock_seconds=60, visibility_seconds=1800
)
STRIKE_PERCENT = 40
ENDED = ("completed", "partial_success", "failed", "cancelled")
WORK_LINES = ("stage done", "batch done", "document completed", "work given up", "stage crashed")


class Drill:
    """A cluster with one knowledge base full of small documents."""

    def __init__(self, cluster: Cluster, *, documents: int, poisoned: int = 0) -> None:
        self.cluster = cluster
        self.session = requests.Session()
        self.kb_id = self.ask("POST", "/knowledge-bases", json={"name": f"drill {time.time()}"})["id"]
        rng = Random(documents)
        self.samples: dict[str, Sample] = {}
        for number in range(documents):
            sample = make_sample(rng, SampleKind.POISON if number < poisoned else SampleKind.HEALTHY)
            uploaded = self.ask(
                "POST",
                f"/knowledge-bases/{self.kb_id}/documents/upload",
                files={"file": (sample.filename, sample.data, "application/pdf")},
            )
            self.samples[uploaded["id"]] = sample

    def ask(self, method: str, path: str, **sent: Any) -> Any:
        answer = self.session.request(method, f"{self.cluster.api_url}{path}", timeout=60, **sent)
        answer.raise_for_status()
        return answer.json()["data"]

    def start(self) -> str:
        body = {"task_type": "full_sync", "document_ids": []}
        return str(self.ask("POST", f"/knowledge-bases/{self.kb_id}/sync", json=body)["task_id"])

    def task(self, task_id: str) -> Any:
        tasks = self.ask("GET", f"/knowledge-bases/{self.kb_id}/sync-tasks", params={"limit": 50})
        return next(task for task in tasks if task["id"] == task_id)

    def await_progress(self, task_id: str, percent: int) -> None:
        while self.task(task_id)["progress"] < percent:
            time.sleep(0.1)

    def await_end(self, task_id: str) -> Any:
        while (task := self.task(task_id))["status"] not in ENDED:
            time.sleep(0.2)
        return task

    def wrong_documents(self) -> int:
        """Count documents whose visible chunks are not all of theirs, each once."""
        return sum(not self._is_whole(document_id, sample) for document_id, sample in self.samples.items())

    def _is_whole(self, document_id: str, sample: Sample) -> bool:
        chunks = self.ask("GET", f"/documents/{document_id}/chunks", params={"page_size": 100})
        found = {mark for chunk in chunks for mark in LINE_MARK.findall(chunk["content"])}
        ids = [chunk["chunk_id"] for chunk in chunks]
        return found == sample.marks and len(ids) == len(set(ids))

    def claims(self) -> list[Claim]:
        entries = Journal(self.cluster.directory).read()
        return [entry for entry in entries if isinstance(entry, Claim)]


@contextmanager
def prepared(documents: int, *, poisoned: int = 0) -> Iterator[Drill]:
    with tempfile.TemporaryDirectory(prefix="kbsync-drill-") as directory:
        cluster = Cluster(Path(directory), pace=PRODUCTION_PACE, workers=MANY_WORKERS)
        cluster.start()
        try:
            yield Drill(cluster, documents=documents, poisoned=poisoned)
        finally:
            cluster.stop()


def _flush(drill: Drill) -> None:
    redis.Redis.from_url(drill.cluster.settings.redis_url).flushall()


def _lose_redis(drill: Drill) -> None:
    drill.cluster.kill(REDIS)
    drill.cluster.revive(REDIS, empty=True)
    drill.cluster.await_servers()


def redis_wipe(documents: int) -> None:
    for name, strike in (("FLUSHALL", _flush), ("killed, started empty", _lose_redis)):
        with prepared(documents) as drill:
            print(json.dumps({"fault": name, **_struck(drill, strike)}, ensure_ascii=False), flush=True)


def kill_workers(documents: int) -> None:
    with prepared(documents) as drill:
        print(json.dumps(_struck(drill, _kill_all_start_one), ensure_ascii=False), flush=True)


def _kill_all_start_one(drill: Drill) -> None:
    for worker in drill.cluster.workers:
        drill.cluster.kill(worker)
    drill.cluster.revive(drill.cluster.workers[-1])


def _struck(drill: Drill, strike: Callable[[Drill], None]) -> dict[str, object]:
    """Strike once in the middle of a sync, and wait for its end without asking the service for anything else."""
    began = time.time()
    task_id = drill.start()
    drill.await_progress(task_id, STRIKE_PERCENT)
    struck = time.time()
    strike(drill)
    task = drill.await_end(task_id)
    ended = time.time()
    twice = Counter(
        stage
        for (_, stage, _), count in Counter((c.document_id, c.stage, c.batch) for c in drill.claims()).items()
        for _ in range(count - 1)
    )
    return {
        "documents": len(drill.samples),
        "status": task["status"],
        "completed": task["processed_documents"],
        "documents_not_whole": drill.wrong_documents(),
        "seconds_before_fault": round(struck - began, 1),
        "seconds_from_fault_to_end": round(ended - struck, 1),
        "stages_begun_twice": dict(twice),
    }


def poison(documents: int) -> None:
    for poisoned in (0, 1):
        with prepared(documents, poisoned=poisoned) as drill:
            began = time.time()
            task_id = drill.start()
            task = drill.await_end(task_id)
            seconds = time.time() - began
            failed = drill.ask("GET", f"/sync-tasks/{task_id}/documents", params={"status": "failed"})
            fatal = {document_id for document_id, each in drill.samples.items() if each.kind is SampleKind.POISON}
            figures = {
                "documents": documents,
                "poisoned": poisoned,
                "status": task["status"],
                "completed": task["processed_documents"],
                "failed": [(each["filename"], each["error_message"]) for each in failed],
                "starts_of_the_poisoned": sum(c.document_id in fatal and c.stage == "convert" for c in drill.claims()),
                "seconds": round(seconds, 1),
            }
            print(json.dumps(figures, ensure_ascii=False), flush=True)


def cancel(documents: int, tries: int) -> None:
    with prepared(documents) as drill:
        rng = Random(7)
        answers, lasts, started_after = [], [], 0
        task_id = drill.start()
        for _ in range(tries):
            time.sleep(rng.uniform(0.5, 6.0))
            asked = time.time()
            drill.ask("POST", f"/sync-tasks/{task_id}/cancel")
            answered = time.time()
            cancelled, task_id = task_id, drill.start()  # a new sync is accepted at once, or this raises
            time.sleep(3.0)
            answers.append(answered - asked)
            lasts.append(max(0.0, _last_work(drill.cluster.directory, cancelled) - answered))
            started_after += sum(c.task_id == cancelled and c.at > answered for c in drill.claims())
        drill.ask("POST", f"/sync-tasks/{task_id}/cancel")
        figures = {
            "documents": documents,
            "tries": tries,
            "cancel_seconds_p50": round(statistics.median(answers), 3),
            "cancel_seconds_max": round(max(answers), 3),
            "answer_to_last_work_seconds_p50": round(statistics.median(lasts), 3),
            "answer_to_last_work_seconds_max": round(max(lasts), 3),
            "claims_asked_for_after_the_answer": started_after,
            "work_kept_after_the_answer": _kept_after_cancel(drill),
        }
        print(json.dumps(figures), flush=True)


def _last_work(directory: Path, task_id: str) -> float:
    return max((at for at, line in _lines(directory) if line.get("task_id") == task_id), default=0.0)


def _lines(directory: Path) -> Iterator[tuple[float, dict[str, Any]]]:
    for log in (directory / "logs").glob("worker-*.log"):
        for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if not text.startswith("{"):
                continue
            line = json.loads(text)
            if line.get("message") in WORK_LINES:
                yield datetime.fromisoformat(line["time"]).timestamp(), line


def _kept_after_cancel(drill: Drill) -> int:
    """Count documents of cancelled syncs that a search shows although no sync completed them."""
    body = {"query": EVERYWHERE, "top_k": 50, "mode": "text"}
    shown = {hit["document_id"] for hit in drill.ask("POST", f"/knowledge-bases/{drill.kb_id}/search", json=body)}
    return sum(drill.ask("GET", f"/documents/{document_id}")["status"] != "completed" for document_id in shown)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.drills", description=__doc__)
    parser.add_argument("drill", choices=("redis-wipe", "kill-workers", "poison", "cancel", "two-hosts"))
    parser.add_argument("--documents", type=int)
    parser.add_argument("--tries", type=int, default=10)
    asked = parser.parse_args(arguments)
    if asked.drill == "redis-wipe":
        redis_wipe(asked.documents or 300)
    elif asked.drill == "kill-workers":
        kill_workers(asked.documents or 300)
    elif asked.drill == "poison":
        poison(asked.documents or 50)
    elif asked.drill == "two-hosts":
        print(json.dumps(two_hosts.drill(asked.documents or 60), ensure_ascii=False, indent=2))
    else:
        cancel(asked.documents or 1000, asked.tries)


if __name__ == "__main__":
    main(sys.argv[1:])

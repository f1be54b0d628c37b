"""Two hosts that share MongoDB, Redis and a bucket, and no disk: `python -m tests.chaos.drills two-hosts`.

Each host is a directory of its own, for data and for temporary files, with an API and workers for every queue.
"""

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import requests

from shared.embedded import mongod, redis_server
from shared.embedded.child import Child, Command, stop_together
from shared.embedded.health import http_answers, redis_answers, wait_until
from shared.embedded.ports import LOOPBACK, free_port
from tests.chaos.samples import EVERYWHERE, LINE_MARK, Sample, SampleKind, make_sample
from tests.samples.s3_server import S3Server, running_s3_server

REPOSITORY = Path(__file__).parents[2]
HOSTS = ("host-a", "host-b")
BUCKET = "kbsync-two-hosts"
START_SECONDS = 180.0
REQUEST_SECONDS = 120.0
ENDED = ("completed", "partial_success", "failed", "cancelled")
DONE = ("stage done", "batch done", "document completed")


class TwoHosts:
    """Both hosts and what they share; started and stopped from the main thread."""

    def __init__(self, directory: Path, s3: S3Server) -> None:
        self.directory = directory
        self._mongod_port, self._redis_port = free_port(), free_port()
        self._redis_url = redis_server.redis_url(self._redis_port)
        self.s3 = s3
        self.ports = {host: free_port() for host in HOSTS}
        self._servers = [
            self._child(mongod.mongod_command(port=self._mongod_port, directory=directory / "mongod")),
            self._child(redis_server.redis_command(port=self._redis_port, directory=directory / "redis")),
        ]
        self._services = [self._child(command) for host in HOSTS for command in self._commands(host)]

    def _child(self, command: Command) -> Child:
        return Child(command, log=self.directory / "logs" / f"{command.name}.log")

    def _commands(self, host: str) -> Iterator[Command]:
        own = self.directory / host
        for name in ("data", "tmp"):
            (own / name).mkdir(parents=True)
        environment = {
            "KBSYNC_MONGODB_URL": mongod.mongodb_url(self._mongod_port),
            "KBSYNC_REDIS_URL": self._redis_url,
            "KBSYNC_DATA_DIR": str(own / "data"),
            "KBSYNC_API_PORT": str(self.ports[host]),
            "KBSYNC_OBJECT_STORE": "s3",
            "KBSYNC_S3_ENDPOINT": self.s3.url,
            "KBSYNC_S3_BUCKET": BUCKET,
            "KBSYNC_VECTOR_STORE_URI": f"s3://{BUCKET}/vectors",
            "KBSYNC_EMBEDDING_PROVIDER": "hashing",
            "KBSYNC_EMBEDDING_MODEL": "words-64",
            "KBSYNC_OCR_ENGINE": "ink",
            "TMPDIR": str(own / "tmp"),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }
        celery = (sys.executable, "-m", "celery", "-A", "worker.app")
        worker = ("worker", "-n", f"{host}@%h", "-Q", "control,io,cpu,embed", "-c", "2")
        lean = ("--without-gossip", "--without-mingle")
        yield Command(f"{host}-api", (sys.executable, "-m", "api"), environment)
        yield Command(f"{host}-worker", (*celery, *worker, *lean), environment, grace_seconds=20.0)
        if host == HOSTS[0]:
            schedule = str(self.directory / "beat-schedule")
            yield Command(f"{host}-beat", (*celery, "beat", "-s", schedule), environment)

    def start(self) -> None:
        self.s3.make_bucket(BUCKET)
        for child in self._servers:
            child.start()
        wait_until(lambda: mongod.make_primary(self._mongod_port), seconds=START_SECONDS, what="no MongoDB")
        wait_until(lambda: redis_answers(self._redis_url), seconds=START_SECONDS, what="no Redis")
        for child in self._services:
            child.start()
        for host in HOSTS:
            wait_until(partial(self._is_healthy, host), seconds=START_SECONDS, what=f"{host} is not healthy")

    def _is_healthy(self, host: str) -> bool:
        return http_answers(f"{self._base(host)}/health")

    def stop(self) -> None:
        stop_together(self._services)
        stop_together(self._servers)

    def ask(self, host: str, method: str, path: str, **sent: Any) -> Any:
        answer = requests.request(method, f"{self._base(host)}{path}", timeout=REQUEST_SECONDS, **sent)
        answer.raise_for_status()
        return answer.json()["data"]

    def _base(self, host: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[host]}/api/v1"

    def work(self, host: str) -> dict[str, set[str]]:
        """Return the documents of each stage that a host has done."""
        done: dict[str, set[str]] = defaultdict(set)
        for text in (self.directory / "logs" / f"{host}-worker.log").read_text(encoding="utf-8").splitlines():
            line = json.loads(text) if text.startswith("{") else {}
            if line.get("message") in DONE:
                done[line["stage"]].add(line["document_id"])
        return done

    def files(self, host: str) -> list[str]:
        own = self.directory / host
        return sorted(str(path.relative_to(own)) for path in own.rglob("*") if path.is_file())


@contextmanager
def two_hosts() -> Iterator[TwoHosts]:
    with tempfile.TemporaryDirectory(prefix="kbsync-hosts-") as name:
        directory = Path(name)
        with running_s3_server(directory / "logs" / "s3.log") as s3:
            hosts = TwoHosts(directory, s3)
            try:
                hosts.start()
                yield hosts
            finally:
                hosts.stop()


def drill(documents: int) -> dict[str, object]:
    """Upload at one host, sync over both, and read everything at the other."""
    with two_hosts() as hosts:
        here, there = HOSTS
        kb_id = hosts.ask(here, "POST", "/knowledge-bases", json={"name": "two hosts"})["id"]
        samples = _upload(hosts, kb_id, documents)
        asked_before = hosts.s3.requests()
        began = time.time()
        body = {"task_type": "full_sync", "document_ids": []}
        task_id = hosts.ask(here, "POST", f"/knowledge-bases/{kb_id}/sync", json=body)["task_id"]
        while (task := hosts.ask(here, "GET", f"/sync-tasks/{task_id}"))["status"] not in ENDED:
            time.sleep(0.5)
        seconds = time.time() - began
        asked = hosts.s3.requests() - asked_before
        searched = {"query": EVERYWHERE, "top_k": 50, "mode": "text"}
        return {
            "documents": documents,
            "status": task["status"],
            "completed": task["processed_documents"],
            "seconds": round(seconds, 1),
            "requests_per_document": {
                "files": round(_count(asked, f"/{BUCKET}/.kbsync/") / documents, 1),
                "vectors": round((asked.total() - _count(asked, f"/{BUCKET}/.kbsync/")) / documents, 1),
            },
            "documents_by_host_and_stage": {
                host: {stage: len(done) for stage, done in sorted(hosts.work(host).items())} for host in HOSTS
            },
            "not_whole_when_read_at_the_other_host": sum(
                not _is_whole(hosts, there, document_id, sample) for document_id, sample in samples.items()
            ),
            "hits_at_each_host": [
                len(hosts.ask(host, "POST", f"/knowledge-bases/{kb_id}/search", json=searched)) for host in HOSTS
            ],
            "files_on_the_disk_of_each_host": {host: hosts.files(host) for host in HOSTS},
        }


def _count(asked: Counter[str], path: str) -> int:
    return sum(count for request, count in asked.items() if request.split(" ")[1].startswith(path))


def _upload(hosts: TwoHosts, kb_id: str, documents: int) -> dict[str, Sample]:
    rng, samples = Random(documents), {}
    for _ in range(documents):
        sample = make_sample(rng, SampleKind.HEALTHY)
        files = {"file": (sample.filename, sample.data, "application/pdf")}
        path = f"/knowledge-bases/{kb_id}/documents/upload"
        samples[hosts.ask(HOSTS[0], "POST", path, files=files)["id"]] = sample
    return samples


def _is_whole(hosts: TwoHosts, host: str, document_id: str, sample: Sample) -> bool:
    chunks = hosts.ask(host, "GET", f"/documents/{document_id}/chunks", params={"page_size": 100})
    return {mark for chunk in chunks for mark in LINE_MARK.findall(chunk["content"])} == sample.marks

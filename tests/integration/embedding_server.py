"""A server that speaks the protocols of Bedrock's runtime and of OpenAI's embeddings, and can be made to misbehave.

It throttles, counts what it did, and answers by `embedding_protocols.py`. `GET /statistics` shows the counts,
`POST /behaviour` changes how it behaves.
"""

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.integration.embedding_protocols import Behaviour, Refused, answer_of, misbehave


@dataclass
class Statistics:
    """What the server has done."""

    answered: int = 0
    throttled: int = 0
    failed: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    first_at: float | None = None
    last_at: float | None = None
    """Of the answered ones, by the monotonic clock."""
    texts: Counter[str] = field(default_factory=Counter)
    """Each text that got a vector, and how often."""
    input_types: Counter[str] = field(default_factory=Counter)

    @property
    def seconds(self) -> float:
        """Between the first answer and the last."""
        return 0.0 if self.first_at is None or self.last_at is None else self.last_at - self.first_at

    @property
    def rate(self) -> float:
        """Answers per second between the first and the last."""
        return (self.answered - 1) / self.seconds if self.seconds else 0.0


class EmbeddingServer:
    """Runs in threads of this process; a context manager."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0) -> None:
        self._lock = threading.Lock()
        self._behaviour = behaviour or Behaviour()
        self._level = self._capacity()
        self._filled_at = time.monotonic()
        self.statistics = Statistics()
        self._http = _QuietServer(("127.0.0.1", port), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True, name="embedding-server")

    def __enter__(self) -> "EmbeddingServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """The endpoint of Bedrock; OpenAI's is `openai_url`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def behave(self, **changes: Any) -> None:
        """Change some of the behaviour; the bucket is full again."""
        with self._lock:
            self._behaviour = replace(self._behaviour, **changes)
            self._level = self._capacity()

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.statistics = Statistics()

    def shown_statistics(self) -> dict[str, Any]:
        with self._lock:
            counted = self.statistics
            return {
                "answered": counted.answered,
                "throttled": counted.throttled,
                "failed": counted.failed,
                "most_in_flight": counted.most_in_flight,
                "seconds": round(counted.seconds, 3),
                "rate": round(counted.rate, 3),
                "texts": sum(counted.texts.values()),
                "distinct_texts": len(counted.texts),
                "input_types": dict(counted.input_types),
            }

    def answer(self, path: str, body: Any, authorization: str | None) -> bytes:
        """Return the body of an answer. Raises `Refused`."""
        behaviour, fault = self._admit()
        try:
            if behaviour.latency_seconds:
                time.sleep(behaviour.latency_seconds)
            misbehave(fault, behaviour)
            texts, text_answer = answer_of(path, body, authorization, behaviour=behaviour, fault=fault)
        except Refused:
            with self._lock:
                self.statistics.failed += 1
                self.statistics.in_flight -= 1
            raise
        with self._lock:
            counted, now = self.statistics, time.monotonic()
            counted.in_flight -= 1
            counted.answered += 1
            counted.first_at = counted.first_at if counted.first_at is not None else now
            counted.last_at = now
            counted.texts.update(texts)
            if isinstance(body, dict) and "input_type" in body:
                counted.input_types[body["input_type"]] += 1
        return text_answer.encode()

    def _admit(self) -> tuple[Behaviour, str | None]:
        """Take a place in the bucket, or refuse; say which fault this call meets."""
        with self._lock:
            behaviour = self._behaviour
            fault = behaviour.fault if behaviour.fault_calls != 0 else None
            if fault is not None and behaviour.fault_calls is not None:
                self._behaviour = replace(behaviour, fault_calls=behaviour.fault_calls - 1)
            if fault == "throttle" or not self._take_place(behaviour):
                self.statistics.throttled += 1
                headers = {} if behaviour.retry_after is None else {"Retry-After": behaviour.retry_after}
                raise Refused(
                    429, "ThrottlingException", "Too many requests, please wait before trying again.", **headers
                )
            self.statistics.in_flight += 1
            self.statistics.most_in_flight = max(self.statistics.most_in_flight, self.statistics.in_flight)
            return behaviour, fault

    def _take_place(self, behaviour: Behaviour) -> bool:
        if behaviour.requests_per_second is None:
            return True
        now = time.monotonic()
        gained = (now - self._filled_at) * behaviour.requests_per_second
        self._level, self._filled_at = min(self._capacity(), self._level + gained), now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def _capacity(self) -> float:
        behaviour = self._behaviour
        return behaviour.burst if behaviour.burst is not None else max(1.0, behaviour.requests_per_second or 1.0)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no matter."""


class _Handler(BaseHTTPRequestHandler):
    owner: EmbeddingServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._send(200, json.dumps(self.owner.shown_statistics()).encode())

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else {}
        if self.path == "/behaviour":
            self.owner.behave(**body)
            self._send(200, b"{}")
            return
        try:
            self._send(200, self.owner.answer(self.path, body, self.headers.get("Authorization")))
        except Refused as refused:
            told = {"message": refused.message, "error": {"message": refused.message, "code": refused.kind}}
            self._send(
                refused.status, json.dumps(told).encode(), **refused.headers, **{"x-amzn-ErrorType": refused.kind}
            )
        except ConnectionAbortedError:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def embedding_server(behaviour: Behaviour | None = None, *, port: int = 0) -> Iterator[EmbeddingServer]:
    with EmbeddingServer(behaviour, port=port) as server:
        yield server

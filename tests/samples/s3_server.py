"""An S3 server for tests, moto behind real HTTP, that fails to order: `python -m tests.samples.s3_server PORT`.

moto looks at a condition and writes in two steps, so writes go through one at a time here: a conditional put is as
atomic as S3 makes it. `POST /-/faults` takes a list of `Fault`, `GET /-/requests` counts what came in.
"""

import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from shared.embedded.child import Child, Command, stop_together
from shared.embedded.health import wait_until
from shared.embedded.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "not a secret", "AWS_REGION": "us-east-1"}
START_SECONDS = 60.0
LISTED_AT_ONCE = 50
"""Objects in a page of a listing, so that few of them make several pages."""

ANSWERS = {
    403: ("403 Forbidden", "AccessDenied"),
    404: ("404 Not Found", "NoSuchBucket"),
    500: ("500 Internal Server Error", "InternalError"),
    503: ("503 Service Unavailable", "SlowDown"),
}


@dataclass
class Fault:
    """What happens to the next `times` requests of this method whose path and query hold `part`.

    `status` is what they are answered, and 0 cuts the answer off after `cut_bytes`. Before that they wait for
    `wait_seconds`; a status of 200 does nothing else. `forget_conditions` carries them out without their conditions.
    """

    method: str
    part: str = ""
    status: int = 503
    times: int = 1_000_000
    cut_bytes: int = 0
    wait_seconds: float = 0.0
    forget_conditions: bool = False


class S3Server:
    """A server in a process of its own, as a test sees it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"

    def fail(self, *faults: Fault) -> None:
        """Order these faults in place of all others."""
        body = json.dumps([asdict(fault) for fault in faults]).encode()
        with urlopen(Request(f"{self.url}/-/faults", data=body, method="POST")):
            pass

    @contextmanager
    def failing(self, *faults: Fault) -> Iterator[None]:
        self.fail(*faults)
        try:
            yield
        finally:
            self.fail()

    def requests(self) -> Counter[str]:
        """Count what came in so far, as `GET /bucket/key`."""
        with urlopen(f"{self.url}/-/requests") as answer:
            return Counter(json.load(answer))

    def client(self) -> "S3Client":
        from boto3.session import Session

        return Session().client("s3", endpoint_url=self.url, region_name=CREDENTIALS["AWS_REGION"])

    def make_bucket(self, name: str) -> str:
        self.client().create_bucket(Bucket=name)
        return name

    def answers(self) -> bool:
        try:
            self.requests()
        except OSError:
            return False
        return True


def server_command(port: int) -> Command:
    root = str(Path(__file__).parents[2])
    environment = {**CREDENTIALS, "PYTHONPATH": root, "MOTO_S3_DEFAULT_MAX_KEYS": str(LISTED_AT_ONCE)}
    return Command("s3", (sys.executable, "-m", "tests.samples.s3_server", str(port)), environment)


@contextmanager
def running_s3_server(log: Path) -> Iterator[S3Server]:
    """Start a server, and let this process and its children have credentials for it."""
    port = free_port()
    server, child = S3Server(port), Child(server_command(port), log=log)
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    child.start()
    try:
        wait_until(server.answers, seconds=START_SECONDS, what=f"the S3 server did not answer, see {log}")
        yield server
    finally:
        stop_together([child])
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


# The server itself

Start = Callable[..., Any]


class _FaultyS3:
    """WSGI: what is ordered goes before what moto answers."""

    def __init__(self, moto: Callable[[dict[str, Any], Start], Any]) -> None:
        self._moto = moto
        self._faults: list[Fault] = []
        self._seen: Counter[str] = Counter()
        self._writing = threading.Lock()
        self._orders = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Start) -> Any:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if path.startswith("/-/"):
            return self._control(environ, start)
        fault = self._meet(method, f"{path}?{query}")
        if fault is not None:
            time.sleep(fault.wait_seconds)
            if fault.forget_conditions:
                environ.pop("HTTP_IF_NONE_MATCH", None)
            elif fault.status in ANSWERS:
                return _refuse(environ, start, *ANSWERS[fault.status])
            elif fault.status == 0:
                return self._cut(environ, start, fault.cut_bytes)
        return self._answer(environ, start)

    def _control(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        with self._orders:
            if environ["PATH_INFO"] == "/-/faults":
                sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                self._faults = [Fault(**each) for each in json.loads(sent)]
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._seen).encode()]

    def _meet(self, method: str, target: str) -> Fault | None:
        with self._orders:
            self._seen[f"{method} {target.partition('?')[0]}"] += 1
            for fault in self._faults:
                if fault.times > 0 and fault.method == method and fault.part in target:
                    fault.times -= 1
                    return fault
            return None

    def _answer(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        with self._writing:
            return list(self._moto(environ, start))

    def _cut(self, environ: dict[str, Any], start: Start, cut_bytes: int) -> Iterator[bytes]:
        """Promise the whole answer, and close the connection in the middle of it."""
        body = b"".join(self._answer(environ, start))

        def some() -> Iterator[bytes]:
            yield body[:cut_bytes]
            raise ConnectionAbortedError("cut off to order")

        return some()


def _refuse(environ: dict[str, Any], start: Start, status: str, code: str) -> list[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>ordered by a test</Message></Error>".encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def main(port: int) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = DomainDispatcherApplication(create_backend_app)
    make_server(LOOPBACK, port, _FaultyS3(moto), threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))

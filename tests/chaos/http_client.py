"""The service as a good client uses it: what is not answered, or answered `not now`, is asked again."""

import contextlib
import threading
import time
from typing import Any

import requests

from tests.chaos.ledger import Ledger

REQUEST_SECONDS = 30.0
PAUSE_SECONDS = 0.3


class GaveUp(Exception):
    """The run has ended, or the service did not answer for too long"""


class Client:
    """One client, used from one thread."""

    def __init__(self, base: str, ledger: Ledger, stopped: threading.Event, *, patience_seconds: float) -> None:
        self._base = base
        self._ledger = ledger
        self._stopped = stopped
        self._patience_seconds = patience_seconds
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def ask(self, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        """Send a request until it is answered for good; return the status and the body.

        Raises `GaveUp`. A status of 500 is a violation: a backing service that is away is a 503.
        """
        deadline = time.monotonic() + self._patience_seconds
        while time.monotonic() < deadline and not self._stopped.is_set():
            answer = self._once(method, path, **sent)
            if answer is not None and answer[0] < 500:
                return answer
            if answer is not None and answer[0] != 503:
                self._ledger.violation(
                    "API", f"{method} {path.rsplit('/', maxsplit=1)[-1]} answered {answer[0]}", records=answer[1]
                )
            self._stopped.wait(PAUSE_SECONDS)
        if not self._stopped.is_set():
            self._ledger.violation("API", f"no answer to {method} {path} for {self._patience_seconds:.0f} s")
        raise GaveUp

    def _once(self, method: str, path: str, **sent: Any) -> tuple[int, Any] | None:
        began = time.monotonic()
        try:
            with contextlib.closing(
                self._session.request(method, f"{self._base}{path}", timeout=REQUEST_SECONDS, **sent)
            ) as answer:
                self._ledger.count("requests")
                if answer.status_code == 503:
                    self._ledger.count("answers 503")
                    self._ledger.took("an answer 503", time.monotonic() - began)
                    if "Retry-After" not in answer.headers:
                        self._ledger.violation("API", "503 without Retry-After", records=answer.text)
                return answer.status_code, answer.json()
        except (requests.RequestException, OSError):
            self._ledger.count("connections lost")
            return None

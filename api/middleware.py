"""What stands around every request, as plain ASGI so that bodies and answers stream through untouched."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.callers import token_id_of
from api.errors import error_response
from api.language import language_of
from api.metrics import RequestMetrics
from api.validation import BadField
from shared import logs
from shared.access.keys import KEY_PATTERN
from shared.errors import KbSyncError

logger = logging.getLogger(__name__)
access_log = logging.getLogger("api.access")

REQUEST_ID_HEADER = "X-Request-ID"
SANE_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")
UNLIMITED_BODY = "kbsync.unlimited_body"
"""Key of the scope that a route sets before it reads a body of any size."""
CLIENT_GONE = 499
"""The status in our log of a request whose client went away before the answer; nobody receives it."""


class RequestContext:
    """Gives each request its id, writes its line in the access log, counts it, and answers what nobody foresaw."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with logs.bound(request_id=request_id_of(scope)):
            if scope["type"] == "http":
                await self._http(scope, receive, send)
            else:
                await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path, start = scope["method"], scope["path"], time.perf_counter()
        status: int | None = None
        seconds_to_stream: float | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status, seconds_to_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = logs.bound_value("request_id") or ""
                if headers.get("content-type", "").startswith("text/event-stream"):
                    seconds_to_stream = time.perf_counter() - start
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:  # the process boundary: the client gets 1000, the log the traceback
            logger.exception("request failed")
            if status is None:
                await error_response(KbSyncError(), language_of(scope))(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - start
            answered = status or CLIENT_GONE
            # A stream is answered when it begins; how long somebody watches says nothing of us.
            answered_in = seconds if seconds_to_stream is None else seconds_to_stream
            self._metrics.observe(scope, method=method, status=answered, seconds=answered_in)
            access_log.info(
                "request",
                extra={
                    "method": method,
                    "path": path,
                    "status": answered,
                    "duration_ms": round(seconds * 1000, 2),
                    **({"token_id": token_id} if (token_id := token_id_of(scope)) else {}),
                },
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, start = scope["path"], time.perf_counter()
        closed_with: int | None = None

        async def send_noted(message: Message) -> None:
            nonlocal closed_with
            if message["type"] == "websocket.close":
                closed_with = message.get("code", 1000)
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            seconds = time.perf_counter() - start
            access_log.info(
                "websocket",
                extra={"path": path, "closed_with": closed_with, "duration_ms": round(seconds * 1000, 2)},
            )


def keep_back_websocket_lines() -> None:
    """Let uvicorn log no WebSocket itself: its lines show the query, and ours say more."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_websocket_line)


def _is_no_websocket_line(record: logging.LogRecord) -> bool:
    of_websocket = "WebSocket" in str(record.msg) or record.msg in ("connection open", "connection closed")
    return record.levelno > logging.INFO or not of_websocket


def request_id_of(scope: Scope) -> str:
    """Take the client's request id where it is fit for a header, a log line and a record, else make one."""
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    fit = SANE_REQUEST_ID.fullmatch(given) and not KEY_PATTERN.search(given)
    return given if fit else str(uuid.uuid4())


class BodyLimit:
    """Refuses to read more of a body than the limit, as soon as somebody reads it."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = content_length(scope)
        received = 0

        async def limited() -> Message:
            nonlocal received
            if scope.get(UNLIMITED_BODY):
                return await receive()
            if announced is not None and announced > self._limit_bytes:
                raise BadField("body", "body_too_large")
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit_bytes:
                raise BadField("body", "body_too_large")
            return message

        await self._app(scope, limited, send)


def content_length(scope: Scope) -> int | None:
    """Return the announced length of a body, or None where there is none."""
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


class TrailingSlash:
    """Makes a path mean the same with and without its trailing slash, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path, raw_path = scope["path"], scope.get("raw_path") or scope["path"].encode()
            if len(path) > 1 and raw_path.endswith(b"/"):  # an id that ends with a slash ends with `%2F` here
                scope["path"] = path[:-1]
                scope["raw_path"] = raw_path[:-1]
        await self._app(scope, receive, send)

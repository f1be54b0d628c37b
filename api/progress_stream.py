"""Live progress of a sync: Server-Sent Events and WebSocket, two forms of one stream."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from api import examples
from api.dependencies import OpenResources
from api.errors import WEBSOCKET_RESTART, failure_event
from api.language import Language, language_of
from api.operations import operation, streaming
from api.progress_events import HEARTBEAT, Batch, EventId, opening
from api.progress_hub import ProgressHub
from api.progress_reader import TaskReader
from shared.errors import InvalidRequest, KbSyncError, SyncTaskNotFound

router = APIRouter(tags=["sync tasks"])

LAST_EVENT_ID_HEADER = "Last-Event-ID"

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Nothing between us and the client may keep events back; the last is for nginx."""

RETRY_MILLISECONDS = (1000, 5000)
"""After how long a client connects again, drawn for each so that they do not come all at once after a restart."""


@dataclass(frozen=True)
class Watcher:
    """Somebody who may watch a task, and where he stands."""

    reader: TaskReader
    last: EventId | None
    language: Language

    @property
    def has_seen_the_end(self) -> bool:
        return self.last is not None and self.last.is_end and self.reader.has_ended

    def batches(self) -> AsyncIterator[Batch | None]:
        return self.reader.batches(self.last, self.language)


async def admitted(
    connection: HTTPConnection,
    task_id: str,
    resources: OpenResources,
    last_event_id: Annotated[
        str | None,
        Query(
            description="As the header `Last-Event-ID`, which goes before it; `0` asks for every document.",
            json_schema_extra={"pattern": r"^[0-9]{1,14}(-end)?$"},
        ),
    ] = None,
) -> AsyncIterator[Watcher]:
    """Let a client watch a task: the one door of both protocols, where all is checked before the first event.

    Browsers can set no header on an EventSource or a WebSocket: what a header says must be sayable in the query too. An
    EventSource that connects again sends the header beside the query of its first attempt, so the header goes first.
    Raises `InvalidRequest`, `SyncTaskNotFound` or `ServiceUnavailable`.
    """
    header = connection.headers.get(LAST_EVENT_ID_HEADER)
    last = None
    if header:
        last = EventId.parse(header, field=LAST_EVENT_ID_HEADER)
    elif last_event_id is not None:
        last = EventId.parse(last_event_id, field="last_event_id")
    # The hub reads for everybody who watches: whether this one may is asked here.
    await run_in_threadpool(resources.sync_tasks.get, task_id)
    hub: ProgressHub = connection.app.state.progress
    async with hub.watching(task_id) as reader:
        yield Watcher(reader=reader, last=last, language=language_of(connection.scope))


Admitted = Annotated[Watcher, Depends(admitted)]


@router.get(
    "/sync-tasks/{task_id}/events",
    response_class=Response,
    **streaming(
        operation(
            "watch_sync_task",
            summary="实时进度（SSE）",
            description=(
                "Server-Sent Events: `task` with the task as in its detail but without documents, and `document` with "
                "a document when it changes. Ends after the task has. `Last-Event-ID` resumes; who has seen the end is "
                "answered 204, on which an EventSource stops. The WebSocket `/sync-tasks/{task_id}/ws` sends the same."
            ),
            fails=[InvalidRequest, SyncTaskNotFound],
        ),
        example=examples.SYNC_EVENTS,
    ),
)
async def watch_sync_task(watcher: Admitted) -> Response:
    return Response(status_code=204) if watcher.has_seen_the_end else EventStream(watcher)


@router.websocket("/sync-tasks/{task_id}/ws")
async def watch_over_websocket(websocket: WebSocket, watcher: Admitted) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await _unless_gone(_send_messages(websocket, watcher), _until_closed(websocket))


class EventStream(Response):
    """Sends batches until the last one, the client's leave or the end of the server."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["Content-Length"]
        self._watcher = watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await _unless_gone(self._send_events(send), _until_disconnected(receive))

    async def _send_events(self, send: Send) -> None:
        await _send_piece(send, opening(random.randint(*RETRY_MILLISECONDS)))  # noqa: S311  # no secret
        try:
            async for batch in self._watcher.batches():
                await _send_piece(send, HEARTBEAT if batch is None else batch.sse)
        except KbSyncError as error:
            await _send_piece(send, failure_event(error, self._watcher.language).as_sse().encode())
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_piece(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _send_messages(websocket: WebSocket, watcher: Watcher) -> None:
    """Send what there is as messages; the server's own pings are the heartbeat."""
    is_over = False
    async for batch in watcher.batches():
        if batch is not None:
            for message in batch.messages:
                await websocket.send_text(message)
            is_over = batch.is_last
    await websocket.close() if is_over else await websocket.close(WEBSOCKET_RESTART)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_closed(websocket: WebSocket) -> None:
    """Read whatever the client says, of which nothing is asked."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _unless_gone(sending: Coroutine[None, None, None], gone: Coroutine[None, None, None]) -> None:
    """Send to the end, or until the client has gone; raises what the sending raises."""
    tasks = sender, leaving = asyncio.create_task(sending), asyncio.create_task(gone)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if sender.done():
            sender.result()
    finally:
        sender.cancel()
        leaving.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

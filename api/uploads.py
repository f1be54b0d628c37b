"""Files on their way from the socket into the object store, never whole in memory or on the disk of this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import ClientDisconnect, Request

from api.middleware import UNLIMITED_BODY, content_length
from api.multipart import FileBegins, FileBytes, FileEnds, FilePartParser, boundary_of
from api.validation import BadField
from shared.errors import DocumentTooLarge, KbSyncError, ObjectUploadFailed, UploadFailed
from shared.services.documents import Upload

QUEUED_PIECES = 4
"""Pieces of one file (64 KiB at most with uvicorn) between the socket and the thread that stores it."""

SILENCE_SECONDS = 60.0
"""How long an upload may stand still; without it a lost client would hold its thread for ever."""

MAX_FILES = 100
"""Files of the largest size; a body that announces more than these is refused unread."""

Store = Callable[[str, Iterator[bytes]], Upload]
"""Keeps one file: its name and its bytes in, what became of it out. Runs in a thread."""


class Interrupted(Exception):
    """The stream ended before the file did; it makes the object store forget what it has."""


class _Transfer:
    """One file, handed piece by piece to the thread that stores it."""

    def __init__(self, store: Store, filename: str, threads: CapacityLimiter) -> None:
        self._store = store
        self._filename = filename
        self._threads = threads
        self._into, self._out = anyio.create_memory_object_stream[bytes](QUEUED_PIECES)
        self._whole = False
        self._task = asyncio.create_task(self._run())

    async def write(self, data: bytes) -> None:
        """Pass a piece on, waiting while the store is slower than the client; raises what the store raised."""
        try:
            await self._into.send(data)
        except anyio.BrokenResourceError:
            await self._task
            raise

    async def finish(self) -> Upload:
        """Tell the store that the file is whole and wait for its answer."""
        self._whole = True
        self._into.close()
        return await self._task

    async def abandon(self) -> None:
        """Let the store forget a file that was not finished, and wait until it has."""
        self._into.close()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()

    async def _run(self) -> Upload:
        try:
            return await anyio.to_thread.run_sync(self._store_file, limiter=self._threads)
        finally:
            self._out.close()

    def _store_file(self) -> Upload:
        try:
            return self._store(self._filename, self._pieces())
        except ObjectUploadFailed as error:
            raise UploadFailed(str(error), details={"filename": self._filename}) from error

    def _pieces(self) -> Iterator[bytes]:
        while True:
            try:
                yield anyio.from_thread.run(self._out.receive)
            except anyio.EndOfStream:
                if not self._whole:
                    raise Interrupted from None
                return


async def receive_files(
    request: Request, store: Store, *, max_file_bytes: int, threads: CapacityLimiter
) -> list[Upload]:
    """Store every `file` part of a request, one after the other, and return what became of each.

    The first file that cannot be taken ends it; the error names what was stored before in `details.uploaded`.
    Raises `InvalidRequest` for a body that is no multipart, is cut off or has no file, and whatever `store` raises.
    """
    parser = FilePartParser(boundary_of(request.headers.get("content-type", "")))
    announced = content_length(request.scope)
    if announced is not None and announced > max_file_bytes * MAX_FILES:
        raise DocumentTooLarge(filename="", file_size=announced, max_size=max_file_bytes)
    request.scope[UNLIMITED_BODY] = True
    uploads: list[Upload] = []
    try:
        await _receive(request, parser, uploads, lambda filename: _Transfer(store, filename, threads))
    except KbSyncError as error:
        if uploads:
            stored = [{"id": upload.document.id, "filename": upload.document.filename} for upload in uploads]
            error.details = {**error.details, "uploaded": stored}
        raise
    return uploads


async def _receive(
    request: Request, parser: FilePartParser, uploads: list[Upload], begin: Callable[[str], _Transfer]
) -> None:
    transfer: _Transfer | None = None
    try:
        async for data in _body(request):
            for event in parser.feed(data):
                match event:
                    case FileBegins(filename):
                        transfer = begin(filename)
                    case FileBytes(piece) if transfer is not None:
                        await transfer.write(piece)
                    case FileEnds() if transfer is not None:
                        finished, transfer = transfer, None
                        uploads.append(await finished.finish())
        parser.finish()
    finally:
        if transfer is not None:
            await transfer.abandon()
    if not uploads:
        raise BadField("file", "no_file")


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Give the body piece by piece; a client that goes away or falls silent has sent a bad request."""
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    piece = await anext(stream)
            except StopAsyncIteration:
                return
            except ClientDisconnect as error:
                raise BadField("body", "malformed") from error
            except TimeoutError as error:
                raise BadField("body", "silent") from error
            yield piece

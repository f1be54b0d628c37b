"""The door: every request is checked here, before a byte of its body is read and before any route sees it."""

import logging
import math
import re
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from api.callers import ANYBODY, Caller, note_caller
from api.docs_page import DOCS_PATHS
from api.errors import error_response
from api.language import language_of
from api.paths import BASE_PATH
from api.verified_keys import FRESH_SECONDS, VerifiedKeys
from shared.access.keys import ApiKey, PresentedKey, Role
from shared.errors import Forbidden, KbSyncError, ServiceUnavailable, TooManyRequests, Unauthorized
from shared.rate_limit import RateLimit
from shared.resources import Resources

logger = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/livez", *DOCS_PATHS})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
READING_POSTS = re.compile(rf"{BASE_PATH}/(knowledge-bases/[^/]+/search|stream-tickets)")
"""What a reader may do although its method writes; any other such route is closed to readers until it is named."""
STREAMS = re.compile(rf"{BASE_PATH}/sync-tasks/[^/]+/(events|ws)")
TICKET = "ticket"
RETRY_LIMITER_SECONDS = 5.0
"""After Redis did not answer, requests pass uncounted for so long, so that none of them waits for it."""
POLICY_VIOLATION = 1008
"""Close code of a WebSocket (RFC 6455)."""


class AccessControl:
    """Lets in who has a key, to what its role allows, as often as the limit allows."""

    def __init__(self, app: ASGIApp, *, keys_required: bool, limit_per_minute: int) -> None:
        self._app = app
        self._keys_required = keys_required
        self._limit_per_minute = limit_per_minute
        self._limiter_away_until = 0.0

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if _path(scope) in OPEN_PATHS:
            note_caller(scope, ANYBODY)
            await self._app(scope, receive, send)
            return
        try:
            key = await self._key(scope) if self._keys_required else None
            caller = Caller.of(key) if key is not None else ANYBODY
            note_caller(scope, caller)
            await self._check_limit(scope, caller)
            _check_role(scope, caller.role)
        except KbSyncError as error:
            await _refuse(error, scope, receive, send)
            return
        if key is not None:
            send = _ending_when_revoked(send, key, keys=_keys(scope), websocket=scope["type"] == "websocket")
        await self._app(scope, receive, send)

    async def _key(self, scope: AsgiScope) -> ApiKey:
        header = Headers(scope=scope).get("authorization", "")
        scheme, _, text = header.partition(" ")
        presented = PresentedKey.parse(text.strip()) if scheme.lower() == "bearer" else None
        if presented is not None:
            return await _keys(scope).check(presented)
        ticket = _take_ticket(scope) if not header and STREAMS.fullmatch(_path(scope)) else None
        token_id = await run_in_threadpool(_resources(scope).stream_tickets.token_id, ticket) if ticket else None
        if token_id is None:
            raise Unauthorized
        return await _keys(scope).check_again(token_id)

    async def _check_limit(self, scope: AsgiScope, caller: Caller) -> None:
        """Raises `TooManyRequests`. Where Redis does not answer, everybody passes."""
        if not self._limit_per_minute or time.monotonic() < self._limiter_away_until:
            return
        limit = RateLimit(_resources(scope).redis, per_minute=self._limit_per_minute)
        name = caller.scope.token_id or _address(scope)
        try:
            wait_seconds = await run_in_threadpool(limit.take, name)
        except ServiceUnavailable as error:
            self._limiter_away_until = time.monotonic() + RETRY_LIMITER_SECONDS
            logger.warning("requests are not counted", extra={"reason": str(error)})
            return
        if wait_seconds:
            raise TooManyRequests(
                limit_per_minute=self._limit_per_minute, retry_after_seconds=max(1, math.ceil(wait_seconds))
            )


def _check_role(scope: AsgiScope, role: Role) -> None:
    if role is not Role.READER or scope["type"] == "websocket" or scope["method"] in READING_METHODS:
        return
    if not READING_POSTS.fullmatch(_path(scope)):
        raise Forbidden


def _take_ticket(scope: AsgiScope) -> str | None:
    """Take a ticket out of the query, so that nothing behind this can log it."""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    tickets = [value for name, value in query if name == TICKET]
    scope["query_string"] = urlencode([each for each in query if each[0] != TICKET]).encode()
    return tickets[0] if tickets else None


def _ending_when_revoked(send: Send, key: ApiKey, *, keys: VerifiedKeys, websocket: bool) -> Send:
    """Check the key of a long answer again and again, and end the answer as if its client had gone."""
    checked_at = time.monotonic()

    async def checked(message: Message) -> None:
        nonlocal checked_at
        if (
            message["type"] in ("http.response.body", "websocket.send")
            and time.monotonic() - checked_at > FRESH_SECONDS
        ):
            try:
                await keys.check_again(key.id)
            except Unauthorized:
                logger.info("answer ended, its key was revoked", extra={"token_id": key.id})
                if websocket:
                    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                raise OSError("the API key was revoked") from None  # as ASGI tells of a client that is gone
            except ServiceUnavailable as error:
                logger.warning("key not checked again", extra={"token_id": key.id, "reason": str(error)})
            checked_at = time.monotonic()
        await send(message)

    return checked


async def _refuse(error: KbSyncError, scope: AsgiScope, receive: Receive, send: Send) -> None:
    answer = error_response(error, language_of(scope), _headers_of(error))
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    else:
        await answer(scope, receive, send)


def _headers_of(error: KbSyncError) -> Mapping[str, str]:
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_seconds)}
    return {}


def _path(scope: AsgiScope) -> str:
    path: str = scope["path"]
    return path.removesuffix("/")


def _address(scope: AsgiScope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _resources(scope: AsgiScope) -> Resources:
    resources = scope["app"].state.resources
    assert isinstance(resources, Resources)
    return resources


def _keys(scope: AsgiScope) -> VerifiedKeys:
    keys = scope["app"].state.verified_keys
    assert isinstance(keys, VerifiedKeys)
    return keys

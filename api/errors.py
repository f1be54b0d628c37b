"""Domain errors as HTTP answers: one table, one shape. No other module knows which status an error has."""

import json
import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.websockets import WebSocket, WebSocketState

from api.language import Language, language_of
from api.progress_events import Event
from api.validation import BadField, in_language, invalid_request
from shared import errors, logs
from shared.errors import KbSyncError

logger = logging.getLogger(__name__)

STATUSES: Mapping[type[KbSyncError], int] = {
    errors.InvalidRequest: 400,
    errors.RouteNotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.TooManyRequests: 429,
    errors.IdempotencyKeyReused: 409,
    errors.KnowledgeBaseNotFound: 404,
    errors.KnowledgeBaseNameTaken: 400,
    errors.DocumentsNotFound: 404,
    errors.UploadFailed: 500,
    errors.DocumentTooLarge: 400,
    errors.UnsupportedDocument: 400,
    errors.DocumentInUse: 400,
    errors.SyncTaskNotFound: 404,
    errors.SyncAlreadyRunning: 400,
    errors.SyncNotRunning: 400,
    errors.NothingToSync: 400,
    errors.SyncNotEnded: 400,
    errors.SearchFailed: 500,
    errors.HumanTaskNotFound: 404,
    errors.ServiceUnavailable: 503,
    errors.ObjectStoreError: 503,
    errors.VectorStoreFailed: 503,
    KbSyncError: 500,
}
"""A class without a line here has the status of its nearest ancestor."""

RETRY_AFTER_SECONDS = 5

WEBSOCKET_RESTART, WEBSOCKET_REFUSED = 1012, 4000
"""Close codes (RFC 6455, 7.4.2): where the server stops, and for an error, whose HTTP status is added."""

PROBED_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def status_of(error: type[KbSyncError]) -> int:
    """Return the HTTP status of a kind of error."""
    return next(STATUSES[ancestor] for ancestor in error.__mro__ if ancestor in STATUSES)


def error_body(error: KbSyncError, language: Language, request_id: str | None) -> dict[str, object]:
    """Return the one shape in which every failure is told."""
    worded = in_language(error, language) if isinstance(error, errors.InvalidRequest) else error
    answer: dict[str, object] = {"code": error.code, "message": error.message(language), "details": worded.details}
    if request_id is not None:
        answer["request_id"] = request_id
    return {"error": answer}


def error_response(error: KbSyncError, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """Answer a request with an error; the request id is the one that is bound around this call."""
    status = status_of(type(error))
    sent = dict(headers or {})
    if status in (429, 503):
        sent.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    body = json.dumps(error_body(error, language, logs.bound_value("request_id")), ensure_ascii=False, default=str)
    return Response(body.encode(errors="replace"), status, sent, media_type="application/json")


def failure_event(error: KbSyncError, language: Language) -> Event:
    """Tell a watcher of an error that ends its stream."""
    body = error_body(error, language, logs.bound_value("request_id"))
    return Event("failure", json.dumps(body, ensure_ascii=False, default=str))


def install_handlers(app: FastAPI) -> None:
    """Let the app answer every error in our shape; what is unexpected is caught by the middleware."""
    app.add_exception_handler(KbSyncError, _on_domain_error)  # type: ignore[arg-type]  # it answers both protocols
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_domain_error(request: Request | WebSocket, error: Exception) -> Response | None:
    assert isinstance(error, KbSyncError)
    _log(error)
    if isinstance(request, WebSocket):
        await _close_with_error(request, error)
        return None
    return error_response(error, language_of(request.scope))


async def _close_with_error(websocket: WebSocket, error: KbSyncError) -> None:
    """Say what is wrong in a message and close: a browser shows nothing of a handshake that was refused."""
    if websocket.application_state is WebSocketState.CONNECTING:
        await websocket.accept()
    await websocket.send_text(failure_event(error, language_of(websocket.scope)).as_message())
    await websocket.close(WEBSOCKET_REFUSED + status_of(type(error)), error.message("en"))


def _log(error: KbSyncError) -> None:
    status = status_of(type(error))
    if status == 503:
        logger.warning("backing service failed", extra={"code": error.code, "reason": str(error)})
    elif status >= 500:
        logger.error("request failed", exc_info=error, extra={"code": error.code})


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    language = language_of(request.scope)
    return error_response(invalid_request(error.errors(), language), language)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework raises by itself: no such route, wrong method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, KbSyncError):  # raised while FastAPI read the body
        _log(error.__cause__)
        return error_response(error.__cause__, language_of(request.scope))
    language = language_of(request.scope)
    path = request.scope["path"]  # `request.url` would parse the Host header, which may be anything
    if error.status_code == 404:
        return error_response(errors.RouteNotFound(details={"path": path}), language)
    if error.status_code == 405:
        details = {"method": request.method, "path": path}
        return error_response(errors.MethodNotAllowed(details=details), language, {"Allow": allowed_methods(request)})
    if error.status_code < 500:
        return error_response(BadField("body", "unreadable"), language)
    logger.error("request failed", exc_info=error)
    return error_response(KbSyncError(), language)


def allowed_methods(request: Request) -> str:
    """Name the methods of a path, over all its routes: each of ours has only one."""
    app = request.app
    allowed = [
        method
        for method in PROBED_METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
    return ", ".join(allowed)

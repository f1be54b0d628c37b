"""The API application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from anyio import CapacityLimiter
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import docs_page, progress_stream, stop_signals
from api.access import AccessControl
from api.cors import allow_origins
from api.errors import install_handlers
from api.metrics import RequestMetrics, ServiceCollector
from api.middleware import BodyLimit, RequestContext, TrailingSlash, keep_back_websocket_lines
from api.openapi import describe_keys
from api.paths import BASE_PATH
from api.progress_hub import ProgressHub
from api.routes import (
    bucket_import,
    chunks,
    documents,
    health,
    human_tasks,
    knowledge_bases,
    search,
    stats,
    stream_tickets,
    sync_tasks,
)
from api.security_headers import SecurityHeaders
from api.verified_keys import VerifiedKeys
from shared import logs
from shared.errors import KbSyncError
from shared.resources import Resources
from shared.services import api_keys
from shared.settings import Settings, load_settings

logger = logging.getLogger(__name__)

INDEX_RETRY_SECONDS = 2.0
UPLOAD_THREADS = 32
"""Uploads at a time in one process. They have threads of their own: slow clients must not hold up other requests."""

DESCRIPTION = """Knowledge-base sync: documents in, searchable chunks out.

Success answers `{"data": ...}`, failure `{"error": {"code", "message", "details", "request_id"}}` with a stable code.
Messages are Chinese; `Accept-Language: en` gives English. Times are ISO 8601 UTC. Absent values are left out."""


def create_app(settings: Settings) -> FastAPI:
    """Build the application; its clients are opened when it starts and closed when it stops."""
    app = FastAPI(
        title="kbsync",
        version=version("kbsync"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,  # ours is in `docs_page`
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.metrics = RequestMetrics()
    install_handlers(app)
    for resource in (
        knowledge_bases,
        documents,
        bucket_import,
        chunks,
        sync_tasks,
        progress_stream,
        stream_tickets,
        search,
        stats,
    ):
        app.include_router(resource.router, prefix=BASE_PATH)
    app.include_router(human_tasks.router, prefix=f"{BASE_PATH}/tasks")
    app.include_router(human_tasks.router, prefix=f"{BASE_PATH}/humanloop/tasks", include_in_schema=False)
    app.include_router(health.health_router, prefix=BASE_PATH)
    app.include_router(health.health_router, include_in_schema=False)
    app.include_router(health.router)
    app.include_router(docs_page.router)
    describe_keys(app, required=settings.api_keys_required)
    app.add_middleware(TrailingSlash)
    app.add_middleware(BodyLimit, limit_bytes=settings.max_body_bytes)
    app.add_middleware(
        AccessControl,
        keys_required=settings.api_keys_required,
        limit_per_minute=settings.rate_limit_per_minute,
    )
    app.add_middleware(RequestContext, metrics=app.state.metrics)
    allow_origins(app, settings.allowed_origins)
    app.add_middleware(SecurityHeaders, hsts_seconds=settings.hsts_seconds)
    return app


def app_from_environment() -> FastAPI:
    """Build the application of a server process, with its logs, from the environment."""
    settings = load_settings()
    logs.configure(settings.log_level, secrets=settings.secrets)
    keep_back_websocket_lines()
    return create_app(settings)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    resources = Resources(settings, timeout_seconds=settings.service_timeout_seconds)
    app.state.resources = resources
    app.state.verified_keys = VerifiedKeys(
        verify=partial(api_keys.verify, resources), get_active=partial(api_keys.get_active, resources)
    )
    app.state.upload_threads = CapacityLimiter(UPLOAD_THREADS)
    collector = ServiceCollector(resources)
    app.state.metrics.registry.register(collector)
    app.state.progress = progress = ProgressHub(resources)
    app.state.metrics.count_streams(lambda: progress.watchers)
    background = [asyncio.create_task(run_in_threadpool(_open_stores, resources))]
    if not await _indexes_created(resources):
        background.append(asyncio.create_task(_create_indexes(resources)))
    try:
        with stop_signals.also(progress.stop):
            yield
    finally:
        await progress.close()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        app.state.metrics.registry.unregister(collector)
        await run_in_threadpool(resources.close)


def _open_stores(resources: Resources) -> None:
    """Import what the stores need (seconds for LanceDB) before the first request would have to wait for it."""
    try:
        resources.object_store.ping()
        resources.vector_store.ping()
    except KbSyncError as error:
        logger.warning("a store does not answer", extra={"reason": str(error)})


async def _create_indexes(resources: Resources) -> None:
    """Go on trying until MongoDB is there."""
    while True:
        await asyncio.sleep(INDEX_RETRY_SECONDS)
        if await _indexes_created(resources):
            logger.info("indexes created")
            return


async def _indexes_created(resources: Resources) -> bool:
    try:
        await run_in_threadpool(resources.create_indexes)
    except KbSyncError as error:
        logger.warning("indexes not created yet", extra={"reason": str(error)})
        return False
    return True

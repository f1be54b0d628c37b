"""Which pages of other origins may call the API."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

METHODS = ("GET", "POST", "PATCH", "DELETE")
SENT = ("Authorization", "Content-Type", "Accept-Language", "Idempotency-Key", "Last-Event-ID", "X-Request-ID")
READ = ("X-Request-ID", "Location", "Retry-After", "Content-Disposition")


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Answer the questions of browsers for these origins. Keys go in a header, so that no cookie is ever allowed."""
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=METHODS, allow_headers=SENT, expose_headers=READ
        )

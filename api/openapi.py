"""What the OpenAPI description says of API keys."""

from typing import Any

from fastapi import FastAPI

KEY = {"type": "http", "scheme": "bearer", "description": "An API key: `kbs_...`, made by `kbsync keys create`."}


def describe_keys(app: FastAPI, *, required: bool) -> None:
    """Describe the key where it is required, so that clients and the page at /docs send it."""
    if not required:
        return
    describe = app.openapi

    def with_keys() -> dict[str, Any]:
        description = describe()
        description.setdefault("components", {}).setdefault("securitySchemes", {})["ApiKey"] = KEY
        description["security"] = [{"ApiKey": []}]
        return description

    app.openapi = with_keys  # type: ignore[method-assign]  # FastAPI's own way to extend it

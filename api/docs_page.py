"""The interactive documentation at /docs, from files of our own: no other host, no key, no inline script."""

from functools import lru_cache
from html import escape
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import JSONResponse

from shared.errors import RouteNotFound

ASSETS = {
    "/docs/swagger-ui.js": ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "/docs/swagger-ui.css": ("swagger-ui.css", "text/css; charset=utf-8"),
    "/docs/favicon.png": ("favicon.png", "image/png"),
}
DOCS_PATHS = ("/docs", "/docs/openapi.json", "/docs/start.js", *ASSETS)
"""All of them are open: the page cannot send a key for what it is made of, and the description holds nobody's data."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI styles its parts inline."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kbsync</title>
<link rel="icon" href="{root}/docs/favicon.png">
<link rel="stylesheet" href="{root}/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/swagger-ui.js"></script>
<script src="{root}/docs/start.js"></script>
</body>
</html>
"""

START = """SwaggerUIBundle({
  url: new URL("openapi.json", document.currentScript.src).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    page = PAGE.format(root=escape(request.scope.get("root_path", "").rstrip("/")))
    return Response(page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


@router.get("/docs/openapi.json")
async def get_description(request: Request) -> Response:
    app = request.app
    assert isinstance(app, FastAPI)
    return JSONResponse(app.openapi())


@router.get("/docs/start.js")
async def get_start() -> Response:
    return Response(START, media_type="text/javascript; charset=utf-8")


@router.get("/docs/{name}")
def get_asset(name: str) -> Response:
    if f"/docs/{name}" not in ASSETS:
        raise RouteNotFound(details={"path": f"/docs/{name}"})
    filename, media_type = ASSETS[f"/docs/{name}"]
    return Response(_asset(filename), media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


@lru_cache(maxsize=len(ASSETS))
def _asset(filename: str) -> bytes:
    return files("fastapi_offline").joinpath("static", filename).read_bytes()

"""`python -m api`: serve the API."""

import sys

import uvicorn

from shared import logs
from shared.access.listening import OpenToOthers, check_api
from shared.settings import load_settings

SHUTDOWN_SECONDS = 10
"""How long running requests may take to end when the server is stopped."""

PING_SECONDS = 15.0
"""How often a WebSocket is asked whether its client is there, and how long the client has to answer."""

WEBSOCKET_MESSAGE_BYTES = 4096
"""Clients have nothing to say on a WebSocket of ours."""


def main() -> None:
    """Listen where the settings say until a signal comes."""
    settings = load_settings()
    logs.configure(settings.log_level, secrets=settings.secrets)
    try:
        check_api(settings)
    except OpenToOthers as error:
        sys.exit(str(error))
    uvicorn.run(
        "api.main:app_from_environment",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_processes,
        log_config=None,
        access_log=False,
        server_header=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # each watcher would have the same messages compressed for itself
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()

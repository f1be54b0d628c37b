"""`python -m api`: serve the API."""

import uvicorn

from shared import logs
from shared.settings import load_settings

SHUTDOWN_SECONDS = 10
"""How long running requests may take to end when the server is stopped."""


def main() -> None:
    """Listen where the settings say until a signal comes."""
    settings = load_settings()
    logs.configure(settings.log_level)
    uvicorn.run(
        "api.main:app_from_environment",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_processes,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()

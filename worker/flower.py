"""`python -m worker.flower --address=... --port=...`: Flower with a password and without its controls.

Its own switches let everybody in who reaches it, to everything it can do. Here it starts on an address that others
reach only with a password (`KBSYNC_FLOWER_BASIC_AUTH`), and it shows and does nothing (`KBSYNC_FLOWER_CONTROL`).
"""

import argparse
import os
import sys

from shared.access.listening import OpenToOthers, check_flower
from shared.settings import Settings, load_settings

OPEN_API = "FLOWER_UNAUTHENTICATED_API"
"""Flower's switch for its JSON API without a login; with a password it would let the API be read without one."""
OPENING_VARIABLES = (OPEN_API, "FLOWER_READ_ONLY", "FLOWER_BASIC_AUTH", "FLOWER_ADDRESS", "FLOWER_PORT")


def main() -> None:
    """Run Flower until a signal comes; further options go to Flower."""
    parser = argparse.ArgumentParser(prog="python -m worker.flower", description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5555)
    given, others = parser.parse_known_args()
    settings = load_settings()
    try:
        check_flower(settings, given.address)
    except OpenToOthers as error:
        sys.exit(str(error))
    _configure(settings)
    read_only = "false" if settings.flower_control else "true"
    options = [f"--address={given.address}", f"--port={given.port}", *others, f"--read_only={read_only}"]

    from worker.app import app

    app.start(["flower", *options])


def _configure(settings: Settings) -> None:
    """Set what must not stand on a command line, which every user of the machine can read."""
    import flower.options  # noqa: F401  it defines the options
    from flower.views.monitor import Metrics
    from tornado.options import options
    from tornado.web import authenticated

    for variable in OPENING_VARIABLES:
        os.environ.pop(variable, None)
    if settings.flower_basic_auth is None:
        os.environ[OPEN_API] = "true"
        return
    options.basic_auth = [settings.flower_basic_auth.get_secret_value()]
    Metrics.get = authenticated(Metrics.get)  # Flower leaves it open; /healthcheck says nothing but OK


if __name__ == "__main__":
    main()

"""The workers of this suite: those of the product, with fault points around their collaborators.

    celery -A tests.chaos.worker_app worker

Messages that a killed worker left unacknowledged come back sooner than in production, so that a run sees it.
"""

import os

from tests.chaos.environment import VISIBILITY_TIMEOUT
from tests.chaos.wrapping import WORKER_STEPS, install
from worker.app import app

__all__ = ["app"]

install(WORKER_STEPS, with_plug_ins=True)
app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": float(os.environ[VISIBILITY_TIMEOUT]),
    "unacked_restore_interval": 2,
}

"""Removing what writers that were killed left half written in the object store."""

import logging

from shared.errors import ObjectStoreError
from shared.resources import Resources

logger = logging.getLogger(__name__)

TIDY_SECONDS = 3600.0
"""How often it is looked for."""

STALE_SECONDS = 24 * 3600.0
"""An upload that was begun this long ago is not going on any more."""


def tidy(resources: Resources) -> None:
    """Remove stale uploads; a store that does not answer is tidied the next time."""
    try:
        removed = resources.object_store.remove_stale_uploads(older_than_seconds=STALE_SECONDS)
    except ObjectStoreError as error:
        logger.warning("stale uploads not removed", extra={"reason": str(error)})
        return
    if removed:
        logger.info("stale uploads removed", extra={"uploads": removed})

"""What a vision model says of the pictures of a document; whatever goes wrong costs the words, never the document."""

import logging
import time
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict

from shared import derived
from shared.artifacts import ArtifactNames
from shared.converters.base import ExtractedImage
from shared.errors import (
    Cancelled,
    EmbeddingFailed,
    EmbeddingModelError,
    EmbeddingModelNotFound,
    WorkRemains,
)
from shared.image_describers.base import ImageDescriber
from shared.object_stores.base import ObjectStore

logger = logging.getLogger(__name__)

TURN_SECONDS = 300.0
"""After this long a document gives its place to others, and goes on later."""


class PictureDescription(BaseModel):
    """The artifact of one picture."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    failure: str | None = None
    """Why there is none; it is not tried again."""


def describe_pictures(
    object_store: ObjectStore,
    pictures: Sequence[ExtractedImage],
    *,
    names: ArtifactNames,
    describer: ImageDescriber | None,
    should_stop: Callable[[], bool],
) -> None:
    """Have those pictures described that were not before, and keep what is said.

    Where the service itself fails (throttled, away, access denied) the other pictures of this call are not tried.
    """
    if describer is None:
        return
    deadline, fresh = time.monotonic() + TURN_SECONDS, 0
    unavailable: str | None = None
    for picture in pictures:
        if should_stop():
            raise Cancelled
        key = names.described_picture(picture.name)
        if object_store.stat(key) is not None:
            continue
        if fresh and time.monotonic() > deadline:
            raise WorkRemains("some pictures are still to be described")
        found = PictureDescription(failure=unavailable)
        if unavailable is None:
            found, unavailable = _described(object_store, picture, names, describer, should_stop)
        derived.keep(object_store, key, found)
        fresh += 1


def read_description(object_store: ObjectStore, names: ArtifactNames, picture: ExtractedImage) -> PictureDescription:
    """Return what was said of a picture; nothing where none were asked for."""
    key = names.described_picture(picture.name)
    if not names.image_descriptions:
        return PictureDescription()
    return derived.find(object_store, key, PictureDescription) or PictureDescription()


def _described(
    object_store: ObjectStore,
    picture: ExtractedImage,
    names: ArtifactNames,
    describer: ImageDescriber,
    should_stop: Callable[[], bool],
) -> tuple[PictureDescription, str | None]:
    """Return what is said of a picture, and why the others need not be tried."""
    try:
        data = object_store.get(names.picture(picture.name))
        text = describer.describe(data, content_type=picture.content_type, should_stop=should_stop)
    except EmbeddingFailed as error:
        reason = error.reason or error.message("en")
        logger.warning("picture not described", extra={"picture": picture.name, "code": error.code, "reason": reason})
        of_this_picture = isinstance(error, EmbeddingModelError) and not isinstance(error, EmbeddingModelNotFound)
        return PictureDescription(failure=reason), None if of_this_picture else reason
    return PictureDescription(text=text), None

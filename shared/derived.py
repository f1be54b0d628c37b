"""Artifacts that can be made again: kept without waiting for the disk, and absent where they are damaged.

A power cut may take back, or cut off, what was written in the seconds before it. Whoever reads such an artifact finds
none and makes it anew. Originals, Markdown and pictures are shown to people and are put durably instead.
"""

import io
import logging
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from shared.errors import ObjectNotFound
from shared.object_stores.base import ObjectStore

logger = logging.getLogger(__name__)

Artifact = TypeVar("Artifact", bound=BaseModel)
FloatArray = NDArray[np.float32]


def keep(object_store: ObjectStore, key: str, artifact: BaseModel) -> None:
    """Write an artifact as JSON."""
    object_store.put(key, [artifact.model_dump_json().encode()], durable=False)


def read(object_store: ObjectStore, key: str, artifact_type: type[Artifact]) -> Artifact:
    """Return an artifact. Raises `ObjectNotFound` where it is gone or damaged."""
    try:
        return artifact_type.model_validate_json(object_store.get(key))
    except ValidationError as error:
        raise _discarded(object_store, key) from error


def find(object_store: ObjectStore, key: str, artifact_type: type[Artifact]) -> Artifact | None:
    """Return an artifact, or None where there is none that can be read."""
    if object_store.stat(key) is None:
        return None
    try:
        return read(object_store, key, artifact_type)
    except ObjectNotFound:
        return None


def keep_array(object_store: ObjectStore, key: str, array: FloatArray) -> None:
    """Write an array of numbers, as float32."""
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float32, copy=False), allow_pickle=False)
    object_store.put(key, [buffer.getvalue()], durable=False)


def read_array(object_store: ObjectStore, key: str) -> FloatArray:
    """Return an array. Raises `ObjectNotFound` where it is gone or damaged."""
    try:
        array: FloatArray = np.load(io.BytesIO(object_store.get(key)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _discarded(object_store, key) from error
    return array


def _discarded(object_store: ObjectStore, key: str) -> ObjectNotFound:
    """Remove what cannot be read, so that nobody takes its presence for work that is done."""
    logger.warning("damaged artifact removed", extra={"key": key})
    object_store.delete(key)
    return ObjectNotFound(f"Damaged: {key}")

"""What the sandbox and its child say to each other: JSON, each message behind its length in four bytes."""

import struct
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.errors import (
    ConversionFailed,
    ConversionLimitExceeded,
    ConverterCrashed,
    DamagedFile,
    EncryptedFile,
    ImageExtractionFailed,
    NoExtractableContent,
    StageError,
    UnexpectedStageError,
)

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size

_ERRORS: dict[str, type[StageError]] = {
    error.__name__: error
    for error in (
        ConversionFailed,
        ConversionLimitExceeded,
        ConverterCrashed,
        DamagedFile,
        EncryptedFile,
        ImageExtractionFailed,
        NoExtractableContent,
        UnexpectedStageError,
    )
}


class Request(BaseModel):
    """Convert this file."""

    model_config = ConfigDict(frozen=True)

    factory: str
    """The converter, as `module:Class`."""
    source: Path
    output_dir: Path
    limits: ConversionLimits
    watched: bool = False
    """The parent watches the child's memory itself, so that the kernel's limit may be a wide one."""


class Failure(BaseModel):
    """The error that a conversion ended with."""

    model_config = ConfigDict(frozen=True)

    error: str
    reason: str

    @classmethod
    def of(cls, error: StageError) -> "Failure":
        """Describe an error; a class that the other side does not know becomes `ConversionFailed`."""
        name = type(error).__name__
        return cls(error=name if name in _ERRORS else ConversionFailed.__name__, reason=str(error))

    def to_error(self) -> StageError:
        """Return the error that was described."""
        return _ERRORS.get(self.error, ConversionFailed)(self.reason)


class Response(BaseModel):
    """The child is ready (neither field is set), or how a conversion ended."""

    model_config = ConfigDict(frozen=True)

    document: ConvertedDocument | None = None
    failure: Failure | None = None
    rss_bytes: int = 0
    """Memory of the child after the conversion."""


def frame(message: Request | Response) -> bytes:
    """Return a message as it goes over the pipe."""
    payload = message.model_dump_json().encode()
    return _LENGTH.pack(len(payload)) + payload


def payload_length(header: bytes) -> int:
    """Return the length of the payload that a header of `LENGTH_BYTES` bytes announces."""
    (length,) = _LENGTH.unpack(header)
    return int(length)


def out_of_memory(limits: ConversionLimits) -> ConversionLimitExceeded:
    """Return the error of a document that wants more memory than it may have."""
    return ConversionLimitExceeded(f"it needs more than {limits.memory_limit_bytes >> 20} MiB of memory")

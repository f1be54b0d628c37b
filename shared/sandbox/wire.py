"""What a sandbox and its child say to each other: JSON, each message behind its length in four bytes.

A request is two messages, its terms and what is asked; so is a response, how it went and the answer, which is left
out where there is none.
"""

import struct

from pydantic import BaseModel, ConfigDict

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


class Terms(BaseModel):
    """What one request may cost."""

    model_config = ConfigDict(frozen=True)

    timeout_seconds: float
    memory_limit_bytes: int
    threads: int = 1
    """How many processors it may keep busy."""
    watched: bool = False
    """The parent watches the child's memory itself, so that the kernel's limit may be a wide one."""


class Failure(BaseModel):
    """The error that a request ended with."""

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


class Outcome(BaseModel):
    """The child is ready, or how a request ended."""

    model_config = ConfigDict(frozen=True)

    failure: Failure | None = None
    answered: bool = False
    """An answer follows."""
    rss_bytes: int = 0
    """Memory of the child after the request."""


def frame(message: BaseModel) -> bytes:
    """Return a message as it goes over the pipe."""
    payload = message.model_dump_json().encode()
    return _LENGTH.pack(len(payload)) + payload


def payload_length(header: bytes) -> int:
    """Return the length of the payload that a header of `LENGTH_BYTES` bytes announces."""
    (length,) = _LENGTH.unpack(header)
    return int(length)


def out_of_memory(terms: Terms) -> ConversionLimitExceeded:
    """Return the error of a request that wants more memory than it may have."""
    return ConversionLimitExceeded(f"it needs more than {terms.memory_limit_bytes >> 20} MiB of memory")


def out_of_time(terms: Terms) -> ConversionLimitExceeded:
    """Return the error of a request that takes longer than it may."""
    return ConversionLimitExceeded(f"it takes longer than {terms.timeout_seconds:g} seconds")

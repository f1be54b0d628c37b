"""The client of Bedrock's runtime API, and its errors in our own words.

Credentials come by boto3's own chain (variables, profile, role of the host; `AWS_BEARER_TOKEN_BEDROCK` for an API key
of Bedrock). Nothing is retried here: the callers know the limits that they share.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import (
    EmbeddingAccessDenied,
    EmbeddingConnectionFailed,
    EmbeddingFailed,
    EmbeddingInputTooLong,
    EmbeddingModelError,
    EmbeddingModelNotFound,
    EmbeddingQuotaUsedUp,
    EmbeddingRequestRefused,
    EmbeddingThrottled,
    EmbeddingTimeout,
)
from shared.http_answers import retry_after_seconds, says_too_long
from shared.settings import Settings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CONNECT_TIMEOUT_SECONDS = 5.0
CONNECTIONS = 64

_CODES: Mapping[str, type[EmbeddingFailed]] = {
    "AccessDeniedException": EmbeddingAccessDenied,
    "UnrecognizedClientException": EmbeddingAccessDenied,
    "InvalidSignatureException": EmbeddingAccessDenied,
    "ExpiredTokenException": EmbeddingAccessDenied,
    "MissingAuthenticationTokenException": EmbeddingAccessDenied,
    "IncompleteSignatureException": EmbeddingAccessDenied,
    "ServiceQuotaExceededException": EmbeddingQuotaUsedUp,
    "ModelTimeoutException": EmbeddingTimeout,
    "ModelErrorException": EmbeddingModelError,
    "InternalServerException": EmbeddingModelError,
    "ResourceNotFoundException": EmbeddingModelNotFound,
    "ValidationException": EmbeddingRequestRefused,
}
"""https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_Errors"""

_THROTTLING = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ServiceUnavailableException", "ModelNotReadyException"}
)
"""The service is busy, and takes the same request later."""

_STATUSES: Mapping[int, type[EmbeddingFailed]] = {
    401: EmbeddingAccessDenied,
    403: EmbeddingAccessDenied,
    404: EmbeddingModelNotFound,
    408: EmbeddingTimeout,
}
"""For answers of gateways in between, which have codes of their own."""


class RuntimeClient(Protocol):
    """What is used of boto3's client, whose answers are dictionaries."""

    def invoke_model(self, **request: Any) -> dict[str, Any]: ...

    def converse(self, **request: Any) -> dict[str, Any]: ...

    def close(self) -> None: ...


class BedrockClient:
    """Makes a client of its own at first use, in the process that uses it. Thread-safe."""

    def __init__(self, settings: Settings, *, timeout_seconds: float) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._opening = threading.Lock()
        self._client: RuntimeClient | None = None

    def open(self) -> RuntimeClient:
        """Return the client. Raises `EmbeddingAccessDenied` where the region or the credentials are missing."""
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        with self._opening:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _connect(self) -> RuntimeClient:
        import boto3  # only a process that calls Bedrock needs it
        from botocore.config import Config

        with translated_errors():
            client: RuntimeClient = boto3.session.Session().client(
                "bedrock-runtime",
                region_name=self._settings.bedrock_region or None,
                endpoint_url=self._settings.bedrock_endpoint_url or None,
                config=Config(
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=self._timeout_seconds,
                    max_pool_connections=CONNECTIONS,
                    tcp_keepalive=True,
                ),
            )
            return client


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise our own errors for those of boto3."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        raise _of_answer(error) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.TokenRetrievalError) as error:
        raise EmbeddingAccessDenied(str(error)) from error
    except exceptions.NoRegionError as error:
        raise EmbeddingAccessDenied("no AWS region: set KBSYNC_BEDROCK_REGION") from error
    except (exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError) as error:
        raise EmbeddingTimeout(str(error)) from error
    except (exceptions.HTTPClientError, exceptions.EndpointConnectionError) as error:
        raise EmbeddingConnectionFailed(str(error)) from error
    except exceptions.BotoCoreError as error:
        raise EmbeddingRequestRefused(str(error)) from error


def _of_answer(error: ClientError) -> EmbeddingFailed:
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "")
    metadata = error.response.get("ResponseMetadata")
    status = metadata["HTTPStatusCode"] if metadata else 0
    reason = f"{code}: {message}"
    if code in _THROTTLING or status in (429, 503):
        headers = metadata["HTTPHeaders"] if metadata else {}
        return EmbeddingThrottled(reason, retry_after_seconds=retry_after_seconds(headers))
    kind = _CODES.get(code) or _STATUSES.get(status)
    if kind is EmbeddingRequestRefused and says_too_long(message):
        return EmbeddingInputTooLong(reason)
    if kind is EmbeddingRequestRefused and "model identifier is invalid" in message.lower():
        return EmbeddingModelNotFound(reason)
    if kind is not None:
        return kind(reason)
    return EmbeddingRequestRefused(reason) if 400 <= status < 500 else EmbeddingModelError(reason)

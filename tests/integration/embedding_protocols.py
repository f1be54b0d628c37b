"""What services answer: InvokeModel and Converse of Bedrock, `/v1/embeddings` of OpenAI; and wrong answers.

Requests that the services refuse are refused: texts that are empty, too long or too many.
"""

import json
import math
import re
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from shared.embedders.hashing import HashingEmbedder

WORD_DIMENSIONS = 64
LONGEST_TEXTS = {"amazon.titan": 50_000, "cohere.embed": 2048}
COHERE_TEXTS = 96


@dataclass(frozen=True)
class Behaviour:
    """How the server answers from now on."""

    latency_seconds: float = 0.0
    requests_per_second: float | None = None
    """What is above is throttled; a bucket that holds `burst` requests."""
    burst: float | None = None
    """None: as many as come in a second."""
    retry_after: str | None = None
    """The header of a throttled answer."""
    fault: str | None = None
    """`throttle`, `hang`, `disconnect`, `wrong_count`, `wrong_dimensions`, `not_finite`, `not_json`, `server_error`,
    `denied`, `unknown_model`, `too_long` or `quota`."""
    fault_calls: int | None = None
    """How many calls the fault still meets; None: all."""
    hang_seconds: float = 5.0
    openai_dimensions: int = WORD_DIMENSIONS
    api_key: str | None = None
    """What an OpenAI client has to send."""
    quick: bool = False
    """Vectors that mean nothing and cost nothing, for benchmarks."""


class Refused(Exception):
    """An answer that is not 200"""

    def __init__(self, status: int, kind: str, message: str, **headers: str) -> None:
        self.status, self.kind, self.message, self.headers = status, kind, message, headers
        super().__init__(message)


def answer_of(
    path: str, body: Any, authorization: str | None, *, behaviour: Behaviour, fault: str | None
) -> tuple[Sequence[str], str]:
    """Return the texts that got vectors, and the body of the answer. Raises `Refused`."""
    invoked = re.fullmatch(r"/model/([^/]+)/(invoke|converse)", path)
    if invoked is None and path == "/v1/embeddings":
        return _openai(body, authorization, behaviour, fault)
    if invoked is None:
        raise Refused(404, "ResourceNotFoundException", f"no such path: {path}")
    model, operation = unquote(invoked[1]), invoked[2]
    if operation == "converse":
        return [], _description(body, fault)
    if "amazon.titan-embed" in model:
        texts, dimensions = [body["inputText"]], int(body.get("dimensions", 1024))
    elif "cohere.embed" in model:
        texts, dimensions = body["texts"], int(body.get("output_dimension", 1024))
    else:
        raise Refused(404, "ResourceNotFoundException", f"Could not resolve the foundation model {model}")
    _check_bedrock(model, texts)
    rows = _rows(texts, dimensions, behaviour, fault)
    if "amazon.titan-embed" in model:
        return texts, f'{{"embedding":{rows[0] if rows else "[]"},"inputTextTokenCount":1}}'
    embeddings = f"[{','.join(rows)}]"
    if "embedding_types" in body:
        return texts, f'{{"embeddings":{{"float":{embeddings}}},"response_type":"embeddings_by_type"}}'
    return texts, f'{{"embeddings":{embeddings},"response_type":"embeddings_floats"}}'


def _openai(body: Any, authorization: str | None, behaviour: Behaviour, fault: str | None) -> tuple[Sequence[str], str]:
    if behaviour.api_key is not None and authorization != f"Bearer {behaviour.api_key}":
        raise Refused(401, "invalid_api_key", f"Incorrect API key provided: {authorization}")
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if not all(texts):
        raise Refused(400, "invalid_request_error", "'input' must not hold an empty string")
    dimensions = int(body.get("dimensions", behaviour.openai_dimensions))
    rows = _rows(texts, dimensions, behaviour, fault)
    items = (f'{{"object":"embedding","index":{at},"embedding":{row}}}' for at, row in enumerate(rows))
    return texts, f'{{"object":"list","data":[{",".join(items)}],"model":{json.dumps(body["model"])}}}'


def _rows(texts: Sequence[str], dimensions: int, behaviour: Behaviour, fault: str | None) -> list[str]:
    """Return each vector as JSON."""
    if fault == "not_json":
        return ["oops"] * len(texts)
    if fault == "wrong_dimensions":
        dimensions -= 1
    if behaviour.quick:
        rows = [_quick_row(zlib.crc32(text.encode()) % 64, dimensions) for text in texts]
    else:
        zeros = ",0" * (dimensions - WORD_DIMENSIONS)
        vectors = HashingEmbedder().embed(texts)[:, :dimensions]
        # Three times as long: a client has to bring them to length one.
        rows = [f"[{','.join(f'{3 * value:.6g}' for value in vector)}{zeros}]" for vector in vectors]
    if fault == "not_finite":
        rows = [re.sub(r"^\[[^,\]]+", "[NaN", row) for row in rows]
    return rows[:-1] if fault == "wrong_count" else rows


@lru_cache(maxsize=256)
def _quick_row(seed: int, dimensions: int) -> str:
    return f"[{','.join(f'{math.cos(seed + at):.4f}' for at in range(dimensions))}]"


def misbehave(fault: str | None, behaviour: Behaviour) -> None:
    match fault:
        case "hang":
            time.sleep(behaviour.hang_seconds)
        case "disconnect":
            raise ConnectionAbortedError
        case "server_error":
            raise Refused(500, "InternalServerException", "The system encountered an unexpected error.")
        case "denied":
            raise Refused(403, "AccessDeniedException", "You don't have access to the model with the specified ID.")
        case "unknown_model":
            raise Refused(400, "ValidationException", "The provided model identifier is invalid.")
        case "too_long":
            raise Refused(400, "ValidationException", "Too many input tokens. Max input tokens: 8192")
        case "quota":
            raise Refused(400, "ServiceQuotaExceededException", "Your request exceeds the service quota.")


def _check_bedrock(model: str, texts: Sequence[str]) -> None:
    longest = next(limit for name, limit in LONGEST_TEXTS.items() if name in model)
    if "v4" not in model and any(len(text) > longest for text in texts):
        raise Refused(400, "ValidationException", f"expected maxLength: {longest}, actual: {max(map(len, texts))}")
    if len(texts) > COHERE_TEXTS or not all(texts):
        raise Refused(400, "ValidationException", f"expected 1 to {COHERE_TEXTS} texts, none of them empty")


def _description(body: Any, fault: str | None) -> str:
    parts = body["messages"][0]["content"]
    image = next(part["image"] for part in parts if "image" in part)
    text = f"A picture ({image['format']}) with a harbour crane that lifts a blue container."
    content = [] if fault == "wrong_count" else [{"text": text}]
    message = {"role": "assistant", "content": content}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    return json.dumps(
        {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}
    )

"""Pictures described by a vision model of Amazon Bedrock, through its Converse API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.bedrock.client import BedrockClient, translated_errors
from shared.errors import EmbeddingModelError, EmbeddingRequestRefused
from shared.redis_client import RedisClient
from shared.settings import Settings
from shared.throttling.governor import Governor
from shared.throttling.rates import RateLimits, SharedRates
from shared.throttling.turn import Turn

FORMATS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
MAX_BYTES = 3_750_000
"""https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html"""

PROMPT_VERSION = "1"
PROMPT = (
    "Say what this picture shows, so that somebody who searches a document for it finds it: what kind of picture it "
    "is, the things, quantities and relations in it, and the names that are written in it. Use at most 120 words, in "
    "the language of the writing in the picture, or in Chinese and English where there is none. Write nothing else."
)
MAX_TOKENS = 400
PICTURE_TOKENS = 1600
"""About what a vision model counts for a picture."""

PATIENCE_SECONDS = 20.0
"""A document does not wait longer for the description of a picture: it goes on without."""

CONCURRENCY = 4


class BedrockDescriber:
    """One vision model of Bedrock."""

    def __init__(self, settings: Settings, rates: SharedRates) -> None:
        self._model_id = settings.image_description_model
        self._client = BedrockClient(settings, timeout_seconds=settings.embedding_timeout_seconds)
        self._governor = Governor(rates, concurrency=CONCURRENCY)

    @property
    def identity(self) -> str:
        return f"bedrock {self._model_id} {PROMPT_VERSION}"

    def describe(self, picture: bytes, *, content_type: str, should_stop: Callable[[], bool]) -> str:
        if content_type not in FORMATS:
            raise EmbeddingRequestRefused(f"the model takes no {content_type}")
        if len(picture) > MAX_BYTES:
            raise EmbeddingRequestRefused(f"the picture has more than {MAX_BYTES} bytes")
        turn = Turn(patience_seconds=PATIENCE_SECONDS, should_stop=should_stop)
        image = {"image": {"format": FORMATS[content_type], "source": {"bytes": picture}}}
        return self._governor.call(turn, lambda: self._ask([{"text": PROMPT}, image]), tokens=PICTURE_TOKENS)

    def _ask(self, content: Sequence[Mapping[str, object]]) -> str:
        with translated_errors():
            answer = self._client.open().converse(
                modelId=self._model_id,
                messages=[{"role": "user", "content": list(content)}],
                inferenceConfig={"maxTokens": MAX_TOKENS, "temperature": 0.0},
            )
        return _text(answer)

    def close(self) -> None:
        self._client.close()


def open_bedrock(settings: Settings, redis: RedisClient | None) -> BedrockDescriber:
    """Return the model that the settings name; its client is made at first use."""
    rates = SharedRates(redis, name=f"bedrock/{settings.image_description_model}", limits=RateLimits())
    return BedrockDescriber(settings, rates)


def _text(answer: Mapping[str, Any]) -> str:
    try:
        parts = answer["output"]["message"]["content"]
        text = "\n".join(part["text"] for part in parts if "text" in part).strip()
    except (KeyError, TypeError) as error:
        raise EmbeddingModelError(f"the answer cannot be read: {error!r}") from error
    if not text:
        raise EmbeddingModelError("the model said nothing of the picture")
    return text

"""Embedders behind a service that throttles, hangs, refuses and answers wrongly."""

import logging
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from shared import redis_client
from shared.embedded.ports import free_port
from shared.embedders.base import Embedder
from shared.embedders.registry import open_embedder
from shared.errors import (
    Cancelled,
    EmbeddingAccessDenied,
    EmbeddingConnectionFailed,
    EmbeddingFailed,
    EmbeddingInputTooLong,
    EmbeddingModelError,
    EmbeddingModelNotFound,
    EmbeddingQuotaUsedUp,
    EmbeddingThrottled,
    EmbeddingTimeout,
)
from shared.redis_client import RedisClient
from shared.settings import Settings
from tests.integration.embedding_server import EmbeddingServer, embedding_server

TITAN = ("bedrock", "amazon.titan-embed-text-v2:0")
COHERE = ("bedrock", "cohere.embed-multilingual-v3")
OPENAI = ("openai", "words")
TEXTS = [f"Step {number}: turn valve {number * 7} and wait." for number in range(12)]
SECRET = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with embedding_server() as running:
        yield running


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    opened = redis_client.connect(redis_url, timeout_seconds=10.0)
    yield opened
    opened.close()


def opened(choice: tuple[str, str], server: EmbeddingServer, client: RedisClient, **settings: object) -> Embedder:
    given = {
        "bedrock_endpoint_url": server.url,
        "bedrock_region": "us-east-1",
        "openai_base_url": server.openai_url,
        "openai_models": "words=64",
        "openai_texts_per_call": 2,
        "embedding_timeout_seconds": 20.0,
        **settings,
    }
    return open_embedder(*choice, Settings.model_validate(given), redis=client)


def collect(embedder: Embedder) -> tuple[dict[int, object], Exception | None]:
    """Embed `TEXTS` and return the vectors that came, and the error that ended it."""
    made: dict[int, object] = {}
    try:
        for part in embedder.embed_parts(TEXTS, should_stop=lambda: False):
            made.update(zip(part.positions, part.vectors, strict=True))
    except EmbeddingFailed as error:
        return made, error
    return made, None


@pytest.mark.parametrize("choice", [TITAN, COHERE, OPENAI])
def test_a_throttled_batch_ends_whole_and_close_to_what_is_allowed(
    choice: tuple[str, str], server: EmbeddingServer, client: RedisClient
) -> None:
    server.behave(requests_per_second=8.0, burst=1.0)
    embedder = opened(choice, server, client)
    made, error = collect(embedder)
    assert error is None
    assert sorted(made) == list(range(len(TEXTS)))
    assert max(server.statistics.texts.values()) == 1, "no text is embedded twice"
    embedder.close()


def test_known_limits_are_kept_without_a_throttle(server: EmbeddingServer, client: RedisClient) -> None:
    server.behave(requests_per_second=20.0, burst=8.0)
    embedder = opened(TITAN, server, client, embedding_requests_per_minute=20 * 60)
    made, error = collect(embedder)
    assert (len(made), error) == (len(TEXTS), None)
    assert server.statistics.throttled == 0
    embedder.close()


def test_nobody_calls_while_the_service_asks_for_a_pause(server: EmbeddingServer, client: RedisClient) -> None:
    first, second = opened(OPENAI, server, client), opened(OPENAI, server, client)
    server.behave(fault="throttle", fault_calls=1, retry_after="2")
    began = time.monotonic()
    with pytest.raises(EmbeddingThrottled) as throttled:
        opened(OPENAI, server, client, embedding_throttle_wait_seconds=0.5).embed(TEXTS[:1])
    assert throttled.value.retry_after_seconds == pytest.approx(2, abs=0.2)
    first.embed(TEXTS[:2])
    assert time.monotonic() - began > 1.8
    assert server.statistics.throttled == 1
    second.close()


def test_what_was_embedded_before_a_lasting_throttle_is_given(server: EmbeddingServer, client: RedisClient) -> None:
    server.behave(requests_per_second=0.001, burst=5.0)
    embedder = opened(TITAN, server, client, embedding_throttle_wait_seconds=1.0)
    made, error = collect(embedder)
    assert isinstance(error, EmbeddingThrottled)
    assert error.code == "6005"
    assert error.message() == "Bedrock限流"
    assert len(made) == 5
    embedder.close()


@pytest.mark.parametrize("choice", [COHERE, OPENAI])
@pytest.mark.parametrize("fault", ["wrong_count", "wrong_dimensions", "not_finite", "not_json", "server_error"])
def test_a_wrong_answer_is_asked_for_again_and_never_taken(
    choice: tuple[str, str], fault: str, server: EmbeddingServer, client: RedisClient
) -> None:
    embedder = opened(choice, server, client)
    server.behave(fault=fault, fault_calls=2)
    assert np.isfinite(embedder.embed(TEXTS[:1])).all()
    server.behave(fault=fault, fault_calls=None)
    server.forget()
    with pytest.raises(EmbeddingModelError):
        embedder.embed(TEXTS[:1])
    answered = server.statistics.answered + server.statistics.failed
    assert answered == 3, "tried a bounded number of times"
    embedder.close()


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("denied", EmbeddingAccessDenied, "6001"),
        ("quota", EmbeddingQuotaUsedUp, "6002"),
        ("unknown_model", EmbeddingModelNotFound, "6004"),
        ("too_long", EmbeddingInputTooLong, "6006"),
    ],
)
def test_what_no_retry_mends_fails_at_once_and_says_why(
    fault: str, kind: type[EmbeddingFailed], code: str, server: EmbeddingServer, client: RedisClient
) -> None:
    server.behave(fault=fault)
    embedder = opened(TITAN, server, client)
    with pytest.raises(kind) as failed:
        embedder.embed(TEXTS[:1])
    assert (failed.value.code, failed.value.retryable) == (code, False)
    assert server.statistics.failed == 1
    embedder.close()


@pytest.mark.parametrize("choice", [TITAN, OPENAI])
def test_a_service_that_hangs_times_out(choice: tuple[str, str], server: EmbeddingServer, client: RedisClient) -> None:
    server.behave(fault="hang", hang_seconds=3.0)
    embedder = opened(choice, server, client, embedding_timeout_seconds=0.3)
    with pytest.raises(EmbeddingTimeout) as failed:
        embedder.embed(TEXTS[:1])
    assert failed.value.code == "6003"
    embedder.close()


@pytest.mark.parametrize("choice", [TITAN, OPENAI])
def test_a_service_that_is_not_there_is_a_failed_connection(
    choice: tuple[str, str], server: EmbeddingServer, client: RedisClient
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    embedder = opened(choice, server, client, bedrock_endpoint_url=nowhere, openai_base_url=f"{nowhere}/v1")
    with pytest.raises(EmbeddingConnectionFailed) as failed:
        embedder.embed(TEXTS[:1])
    assert failed.value.code == "6001"
    assert failed.value.retryable
    embedder.close()


@pytest.mark.parametrize("choice", [TITAN, OPENAI])
def test_a_connection_that_breaks_is_tried_again(
    choice: tuple[str, str], server: EmbeddingServer, client: RedisClient
) -> None:
    server.behave(fault="disconnect", fault_calls=1)
    embedder = opened(choice, server, client)
    assert embedder.embed(TEXTS[:1]).shape == (1, embedder.dimensions)
    embedder.close()


def test_a_cancel_ends_a_batch_that_waits(server: EmbeddingServer, client: RedisClient) -> None:
    server.behave(fault="throttle")
    embedder = opened(TITAN, server, client)
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(embedder.embed_parts(TEXTS, should_stop=cancelled.is_set))
    assert time.monotonic() - began < 10
    embedder.close()


def test_calls_of_a_batch_are_in_flight_together(server: EmbeddingServer, client: RedisClient) -> None:
    server.behave(latency_seconds=0.1)
    embedder = opened(TITAN, server, client, embedding_concurrency=8)
    embedder.embed([f"{text} once more" for text in TEXTS * 4])
    assert 4 <= server.statistics.most_in_flight <= 8
    embedder.close()


def test_cohere_tells_queries_from_documents(server: EmbeddingServer, client: RedisClient) -> None:
    embedder = opened(COHERE, server, client)
    embedder.embed(TEXTS[:1])
    embedder.embed_query("valve")
    assert server.statistics.input_types == {"search_document": 1, "search_query": 1}
    embedder.close()


def test_a_search_goes_through_while_a_batch_waits(server: EmbeddingServer, client: RedisClient) -> None:
    embedder = opened(TITAN, server, client, embedding_requests_per_minute=6)
    batch = threading.Thread(target=collect, args=(embedder,), daemon=True)
    batch.start()
    time.sleep(1.0)
    began = time.monotonic()
    assert embedder.embed_query("valve").shape == (1024,)
    assert time.monotonic() - began < 8, "the batch has places for the next minute"


def test_the_key_is_sent_and_is_in_no_error_and_no_log(
    server: EmbeddingServer, client: RedisClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.behave(api_key=SECRET)
    right = opened(OPENAI, server, client, openai_api_key=SECRET)
    assert right.embed(TEXTS[:1]).shape == (1, 64)
    wrong_key = f"{SECRET}-wrong"
    settings = {"openai_api_key": wrong_key}
    wrong = opened(OPENAI, server, client, **settings)
    with pytest.raises(EmbeddingAccessDenied) as refused:
        wrong.embed(TEXTS[:1])
    shown = f"{refused.value!r} {refused.value.reason} {caplog.text} {Settings.model_validate(settings)!r}"
    assert SECRET not in shown
    right.close()
    wrong.close()


def test_missing_credentials_are_said_clearly(
    server: EmbeddingServer, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    embedder = opened(TITAN, server, client)
    with pytest.raises(EmbeddingAccessDenied, match="credentials"):
        embedder.embed(TEXTS[:1])
    assert server.statistics.failed == 0
    embedder.close()


def test_a_model_is_called_by_the_id_that_the_settings_give_it(server: EmbeddingServer, client: RedisClient) -> None:
    profile = "amazon.titan-embed-text-v2:0=us.amazon.titan-embed-text-v2:0"
    embedder = opened(TITAN, server, client, bedrock_model_ids=profile)
    assert embedder.model == TITAN[1]
    assert embedder.embed(TEXTS[:1]).shape == (1, 1024)
    embedder.close()

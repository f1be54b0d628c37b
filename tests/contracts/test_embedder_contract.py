"""What every embedder promises, whichever model is behind it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pytest

from shared.embedders.base import Embedder
from shared.embedders.registry import embedder_spec, open_embedder
from shared.settings import Settings
from tests.integration.embedding_server import EmbeddingServer, embedding_server

TEXTS = [
    "A man is eating food.",
    "",
    "知识库同步任务把文档转换为可检索的向量。",
    "The girl is carrying a baby. " * 20,
    "   \n\t ",
    "emoji 🙂🙂 and a\x00control character",
]


LOCAL = [
    pytest.param(("local", "all-MiniLM-L6-v2", "fp32"), id="minilm-fp32"),
    pytest.param(("local", "all-MiniLM-L6-v2", "auto"), id="minilm-auto"),
    pytest.param(("hashing", "words-64", "auto"), id="hashing"),
]
SERVICES = [
    pytest.param(("bedrock", "amazon.titan-embed-text-v2:0", "auto"), id="titan"),
    pytest.param(("bedrock", "amazon.titan-embed-text-v2:0@256", "auto"), id="titan-256"),
    pytest.param(("bedrock", "cohere.embed-multilingual-v3", "auto"), id="cohere-v3"),
    pytest.param(("bedrock", "cohere.embed-v4:0", "auto"), id="cohere-v4"),
    pytest.param(("openai", "words", "auto"), id="openai"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield running


def _opened(request: pytest.FixtureRequest, server: EmbeddingServer) -> Iterator[Embedder]:
    provider, model, precision = request.param
    opened = open_embedder(provider, model, _settings(server, precision))
    yield opened
    opened.close()


def _settings(server: EmbeddingServer, precision: Literal["auto", "bf16", "fp32"] = "auto") -> Settings:
    return Settings(
        embedding_precision=precision,
        bedrock_endpoint_url=server.url,
        bedrock_region="us-east-1",
        openai_base_url=server.openai_url,
        openai_models="words=64/512",
    )


@pytest.fixture(scope="module", params=LOCAL + SERVICES)
def embedder(request: pytest.FixtureRequest, server: EmbeddingServer) -> Iterator[Embedder]:
    yield from _opened(request, server)


@pytest.fixture(scope="module", params=LOCAL)
def local_embedder(request: pytest.FixtureRequest, server: EmbeddingServer) -> Iterator[Embedder]:
    yield from _opened(request, server)


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest, server: EmbeddingServer) -> Iterator[Embedder]:
    yield from _opened(request, server)


def test_the_specification_is_what_the_embedder_says_of_itself(embedder: Embedder, server: EmbeddingServer) -> None:
    spec = embedder_spec(embedder.provider, embedder.model, _settings(server))
    assert (spec.provider, spec.model, spec.dimensions) == (
        embedder.provider,
        embedder.model,
        embedder.dimensions,
    )


def test_each_text_has_one_unit_vector(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    # Half a percent is what bfloat16 may lose.
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.005)


def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)
    assert embedder.count_tokens([]) == []


def test_a_vector_does_not_depend_on_its_neighbours_or_its_place(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    backwards = embedder.embed(TEXTS[::-1])[::-1]
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert (together * backwards).sum(axis=1).min() > 0.999
    assert (together * alone).sum(axis=1).min() > 0.999


def test_texts_that_share_words_lie_closer_than_others(embedder: Embedder) -> None:
    near, same, far = embedder.embed(
        ["A man is eating food.", "A man is eating bread.", "Quarterly revenue of the airline"]
    )
    assert near @ same > near @ far + 0.2


def test_parts_are_the_whole_batch_each_text_once(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    parts = list(embedder.embed_parts(TEXTS, should_stop=lambda: False))
    assert sorted(at for part in parts for at in part.positions) == list(range(len(TEXTS)))
    for part in parts:
        assert (part.vectors * expected[list(part.positions)]).sum(axis=1).min() > 0.999


def test_a_query_finds_the_text_that_says_the_same(embedder: Embedder) -> None:
    embedder.warm_up()
    query = embedder.embed_query("A man is eating bread.")
    near, far = embedder.embed(["A man is eating food.", "Quarterly revenue of the airline"])
    assert query.shape == (embedder.dimensions,)
    assert near @ query > far @ query + 0.2


def test_longer_texts_have_more_tokens_and_an_empty_one_has_none(embedder: Embedder) -> None:
    empty, one, three, chinese = embedder.count_tokens(["", "word", "word word word", "知识库"])
    assert empty == 0
    assert 1 <= one < three
    assert chinese >= 3


def test_tokens_are_counted_beyond_the_window(embedder: Embedder) -> None:
    assert embedder.count_tokens(["word " * 50_000])[0] > embedder.max_input_tokens


def test_a_local_model_counts_its_own_tokens(local_embedder: Embedder) -> None:
    assert local_embedder.count_tokens(["", "word", "word word word", "知识库"]) == [0, 1, 3, 3]
    assert local_embedder.count_tokens(["word " * 5000]) == [5000]


def test_a_text_of_the_window_is_read_to_its_end_and_a_longer_one_is_cut(local_embedder: Embedder) -> None:
    words = ["bread"] * local_embedder.max_input_tokens
    other_end = [*words[:-1], "airline"]
    longer = [*other_end, "revenue", "baby"]
    full, changed, cut = local_embedder.embed([" ".join(text) for text in (words, other_end, longer)])
    assert np.abs(full - changed).max() > 1e-4
    assert changed @ cut > 0.9999


def test_a_service_takes_a_text_that_fills_its_window(service: Embedder) -> None:
    text = "bread " * (service.max_input_tokens // 2)
    while service.count_tokens([text])[0] > service.max_input_tokens:
        text = text[: -len("bread ")]
    assert service.embed([text]).shape == (1, service.dimensions)


def test_threads_may_share_it(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: embedder.embed(TEXTS), range(8)):
            assert (vectors * expected).sum(axis=1).min() > 0.999

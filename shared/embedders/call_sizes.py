"""Which texts go into one call of a service, and about how many tokens they have."""

import math
from collections.abc import Sequence

from shared.chunking.tokens import count_tokens

CALL_TOKENS = 100_000
"""A third of what OpenAI takes in one call; no service answers a larger one sooner."""

BYTES_PER_TOKEN = 3
"""English has about four characters in a token, Chinese about one, of three bytes."""

SAFETY = 1.25
"""Models without a published tokenizer are taken to need a quarter more tokens than `cl100k_base`: theirs have larger
vocabularies for Chinese and smaller ones for code and numbers."""


def rough_tokens(text: str) -> int:
    """Estimate the tokens of a text without a tokenizer, rather too many than too few."""
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def split_calls(texts: Sequence[str], *, max_texts: int) -> list[list[int]]:
    """Return the positions of all texts, in calls of at most `max_texts` and about `CALL_TOKENS`."""
    calls: list[list[int]] = []
    room = 0
    for position, text in enumerate(texts):
        tokens = rough_tokens(text)
        if not calls or len(calls[-1]) == max_texts or tokens > room:
            calls.append([])
            room = CALL_TOKENS
        calls[-1].append(position)
        room -= tokens
    return calls


def safe_tokens(texts: Sequence[str], *, characters_per_token: float) -> list[int]:
    """Count texts for a model whose tokenizer is not published, and that refuses too many characters as well.

    `characters_per_token` is its limit of characters through its limit of tokens.
    """
    counts = count_tokens(texts)
    return [
        math.ceil(max(SAFETY * tokens, len(text) / characters_per_token))
        for text, tokens in zip(texts, counts, strict=True)
    ]

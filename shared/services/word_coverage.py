"""How much of what a query asks for a chunk holds."""

from collections.abc import Set as AbstractSet

from shared.vector_stores.text_tokens import QueryTokens

EXACT_WEIGHT = 3
"""What an identifier, a number or a date counts beside another word."""

CHARACTERS_SHARE = 0.2
"""What single characters count beside the pairs of Chinese and the like: `休假` shares one with `年假`."""


def coverage(asked: QueryTokens, held: AbstractSet[str]) -> float:
    """Return the share of the query's tokens that are among `held`, from 0 to 1."""
    weights = {word: EXACT_WEIGHT if word in asked.exact else 1 for word in asked.all}
    if not weights:
        return 0.0
    words = sum(weight for word, weight in weights.items() if word in held) / sum(weights.values())
    if not asked.characters:
        return words
    characters = len(asked.characters & held) / len(asked.characters)
    return (1 - CHARACTERS_SHARE) * words + CHARACTERS_SHARE * characters

"""Where in a chunk the words of a query stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.vector_stores.text_tokens import QueryTokens, located_tokens

MOST_HIGHLIGHTS = 100


@dataclass(frozen=True, slots=True)
class Highlight:
    """A part of a text, from `start` to before `end`, in characters (Unicode code points)."""

    start: int
    end: int


def highlights(content: str, asked: QueryTokens) -> tuple[Highlight, ...]:
    """Return the places of the query's words in reading order; those that overlap or touch are one."""
    # A single figure, a part of `v2.3.1`, would light up all over a table.
    wanted = {word for word in asked.all if len(word) > 1 or not word.isdigit()} or set(asked.all)
    if not wanted:
        return ()
    found = sorted((token.start, token.end) for token in located_tokens(content) if token.text in wanted)
    return tuple(_merged(found))[:MOST_HIGHLIGHTS]


def _merged(spans: list[tuple[int, int]]) -> Iterator[Highlight]:
    if not spans:
        return
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if next_start > end:
            yield Highlight(start, end)
            start, end = next_start, next_end
        else:
            end = max(end, next_end)
    yield Highlight(start, end)

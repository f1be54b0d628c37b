"""Whatever the document: nothing is lost, no limit is broken, the order is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.chunking.chunker import chunk_document
from shared.chunking.model import Chunk, ChunkingOptions
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument
from shared.embedders.hashing import HashingEmbedder


@dataclass(frozen=True)
class Window:
    max_input_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return HashingEmbedder().count_tokens(texts)


WORDS = st.sampled_from(
    [
        "alpha",
        "Beta.",
        "gamma,",
        "等等。",
        "知识库同步，",
        "e.g.",
        "3.14",
        "“quoted.”",
        "🙂",
        "x" * 90,
        "**bold**",
        "\n",
    ]
)
PROSE = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
ROW = st.lists(st.sampled_from(["cell", "12,345", "单元格", "", "a longer cell of words"]), min_size=3, max_size=3)
TABLE = st.lists(ROW, min_size=1, max_size=25).map(
    lambda rows: "\n".join(["| a | b | c |", "| --- | --- | --- |", *[f"| {' | '.join(row)} |" for row in rows]])
)
CODE = st.lists(st.sampled_from(["x = 1", "    return", "", "call(argument, other)" * 4]), max_size=20).map(
    lambda lines: "\n".join(["```", *lines, "```"])
)
TEXTS = {
    BlockKind.HEADING: PROSE.map(lambda text: "## " + " ".join(text.split()[:30])),
    BlockKind.PARAGRAPH: PROSE,
    BlockKind.LIST_ITEM: PROSE.map(lambda text: f"- {text}"),
    BlockKind.TABLE: TABLE,
    BlockKind.CODE: CODE,
    BlockKind.FOOTNOTE: PROSE,
}


@st.composite
def documents(draw: st.DrawFn, kinds: Sequence[BlockKind] = tuple(TEXTS)) -> ConvertedDocument:
    blocks = []
    page = 1
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=12)):
        end = page + draw(st.integers(0, 1))
        level = draw(st.integers(1, 4)) if kind is BlockKind.HEADING else 0
        blocks.append(Block(kind=kind, markdown=draw(TEXTS[kind]), page_start=page, page_end=end, level=level))
        page = end + draw(st.integers(0, 1))
    return ConvertedDocument(page_count=page, blocks=tuple(blocks))


LIMITS = {
    "max_tokens": st.integers(32, 200),
    "overlap_tokens": st.integers(0, 80),
    "window": st.integers(24, 260),
}
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chunked(document: ConvertedDocument, *, max_tokens: int, overlap_tokens: int, window: int) -> list[Chunk]:
    options = ChunkingOptions(max_tokens=max_tokens, overlap_tokens=overlap_tokens)
    return chunk_document(document, options=options, window=Window(window), images={})


def visible(text: str) -> str:
    return "".join(text.split())


@QUICK
@given(document=documents(), **LIMITS)
def test_every_visible_character_is_in_a_chunk_in_order(
    document: ConvertedDocument, max_tokens: int, overlap_tokens: int, window: int
) -> None:
    found = chunked(document, max_tokens=max_tokens, overlap_tokens=overlap_tokens, window=window)
    rest = iter(visible("".join(chunk.content for chunk in found)))
    # Overlap and repeated headers only add: what remains is the document.
    assert all(character in rest for character in visible(document.markdown))


@QUICK
@given(document=documents((BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)), **LIMITS)
def test_prose_without_overlap_is_neither_lost_nor_doubled(
    document: ConvertedDocument, max_tokens: int, overlap_tokens: int, window: int
) -> None:
    found = chunked(document, max_tokens=max_tokens, overlap_tokens=0, window=window)
    assert visible("".join(chunk.content for chunk in found)) == visible(document.markdown)


@QUICK
@given(document=documents(), **LIMITS)
def test_no_chunk_exceeds_a_limit(
    document: ConvertedDocument, max_tokens: int, overlap_tokens: int, window: int
) -> None:
    found = chunked(document, max_tokens=max_tokens, overlap_tokens=overlap_tokens, window=window)
    assert [chunk.token_count for chunk in found] == count_tokens([chunk.content for chunk in found])
    assert all(chunk.token_count <= max_tokens for chunk in found)
    assert all(count <= window for count in Window(window).count_tokens([c.embedding_text for c in found]))
    assert all(chunk.embedding_text.endswith(chunk.content) for chunk in found)
    assert all(chunk.content.strip() for chunk in found)


@QUICK
@given(document=documents(), **LIMITS)
def test_ordinals_count_up_and_pages_never_go_back(
    document: ConvertedDocument, max_tokens: int, overlap_tokens: int, window: int
) -> None:
    found = chunked(document, max_tokens=max_tokens, overlap_tokens=overlap_tokens, window=window)
    assert [chunk.ordinal for chunk in found] == list(range(len(found)))
    starts = [chunk.page_start for chunk in found]
    ends = [chunk.page_end for chunk in found]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(1 <= start <= end <= document.page_count for start, end in zip(starts, ends, strict=True))

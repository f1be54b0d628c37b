"""What a chunk promises its reader, with the tokenizer of the real model."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.chunking.chunker import chunk_document
from shared.chunking.headings import plain_text
from shared.chunking.image_context import ImageArtifact
from shared.chunking.model import Chunk, ChunkingOptions
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument
from shared.embedders.base import Embedder
from shared.embedders.registry import open_embedder
from shared.settings import Settings

PATIENT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ANY_SCRIPT = st.one_of(
    st.sampled_from(
        ["Pump.", "知识库，", "报销。", "مرحبا", "e\u0301", "🙂👩‍👩‍👧", "[CLS]", "<|endoftext|>", "z" * 70]
    ),
    st.text(min_size=1, max_size=12).map(lambda text: "".join(text.split()) or "x"),
)
PROSE = st.lists(ANY_SCRIPT, min_size=1, max_size=120).map(" ".join)
CELL = st.sampled_from(["", "12,345.60", "单元格", "a longer cell of several words", "x"])


@pytest.fixture(scope="module")
def model() -> Iterator[Embedder]:
    embedder = open_embedder("local", "all-MiniLM-L6-v2", Settings())
    yield embedder
    embedder.close()


def block(kind: BlockKind, markdown: str, *, page: int = 1, level: int = 0) -> Block:
    return Block(kind=kind, markdown=markdown, page_start=page, page_end=page, level=level)


def chunked(model: Embedder, *blocks: Block, max_tokens: int = 256, overlap_tokens: int = 32) -> list[Chunk]:
    options = ChunkingOptions(max_tokens=max_tokens, overlap_tokens=overlap_tokens)
    document = ConvertedDocument(page_count=max((each.page_end for each in blocks), default=1), blocks=blocks)
    return chunk_document(document, options=options, window=model, images={})


def table(header: str, rows: list[str]) -> str:
    columns = header.count("|") - 1
    return "\n".join([header, "|" + " --- |" * columns, *rows])


def visible(text: str) -> str:
    return "".join(text.split())


def check_limits(model: Embedder, chunks: list[Chunk], max_tokens: int) -> None:
    assert [chunk.token_count for chunk in chunks] == count_tokens([chunk.content for chunk in chunks])
    assert all(chunk.token_count <= max_tokens for chunk in chunks)
    assert all(count <= model.max_input_tokens for count in model.count_tokens([c.embedding_text for c in chunks]))


@PATIENT
@given(texts=st.lists(PROSE, min_size=1, max_size=6), heading=PROSE, max_tokens=st.sampled_from([32, 256, 8192]))
def test_the_model_reads_every_chunk_whole(model: Embedder, texts: list[str], heading: str, max_tokens: int) -> None:
    blocks = [block(BlockKind.HEADING, f"# {heading}", level=1), *(block(BlockKind.PARAGRAPH, text) for text in texts)]
    chunks = chunked(model, *blocks, max_tokens=max_tokens, overlap_tokens=0)
    check_limits(model, chunks, max_tokens)
    assert visible("".join(chunk.content for chunk in chunks)) == visible("".join(each.markdown for each in blocks))


@PATIENT
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=120), max_tokens=st.integers(64, 256))
def test_every_part_of_a_table_begins_with_its_header_and_every_row_is_there_once(
    model: Embedder, rows: list[tuple[str, str, str]], max_tokens: int
) -> None:
    header = "| Item | Amount | Remark |"
    lines = [f"| {at} {one} | {two} | {three} |" for at, (one, two, three) in enumerate(rows)]
    chunks = chunked(model, block(BlockKind.TABLE, table(header, lines)), max_tokens=max_tokens)
    parts = [chunk.content.split("\n") for chunk in chunks]
    assert all(part[:2] == [header, "| --- | --- | --- |"] for part in parts)
    assert [line for part in parts for line in part[2:]] == lines


def test_a_header_that_takes_half_of_a_chunk_is_still_repeated(model: Embedder) -> None:
    header = "|" + "".join(f" Column {number} |" for number in range(14))
    rows = ["|" + "".join(f" {row} |" for _ in range(14)) for row in range(60)]
    chunks = chunked(model, block(BlockKind.TABLE, table(header, rows)))
    assert len(chunks) > 2
    assert all(chunk.content.startswith(header) for chunk in chunks)


@PATIENT
@given(items=st.lists(st.integers(1, 12), min_size=1, max_size=9), before=st.integers(1, 180))
def test_a_list_that_fits_in_a_chunk_is_not_cut(model: Embedder, items: list[int], before: int) -> None:
    texts = [f"- item {at}: {'word ' * words}".strip() for at, words in enumerate(items)]
    lead = block(BlockKind.PARAGRAPH, "Lead. " * before)
    chunks = chunked(model, lead, *(block(BlockKind.LIST_ITEM, text) for text in texts))
    whole = "\n".join(texts)
    assert sum(whole in chunk.content for chunk in chunks) == 1


@PATIENT
@given(lines=st.lists(st.sampled_from(["x = 1", "    return x", "", "call(one, two)" * 3]), min_size=1, max_size=90))
def test_no_line_of_code_is_cut_and_every_part_has_its_fence(model: Embedder, lines: list[str]) -> None:
    numbered = [f"{line}  # {at}" for at, line in enumerate(lines)]
    code = "\n".join(["```python", *numbered, "```"])
    chunks = chunked(model, block(BlockKind.CODE, code), max_tokens=64)
    parts = [chunk.content.split("\n") for chunk in chunks]
    assert all((part[0], part[-1]) == ("```python", "```") for part in parts)
    assert [line for part in parts for line in part[1:-1]] == numbered


@PATIENT
@given(levels=st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_a_chunk_carries_the_headings_above_it_and_its_pages(model: Embedder, levels: list[int]) -> None:
    blocks: list[Block] = []
    expected: list[tuple[tuple[str, ...], int]] = []
    above: list[tuple[int, str]] = []
    for at, level in enumerate(levels):
        heading = block(BlockKind.HEADING, f"{'#' * level} **Part** {at}", page=at + 1, level=level)
        above = [*(one for one in above if one[0] < level), (level, plain_text(heading.markdown))]
        blocks += [heading, block(BlockKind.PARAGRAPH, f"Text {at}.", page=at + 1)]
        expected.append((tuple(title for _, title in above), at + 1))
    chunks = chunked(model, *blocks)
    assert [(chunk.headings, chunk.page_start) for chunk in chunks] == expected
    assert [chunk.page_end for chunk in chunks] == [page for _, page in expected]


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [block(BlockKind.PARAGRAPH, "x" * 100_000)],
        [block(BlockKind.PARAGRAPH, "知识" * 20_000)],
        [block(BlockKind.PARAGRAPH, "👩‍👩‍👧" * 2_000)],
        [block(BlockKind.PARAGRAPH, "a" + " " * 50_000 + "b")],
        [block(BlockKind.TABLE, table("| a | b |", [f"| {'word ' * 10_000}| x |", "| 1 | 2 |"]))],
        [block(BlockKind.TABLE, table("|" + " header |" * 500, ["|" + " 1 |" * 500] * 3))],
        [block(BlockKind.TABLE, table("| a | b |", [f"| {row} | 值 |" for row in range(10_000)]))],
        [block(BlockKind.CODE, f"```\n{'x' * 20_000}\n```")],
        [block(BlockKind.HEADING, f"{'#' * (1 + at % 6)} H{at}", level=1 + at % 6) for at in range(300)],
        [block(BlockKind.HEADING, f"# {'long heading ' * 500}", level=1), block(BlockKind.PARAGRAPH, "text")],
        [block(BlockKind.LIST_ITEM, f"- item {at}") for at in range(3_000)],
    ],
    ids=[
        "nothing",
        "endless word",
        "chinese without signs",
        "joined emoji",
        "blanks",
        "huge cell",
        "500 columns",
        "10,000 rows",
        "endless line of code",
        "headings alone",
        "a heading of pages",
        "3,000 items",
    ],
)
def test_extremes_lose_nothing_and_fit(model: Embedder, blocks: list[Block]) -> None:
    chunks = chunked(model, *blocks)
    check_limits(model, chunks, 256)
    rest = iter(visible("".join(chunk.content for chunk in chunks)))
    assert all(character in rest for each in blocks for character in visible(each.markdown))


def test_a_document_of_pictures_alone_has_a_chunk_for_each(model: Embedder) -> None:
    names = ["a.png", "b.png"]
    document = ConvertedDocument(
        page_count=2,
        blocks=tuple(
            Block(kind=BlockKind.IMAGE, markdown="", page_start=page, page_end=page, image=name)
            for page, name in enumerate(names, start=1)
        ),
    )
    images = {
        name: ImageArtifact(name=name, image_key=f"key of {name}", content_type="image/png", context="")
        for name in names
    }
    chunks = chunk_document(document, options=ChunkingOptions(), window=model, images=images)
    assert [(chunk.image_key, chunk.page_start) for chunk in chunks] == [("key of a.png", 1), ("key of b.png", 2)]
    assert all(chunk.content.strip() for chunk in chunks)

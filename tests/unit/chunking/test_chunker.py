from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

from shared.chunking.chunker import chunk_document
from shared.chunking.image_context import ImageArtifact
from shared.chunking.model import Chunk, ChunkingOptions, ChunkType
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument
from shared.embedders.hashing import HashingEmbedder
from shared.errors import ChunkingFailed


@dataclass(frozen=True)
class Window:
    """A model that reads so many tokens, counted as the hashing embedder counts."""

    max_input_tokens: int = 512

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return HashingEmbedder().count_tokens(texts)


class ThickWindow(Window):
    """A model that finds more tokens in a long text than in its sentences one by one."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [count + count // 8 for count in super().count_tokens(texts)]


def heading(text: str, level: int = 1, page: int = 1) -> Block:
    markdown = f"{'#' * level} {text}"
    return Block(kind=BlockKind.HEADING, markdown=markdown, page_start=page, page_end=page, level=level)


def block(markdown: str, kind: BlockKind = BlockKind.PARAGRAPH, page: int = 1) -> Block:
    return Block(kind=kind, markdown=markdown, page_start=page, page_end=page)


def picture(name: str, page: int = 1) -> Block:
    return Block(kind=BlockKind.IMAGE, markdown="", page_start=page, page_end=page, image=name)


def kept(name: str, context: str) -> ImageArtifact:
    return ImageArtifact(name=name, image_key=f"images/{name}", content_type="image/png", context=context)


def chunked(
    *blocks: Block,
    max_tokens: int = 64,
    overlap_tokens: int = 0,
    window: int | Window = 512,
    images: Sequence[ImageArtifact] = (),
) -> list[Chunk]:
    return chunk_document(
        ConvertedDocument(page_count=9, blocks=blocks),
        options=ChunkingOptions(max_tokens=max_tokens, overlap_tokens=overlap_tokens),
        window=Window(window) if isinstance(window, int) else window,
        images={image.name: image for image in images},
    )


def sentences(count: int, word: str = "river") -> str:
    return " ".join(f"Sentence {at} tells of one more {word}." for at in range(count))


def test_a_document_without_text_has_no_chunks() -> None:
    assert chunked() == []
    assert chunked(block("  \n ")) == []


def test_a_short_section_is_one_chunk_with_its_heading() -> None:
    (chunk,) = chunked(heading("Guide"), block("First."), block("Second."))
    assert chunk.content == "# Guide\n\nFirst.\n\nSecond."
    assert chunk.headings == ("Guide",)
    assert chunk.token_count == count_tokens([chunk.content])[0]


def test_sections_do_not_share_a_chunk() -> None:
    found = chunked(heading("A"), block("Of a."), heading("B"), block("Of b."))
    assert [chunk.content for chunk in found] == ["# A\n\nOf a.", "# B\n\nOf b."]


def test_headings_without_text_of_their_own_go_with_the_text_below() -> None:
    (chunk,) = chunked(heading("Book"), heading("Part", 2), heading("Chapter", 3), block("Text."))
    assert chunk.content == "# Book\n\n## Part\n\n### Chapter\n\nText."
    assert chunk.headings == ("Book", "Part", "Chapter")


def test_the_model_reads_the_headings_once() -> None:
    first, second, *_ = chunked(heading("Book"), block("Intro."), heading("Part", 2), block(sentences(20)))[1:]
    assert first.embedding_text == f"Book\n{first.content}"
    assert second.embedding_text == f"Book > Part\n{second.content}"


def test_a_heading_is_never_the_end_of_a_chunk() -> None:
    found = chunked(heading("A fairly long heading for a chapter"), block(sentences(1, "river " * 48)))
    assert found[0].content.startswith("# A fairly long heading for a chapter\n\nSentence")


def test_long_paragraphs_are_cut_at_sentences() -> None:
    found = chunked(block(sentences(30)))
    assert len(found) > 3
    assert all(chunk.content.startswith("Sentence") and chunk.content.endswith("river.") for chunk in found)
    assert min(chunk.token_count for chunk in found[:-1]) > 50


def test_chinese_paragraphs_are_cut_at_chinese_sentences() -> None:
    found = chunked(block("系统把文档切成小块，然后计算向量。" * 20))
    assert len(found) > 3
    assert all(chunk.content.endswith("。") for chunk in found)


def test_the_next_chunk_begins_with_the_last_sentences_of_the_one_before() -> None:
    found = chunked(block(sentences(30)), overlap_tokens=20)
    for before, after in pairwise(found):
        shared = after.content[: after.content.index(".") + 1]
        assert shared in before.content
        assert count_tokens([shared])[0] <= 20


def test_nothing_is_repeated_across_a_heading() -> None:
    found = chunked(block(sentences(4)), heading("New"), block(sentences(4, "lake")), overlap_tokens=30)
    assert all("river" not in chunk.content for chunk in found if "lake" in chunk.content)


def test_a_table_or_code_after_text_repeats_none_of_it() -> None:
    table = "| a | b |\n| --- | --- |\n" + "\n".join(f"| {at} | {at} |" for at in range(2))
    found = chunked(block(sentences(5)), block(table, BlockKind.TABLE), overlap_tokens=30)
    assert found[-1].content == table


def test_a_sentence_that_had_to_be_cut_is_not_repeated_in_part() -> None:
    text = " ".join(f"word{at}" for at in range(200))
    assert " ".join(chunk.content for chunk in chunked(block(text), overlap_tokens=30)) == text


def test_each_part_of_a_table_has_the_header() -> None:
    header = "| city | inhabitants |\n| --- | --- |"
    lines = [f"| town {at} | {at * 1000} |" for at in range(40)]
    found = chunked(block("\n".join([header, *lines]), BlockKind.TABLE), overlap_tokens=20)
    assert len(found) > 3
    assert all(chunk.content.startswith(header + "\n| town") for chunk in found)
    data = [line for chunk in found for line in chunk.content.split("\n")[2:]]
    assert data == lines


def test_a_table_that_fits_a_chunk_is_not_cut() -> None:
    table = "| a | b |\n| --- | --- |\n" + "\n".join(f"| {at} | {at} |" for at in range(5))
    found = chunked(block(sentences(3)), block(table, BlockKind.TABLE), block("After."))
    assert any(table in chunk.content for chunk in found)


def test_each_part_of_code_has_its_fence_and_whole_lines() -> None:
    lines = [f"    value_{at} = compute({at})" for at in range(40)]
    found = chunked(block("\n".join(["```python", *lines, "```"]), BlockKind.CODE))
    assert len(found) > 3
    for chunk in found:
        opening, *body, closing = chunk.content.split("\n")
        assert (opening, closing) == ("```python", "```")
        assert set(body) <= set(lines)


def test_a_list_that_fits_a_chunk_is_kept_together() -> None:
    items = [block(f"- item {at} of the list", BlockKind.LIST_ITEM) for at in range(6)]
    found = chunked(block(sentences(3)), *items, block("After the list."))
    assert any("\n".join(item.markdown for item in items) in chunk.content for chunk in found)


def test_a_list_that_fits_a_chunk_only_without_its_heading_stays_with_it_all_the_same() -> None:
    items = [block(f"- item {at} of the list", BlockKind.LIST_ITEM) for at in range(8)]
    found = chunked(heading("A heading of seven or more words"), *items)
    assert len(found) == 2
    assert found[0].content.startswith("# A heading of seven or more words\n\n- item 0 of the list\n- item 1")


def test_pages_are_those_of_the_text_inside() -> None:
    found = chunked(block(sentences(5), page=1), block(sentences(5), page=2), block(sentences(5), page=4))
    assert (found[0].page_start, found[0].page_end) == (1, 1)
    assert found[-1].page_end == 4
    assert all(chunk.page_start <= chunk.page_end for chunk in found)


def test_chunks_of_a_table_over_pages_have_the_pages_of_their_rows() -> None:
    rows = [f"| row {number} | of page {2 + number // 20} |" for number in range(60)]
    pages = [(2, 2), *((2 + number // 20, 2 + number // 20) for number in range(60))]
    table = block("\n".join(["| a | b |", "| --- | --- |", *rows]), BlockKind.TABLE, page=2)
    found = chunked(table.model_copy(update={"page_end": 4, "row_pages": tuple(pages)}))
    assert len(found) > 3
    for chunk in found:
        named = [int(line.split("page ")[1][0]) for line in chunk.content.split("\n")[2:]]
        assert (chunk.page_start, chunk.page_end) == (min(named), max(named))


def test_no_text_exceeds_the_window_of_the_model() -> None:
    found = chunked(heading("A title of some words"), block(sentences(60)), max_tokens=512, window=40)
    assert max(Window().count_tokens([chunk.embedding_text for chunk in found])) <= 40
    assert all("A title" in chunk.embedding_text for chunk in found)


def test_outer_headings_are_left_out_first_where_the_window_is_small() -> None:
    found = chunked(
        heading("the outer heading has very many words of its own"),
        block("x"),
        heading("inner", 2),
        block(sentences(20)),
        window=32,
    )
    assert found[-1].embedding_text.startswith("inner\n")
    assert found[-1].headings == ("the outer heading has very many words of its own", "inner")


def test_a_text_that_came_out_too_long_loses_headings_before_it_is_cut() -> None:
    window = ThickWindow(40)
    # Five sentences of seven tokens: 35 one by one, 39 together, 41 with the heading.
    text = " ".join(f"Sentence {at} tells of one river." for at in range(60))
    found = chunked(heading("Title here"), block(text), max_tokens=512, window=window)
    assert max(window.count_tokens([chunk.embedding_text for chunk in found])) <= 40
    below_heading = found[2:-1]
    assert [chunk.content.count("river") for chunk in below_heading] == [5] * len(below_heading)
    assert len(below_heading) > 5
    assert all(chunk.embedding_text == chunk.content for chunk in below_heading)


def test_a_word_without_end_is_cut() -> None:
    text = "abcdefghij" * 300
    assert "".join(chunk.content for chunk in chunked(block(text))) == text


def test_a_picture_becomes_a_chunk_after_the_text_before_it() -> None:
    found = chunked(
        heading("Results"),
        block("Before."),
        picture("one.png", page=3),
        block("After.", page=3),
        picture("not-kept.png"),
        images=[kept("one.png", "Figure 1: growth")],
    )
    assert [chunk.chunk_type for chunk in found] == [ChunkType.TEXT, ChunkType.IMAGE]
    image = found[1]
    assert (image.content, image.image_key, image.image_content_type) == (
        "Figure 1: growth",
        "images/one.png",
        "image/png",
    )
    assert (image.page_start, image.page_end, image.headings) == (3, 3, ("Results",))
    assert image.embedding_text == "Results\nFigure 1: growth"


def test_a_picture_that_occurs_often_is_one_chunk() -> None:
    found = chunked(*[picture("logo.png", page=at) for at in range(1, 9)], images=[kept("logo.png", "Logo")])
    assert [(chunk.ordinal, chunk.page_start) for chunk in found] == [(0, 1)]


def test_a_picture_above_the_text_of_its_section_does_not_part_it_from_its_heading() -> None:
    found = chunked(heading("Results"), picture("a.png"), block("Text."), images=[kept("a.png", "A")])
    assert sorted(chunk.content for chunk in found) == ["# Results\n\nText.", "A"]


def test_a_heading_above_nothing_but_a_picture_goes_with_the_next_text() -> None:
    found = chunked(
        heading("Gallery"),
        picture("a.png"),
        heading("Text", 2),
        block("Words."),
        images=[kept("a.png", "A")],
    )
    assert [chunk.content for chunk in found] == ["A", "# Gallery\n\n## Text\n\nWords."]


def test_words_of_a_picture_that_came_out_too_long_are_one_chunk() -> None:
    # Five sentences of seven tokens are 35 one by one and 39 together.
    text = " ".join(f"Sentence {at} tells of one river." for at in range(9))
    (chunk,) = chunked(picture("a.png"), images=[kept("a.png", text)], window=ThickWindow(38))
    assert chunk.content == "Sentence 0 tells of one river. Sentence 1 tells of one river."


def test_words_of_a_picture_are_cut_to_one_chunk() -> None:
    (chunk,) = chunked(picture("a.png"), images=[kept("a.png", sentences(40))])
    assert chunk.token_count <= 64
    assert chunk.content.startswith("Sentence 0 ")
    assert chunk.content.endswith("river.")


def test_a_picture_without_words_is_described_by_its_page() -> None:
    (chunk,) = chunked(picture("a.png", page=4), images=[kept("a.png", "  ")])
    assert chunk.content == "[image] page 4"


def test_blank_lines_alone_are_no_chunk() -> None:
    found = chunked(block("x = 1" + "\n " * 2000 + "\ny = 2", BlockKind.CODE))
    assert [chunk.content.strip() for chunk in found] == ["x = 1", "y = 2"]


def test_equal_documents_have_equal_chunks() -> None:
    blocks = [heading("A"), block(sentences(30)), block("| a |\n| - |\n| 1 |", BlockKind.TABLE)]
    assert chunked(*blocks) == chunked(*blocks)


def test_a_window_too_small_for_any_text_is_an_error() -> None:
    with pytest.raises(ChunkingFailed):
        chunked(block("知识"), window=0)


def figure(name: str, labels: str) -> Block:
    return picture(name).model_copy(update={"markdown": labels})


def test_the_labels_of_a_figure_are_in_its_chunk_alone() -> None:
    text, image = chunked(
        block("Before."), figure("a.png", "Pump\nTank 7"), images=[kept("a.png", "Figure 1\n\nPump\nTank 7")]
    )
    assert "Pump" not in text.content
    assert "Tank 7" in image.content


def test_labels_that_the_chunk_of_the_figure_does_not_hold_stay_in_the_text() -> None:
    labels = " ".join(f"label{number}" for number in range(60))
    lost = chunked(figure("a.png", labels))
    assert " ".join(chunk.content for chunk in lost).split() == labels.split()
    cut = chunked(figure("a.png", labels), images=[kept("a.png", labels)])
    words = {word for chunk in cut if chunk.image_key is None for word in chunk.content.split()}
    assert words == set(labels.split())


def test_the_labels_of_a_figure_that_occurs_twice_are_there_twice() -> None:
    chunks = chunked(
        figure("a.png", "Pump"), block("Between."), figure("a.png", "Valve"), images=[kept("a.png", "Pump")]
    )
    assert [chunk.content for chunk in chunks] == ["Pump", "Between.\n\nValve"]


def test_labels_are_kept_when_the_chunk_of_a_figure_is_cut() -> None:
    labels = "one two three four five six seven eight nine ten eleven twelve"
    chunks = chunked(figure("a.png", labels), images=[kept("a.png", labels)], window=ThickWindow(16), max_tokens=64)
    assert "".join("".join(chunk.content.split()) for chunk in chunks) == "".join(labels.split())
    assert chunks[0].image_key is not None

import pytest

from shared.chunking.image_context import ImageContext, image_contexts
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument


def text(markdown: str, kind: BlockKind = BlockKind.PARAGRAPH, page: int = 1, level: int = 0) -> Block:
    return Block(kind=kind, markdown=markdown, page_start=page, page_end=page, level=level)


def picture(name: str = "a.png", page: int = 1) -> Block:
    return Block(kind=BlockKind.IMAGE, markdown="", page_start=page, page_end=page, image=name)


def context(*blocks: Block, limit_tokens: int = 160) -> ImageContext:
    document = ConvertedDocument(page_count=9, blocks=blocks)
    return image_contexts(document, limit_tokens=limit_tokens)["a.png"]


@pytest.mark.parametrize(
    "caption", ["Figure 1: Growth", "Fig. 2. Loss", "**Table 3** Data", "图1 系统架构", "表 二 数据", "Abb. 4 Weg"]
)
def test_a_caption_is_found_below_and_above(caption: str) -> None:
    assert context(text("Before."), picture(), text(caption), text("After.")) == ImageContext(
        page=1, caption=caption, surroundings=("Before.", "After.")
    )
    assert context(text(caption), picture(), text("After.")).caption == caption


def test_a_sentence_about_figures_is_no_caption() -> None:
    assert context(picture(), text("Figures of speech are common.")).caption is None


def test_labels_and_other_pictures_may_stand_before_the_caption() -> None:
    found = context(picture(), picture("b.png"), text("(a) left (b) right"), text("Figure 7: Both"))
    assert found.caption == "Figure 7: Both"


def test_a_caption_far_from_the_picture_belongs_to_another() -> None:
    assert context(picture(), *[text("Words.")] * 3, text("Figure 9: Far")).caption is None


def test_nothing_is_taken_from_another_page_or_past_a_heading() -> None:
    found = context(
        text("Other page.", page=1),
        text("Results", BlockKind.HEADING, page=2, level=1),
        picture(page=2),
        text("Figure 1: elsewhere", page=3),
    )
    assert found == ImageContext(page=2, headings=("Results",))
    assert found.text == "Results > [image] page 2"


def test_the_sentences_next_to_the_picture_are_taken_up_to_the_limit() -> None:
    before = " ".join(f"Before number {at}." for at in range(50))
    after = " ".join(f"After number {at}." for at in range(50))
    found = context(text(before), picture(), text(after), limit_tokens=40)
    assert found.surroundings[0].endswith("Before number 49.")
    assert found.surroundings[1].startswith("After number 0.")
    assert sum(count_tokens(found.surroundings)) <= 40
    assert len(found.surroundings[1]) > 30


def test_a_picture_that_occurs_twice_has_the_words_of_the_place_with_a_caption() -> None:
    found = context(picture(page=1), picture(page=5), text("Figure 1: Logo", page=5))
    assert (found.page, found.caption) == (5, "Figure 1: Logo")


def test_a_picture_alone_is_described_by_its_page() -> None:
    assert context(picture(page=4)).text == "[image] page 4"

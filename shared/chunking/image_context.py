"""What stands around a picture and in it: the words by which it is found."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, zip_longest

from pydantic import BaseModel, ConfigDict

from shared.chunking.headings import HeadingPath
from shared.chunking.sentences import split_sentences
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument

_CAPTION = re.compile(
    r"[\s*_>(\[]*(?:(?:fig(?:ure|\.)?|abb(?:ildung|\.)|tab(?:le|\.)|chart|plate|scheme)\s*\d|[图圖表]\s*[\d一二三四五六七八九十])",
    re.IGNORECASE,
)
_PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.FOOTNOTE})
_REACH_BLOCKS = 3
"""A caption may stand this far from its picture: labels such as `(a)` come between."""


class ImageContext(BaseModel):
    """The words around one picture."""

    model_config = ConfigDict(frozen=True)

    page: int
    headings: tuple[str, ...] = ()
    caption: str | None = None
    surroundings: tuple[str, ...] = ()
    """The end of the text before it and the beginning of the text after it."""

    @property
    def text(self) -> str:
        """The caption, then the surroundings; where there is neither, the headings and the page."""
        return self.text_with("")

    def text_with(self, writing: str) -> str:
        """As `text`, with the writing in the picture behind the caption."""
        words = [self.caption] if self.caption else []
        if writing.strip():
            words.append(writing.strip())
        words.extend(self.surroundings)
        if words:
            return "\n\n".join(words)
        return " > ".join((*self.headings, f"[image] page {self.page}"))


class ImageArtifact(BaseModel):
    """A picture that was kept: where it lies, and the words by which it is found."""

    model_config = ConfigDict(frozen=True)

    name: str
    """As in `ExtractedImage`."""
    image_key: str
    content_type: str
    context: str


def image_contexts(document: ConvertedDocument, *, limit_tokens: int = 160) -> Mapping[str, ImageContext]:
    """Return the words around each picture, by the picture's name.

    `limit_tokens` (tiktoken) bounds the surroundings, half for the text before and half for the text after. A
    picture that occurs several times has the words of the first place with a caption, else of the first place.
    """
    contexts: dict[str, ImageContext] = {}
    path = HeadingPath()
    blocks = [block for block in document.blocks if block.kind is BlockKind.IMAGE or block.markdown.strip()]
    for at, block in enumerate(blocks):
        if block.kind is BlockKind.HEADING:
            path.enter(block)
        if block.kind is not BlockKind.IMAGE or block.image is None:
            continue
        known = contexts.get(block.image)
        if known is not None and known.caption is not None:
            continue
        context = _context(blocks, at, headings=path.titles, limit_tokens=limit_tokens)
        if known is None or context.caption is not None:
            contexts[block.image] = context
    return contexts


def _context(blocks: Sequence[Block], at: int, *, headings: tuple[str, ...], limit_tokens: int) -> ImageContext:
    page = blocks[at].page_start
    before = list(_prose_near(reversed(blocks[:at]), page))
    after = list(_prose_near(blocks[at + 1 :], page))
    # Nearest first, and below before above: that is where most captions stand.
    nearby = (block for pair in zip_longest(after, before) for block in pair if block is not None)
    caption = next((block for block in nearby if _CAPTION.match(block.markdown)), None)
    half = limit_tokens // 2
    surroundings = (
        _excerpt([block for block in before if block is not caption], half, from_end=True),
        _excerpt([block for block in after if block is not caption], half, from_end=False),
    )
    return ImageContext(
        page=page,
        headings=headings,
        caption=caption.markdown.strip() if caption is not None else None,
        surroundings=tuple(text for text in surroundings if text),
    )


def _prose_near(blocks: Iterable[Block], page: int) -> Iterator[Block]:
    """Yield the nearest prose of the same section on the same page, other pictures passed over."""
    near = 0
    for block in blocks:
        if block.kind is BlockKind.IMAGE:
            continue
        if block.kind not in _PROSE or not block.page_start <= page <= block.page_end or near == _REACH_BLOCKS:
            return
        near += 1
        yield block


def _excerpt(blocks: Sequence[Block], limit_tokens: int, *, from_end: bool) -> str:
    """Return the sentences of the nearest block that stand next to the picture and fit; none where no one does."""
    if not blocks:
        return ""
    sentences = [part.separator + part.text for part in split_sentences(blocks[0].markdown.strip())]
    if from_end:
        sentences.reverse()
    used = accumulate(count_tokens(sentences))
    taken = [sentence for sentence, tokens in zip(sentences, used, strict=True) if tokens <= limit_tokens]
    if from_end:
        taken.reverse()
    return "".join(taken).strip()

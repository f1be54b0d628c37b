"""Cuts a converted document into chunks that its embedding model reads whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.chunking.headings import plain_text
from shared.chunking.image_context import ImageArtifact, ImageContext
from shared.chunking.model import Chunk, ChunkingOptions, ChunkType
from shared.chunking.packing import ImageDraft, SectionPacker, TextDraft, halves
from shared.chunking.pieces import (
    Piece,
    heading_pieces,
    lines_of,
    render,
    total_size,
    units_of,
)
from shared.chunking.sections import Section, sections_of
from shared.chunking.sizes import ModelWindow, Ruler, Size
from shared.chunking.tokens import count_tokens
from shared.converters.base import Block, BlockKind, ConvertedDocument
from shared.errors import ChunkingFailed

CHUNKER_VERSION = "3"
"""Changes whenever the same document would be cut differently: it is part of the artifact's name."""

_HEADINGS_SHARE = 4
"""Headings in front of a text may take this part of the model's window (a quarter)."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk before its text is known to fit."""

    pieces: tuple[Piece, ...]
    path: tuple[str, ...]
    prefix: tuple[str, ...]
    """Those headings of the path that the model is to read in front of the content."""
    artifact: ImageArtifact | None = None
    labels: str = ""
    """Text of the document that is in the chunk of its picture and nowhere else."""

    @property
    def content(self) -> str:
        return render(self.pieces)

    @property
    def embedding_text(self) -> str:
        return f"{' > '.join(self.prefix)}\n{self.content}" if self.prefix else self.content


@dataclass(frozen=True, slots=True)
class _Settings:
    """What stays the same for a whole document."""

    options: ChunkingOptions
    window: ModelWindow
    ruler: Ruler
    images: Mapping[str, ImageArtifact]


def chunk_document(
    document: ConvertedDocument,
    *,
    options: ChunkingOptions,
    window: ModelWindow,
    images: Mapping[str, ImageArtifact],
) -> list[Chunk]:
    """Return the chunks of a document in reading order; every visible character of its Markdown is in one of them.

    `content` has at most `options.max_tokens` tiktoken tokens, `embedding_text` at most `window.max_input_tokens` of
    the model's. `images` holds the pictures that were kept, by name: each is a chunk where it first occurs.
    """
    settings = _Settings(options=options, window=window, ruler=Ruler(window), images=images)
    settings.ruler.measure(line for block in document.blocks for line in lines_of(block))
    shown: set[str] = set()
    drafts: list[_Draft] = []
    for section in sections_of(document):
        drafts.extend(_section_drafts(section, settings, shown))
    fitted = (found for found in _fitted(drafts, settings) if found[0].content.strip())
    return [_chunk(ordinal, draft, tokens) for ordinal, (draft, tokens) in enumerate(fitted)]


def _section_drafts(section: Section, settings: _Settings, shown: set[str]) -> Iterable[_Draft]:
    """Pack one section; `shown` holds the pictures that already have a chunk, and grows."""
    prefix, limit = _room(section.path, settings)
    ruler = settings.ruler
    headings = heading_pieces(section.headings, limit, ruler)
    packer = SectionPacker(limit=limit, overlap_tokens=settings.options.overlap_tokens)
    packer.add_headings(headings)
    stays = bool(headings) and headings[0].is_heading
    piece_limit = limit.minus(total_size(headings)) if stays else limit
    for run in _runs(section.blocks):
        if run[0].kind is not BlockKind.IMAGE:
            for unit in units_of(run, piece_limit, ruler):
                packer.add_unit(unit)
            continue
        name = run[0].image
        labels = run[0].markdown
        if name is not None and name in settings.images and name not in shown:
            shown.add(name)
            image = ImageDraft(name, run[0].page_start, labels)
            packer.add_image(image)
            if _holds(_image_draft(image, section, settings).content, labels):
                continue
        # What no picture's chunk holds stays in the text.
        for unit in units_of([_as_text(run[0])] if labels else [], piece_limit, ruler):
            packer.add_unit(unit)
    own = {plain_text(block.markdown) for block in section.headings}
    for draft in packer.finish():
        if isinstance(draft, ImageDraft):
            yield _image_draft(draft, section, settings)
            continue
        has_headings = stays and draft.pieces[0].is_heading
        yield _Draft(
            pieces=draft.pieces,
            path=section.path,
            prefix=tuple(title for title in prefix if title not in own) if has_headings else prefix,
        )


def _as_text(block: Block) -> Block:
    return block.model_copy(update={"kind": BlockKind.PARAGRAPH, "image": None})


def _holds(content: str, labels: str) -> bool:
    return "".join(labels.split()) in "".join(content.split())


def _runs(blocks: Sequence[Block]) -> Iterable[list[Block]]:
    """Yield each picture alone and the blocks between two pictures together."""
    run: list[Block] = []
    for block in blocks:
        if block.kind is not BlockKind.IMAGE:
            run.append(block)
            continue
        if run:
            yield run
            run = []
        yield [block]
    if run:
        yield run


def _room(path: tuple[str, ...], settings: _Settings) -> tuple[tuple[str, ...], Size]:
    """Return the headings that fit in their share of the window, and what they leave for the text."""
    window_tokens = settings.window.max_input_tokens
    prefix = path
    taken = settings.ruler.size(" > ".join(prefix)).model_tokens
    while taken > window_tokens // _HEADINGS_SHARE:
        prefix = prefix[1:]
        taken = settings.ruler.size(" > ".join(prefix)).model_tokens
    return prefix, Size(settings.options.max_tokens, window_tokens - taken)


def _image_draft(image: ImageDraft, section: Section, settings: _Settings) -> _Draft:
    """Make a chunk of the words around a picture, as much of them as fits."""
    artifact = settings.images[image.name]
    prefix, limit = _room(section.path, settings)
    words = artifact.context if artifact.context.strip() else ImageContext(page=image.page).text
    block = Block(kind=BlockKind.PARAGRAPH, markdown=words, page_start=image.page, page_end=image.page)
    packer = SectionPacker(limit=limit, overlap_tokens=0)
    for unit in units_of([block], limit, settings.ruler):
        packer.add_unit(unit)
    first = packer.finish()[0]
    assert isinstance(first, TextDraft)
    return _Draft(pieces=first.pieces, path=section.path, prefix=prefix, artifact=artifact, labels=image.labels)


def _fitted(drafts: Sequence[_Draft], settings: _Settings) -> Iterable[tuple[_Draft, int]]:
    """Yield the drafts with their tokens, those that came out too long without a heading or cut in two."""
    tokens = count_tokens([draft.content for draft in drafts])
    model_tokens = settings.window.count_tokens([draft.embedding_text for draft in drafts])
    for draft, found in zip(drafts, map(Size, tokens, model_tokens), strict=True):
        if found.fits(Size(settings.options.max_tokens, settings.window.max_input_tokens)):
            yield draft, found.tokens
        else:
            narrowed = _narrowed(draft, too_long=found.tokens > settings.options.max_tokens)
            yield from _fitted(narrowed, settings)


def _narrowed(draft: _Draft, *, too_long: bool) -> list[_Draft]:
    if draft.prefix and not too_long:
        return [replace(draft, prefix=draft.prefix[1:])]
    if len(draft.pieces) == 1 and len(draft.pieces[0].text) < 2:
        raise ChunkingFailed("a single character exceeds the limits of a chunk or the window of the model")
    parts = [replace(draft, pieces=part) for part in halves(draft.pieces)]
    if draft.artifact is None:
        return parts
    if _holds(parts[0].content, draft.labels):
        return parts[:1]  # the other words are in the chunks around
    return [parts[0], replace(parts[1], artifact=None)]


def _chunk(ordinal: int, draft: _Draft, tokens: int) -> Chunk:
    artifact = draft.artifact
    return Chunk(
        ordinal=ordinal,
        chunk_type=ChunkType.TEXT if artifact is None else ChunkType.IMAGE,
        content=draft.content,
        token_count=tokens,
        page_start=min(piece.page_start for piece in draft.pieces),
        page_end=max(piece.page_end for piece in draft.pieces),
        headings=draft.path,
        embedding_text=draft.embedding_text,
        image_key=None if artifact is None else artifact.image_key,
        image_content_type=None if artifact is None else artifact.content_type,
    )

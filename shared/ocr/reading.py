"""Reading the pages of a document that its converter could not read."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from shared.converters.base import BlockKind, ConvertedDocument, ExtractedImage
from shared.converters.image_file import IMAGE_CONTENT_TYPES
from shared.errors import (
    Cancelled,
    ConversionFailed,
    ConversionLimitExceeded,
    ConverterCrashed,
    DamagedFile,
    NoExtractableContent,
    StageError,
    WorkRemains,
)
from shared.ocr.layout import lay_out_pages
from shared.ocr.pages import RecognizedPage
from shared.ocr.sandbox import PageReading

logger = logging.getLogger(__name__)

OcrMode = Literal["auto", "off", "force"]

PAGE_FAILURES = (ConversionFailed, ConversionLimitExceeded, ConverterCrashed, DamagedFile)
"""What costs a page its text and nothing more."""

_DRAWN_TYPES = IMAGE_CONTENT_TYPES | {"application/pdf"}
"""Documents whose pages have a picture that can be read."""

_PAGE_COVER = 0.6
"""Pictures that together take more than this part of a recognised page are its scan."""

_TEXT_COVER = 0.1
"""A picture of which recognised lines take more than this part is a piece of the scan."""


class PageStore(Protocol):
    """Keeps what was read of a document, so that no page is read twice."""

    def get(self, page: int) -> RecognizedPage | None: ...

    def put(self, page: int, recognized: RecognizedPage) -> None: ...


@dataclass(frozen=True)
class PageReadings:
    """How the pages of documents are read, and what that may cost."""

    reader: PageReading
    mode: OcrMode
    page_timeout_seconds: float
    timeout_seconds: float
    """For one document or batch of pictures in one turn; a page that was begun is read to its end."""

    def page_identity(self, content_type: str) -> str:
        """Name what the text of documents of a type depends on beside their converter; empty where that is nothing."""
        if self.mode == "off" or content_type not in _DRAWN_TYPES:
            return ""
        return f"{self.mode} {self.reader.version}"

    @property
    def picture_identity(self) -> str:
        """Name what the text of pictures inside documents depends on."""
        return "" if self.mode == "off" else self.reader.version

    def pages_to_read(self, document: ConvertedDocument, content_type: str) -> tuple[int, ...]:
        if self.mode == "off" or content_type not in _DRAWN_TYPES:
            return ()
        return tuple(range(1, document.page_count + 1)) if self.mode == "force" else document.unread_pages


@dataclass
class _Readings:
    pages: dict[int, RecognizedPage] = field(default_factory=dict)
    failures: dict[int, StageError] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)
    """Pages for which no time remained."""
    fresh: int = 0
    """Pages that were read this time and not before."""


def with_recognized_pages(
    document: ConvertedDocument,
    source: Path,
    *,
    content_type: str,
    readings: PageReadings,
    store: PageStore,
    should_stop: Callable[[], bool],
) -> ConvertedDocument:
    """Return a document with the text that OCR finds on the pages that its converter could not read.

    Raises `NoExtractableContent` where there is no text at all, or what kept its pages from being read; `Cancelled`;
    `WorkRemains` when the time is used up and more of it will help, since what was read is kept.
    """
    wanted = readings.pages_to_read(document, content_type)
    found = _read(wanted, source, content_type=content_type, readings=readings, store=store, should_stop=should_stop)
    if found.left and found.fresh:
        raise WorkRemains(f"{len(found.left)} of {len(wanted)} pages are still to be read")
    written = {number: page for number, page in found.pages.items() if page.lines}
    document = _without_pictures_on(document, {number for number, page in found.pages.items() if page.blank})
    if written:
        document = _composed(document, written, should_stop)
    if document.unread_pages and not any(block.markdown.strip() for block in document.blocks):
        if found.failures:
            raise next(iter(found.failures.values()))
        raise NoExtractableContent("no page has text" if readings.mode == "off" else "OCR finds no writing")
    return document.model_copy(update={"notes": (*document.notes, *_notes(found, written))})


def _read(
    wanted: Collection[int],
    source: Path,
    *,
    content_type: str,
    readings: PageReadings,
    store: PageStore,
    should_stop: Callable[[], bool],
) -> _Readings:
    found = _Readings()
    deadline = time.monotonic() + readings.timeout_seconds
    for number in wanted:
        if should_stop():
            raise Cancelled
        known = store.get(number)
        if known is not None:
            found.pages[number] = known
            continue
        # One page is tried whatever the time, so that every turn gets somewhere.
        if time.monotonic() > deadline and (found.fresh or found.failures):
            found.left.append(number)
            continue
        try:
            page = readings.reader.read(
                source,
                content_type=content_type,
                page=number,
                timeout_seconds=readings.page_timeout_seconds,
                should_stop=should_stop,
            )
        except PAGE_FAILURES as error:
            logger.warning("page not read", extra={"page": number, "reason": str(error)})
            found.failures[number] = error
            continue
        store.put(number, page)
        found.pages[number] = page
        found.fresh += 1
    return found


def _composed(
    document: ConvertedDocument, pages: Mapping[int, RecognizedPage], should_stop: Callable[[], bool]
) -> ConvertedDocument:
    """Put the blocks of recognised pages in the place of what the converter made of them."""
    scans = {number: _scan_pictures(page, _images_on(document, number)) for number, page in pages.items()}
    images = {
        number: [_unread(image) for image in _images_on(document, number) if image.name not in scans[number]]
        for number in pages
    }
    fresh = lay_out_pages(pages, images, should_stop=should_stop)
    kept = [block for block in document.blocks if block.page_start not in pages]
    blocks = sorted([*kept, *fresh], key=lambda block: block.page_start)
    shown = {(block.page_start, block.image) for block in blocks if block.kind is BlockKind.IMAGE}
    return document.model_copy(
        update={
            "blocks": tuple(blocks),
            "images": tuple(
                _unread(image) if image.page in pages else image
                for image in document.images
                if (image.page, image.name) in shown
            ),
        }
    )


def _unread(image: ExtractedImage) -> ExtractedImage:
    """What the file says about a page that OCR had to read counts no more."""
    return image.model_copy(update={"writing": None})


def _without_pictures_on(document: ConvertedDocument, blank: Collection[int]) -> ConvertedDocument:
    """Return a document without the pictures of blank sheets."""
    return document.model_copy(
        update={
            "blocks": tuple(
                block for block in document.blocks if block.kind is not BlockKind.IMAGE or block.page_start not in blank
            ),
            "images": tuple(image for image in document.images if image.page not in blank),
        }
    )


def _images_on(document: ConvertedDocument, number: int) -> list[ExtractedImage]:
    return [image for image in document.images if image.page == number]


def _scan_pictures(page: RecognizedPage, images: Iterable[ExtractedImage]) -> set[str]:
    """Return the names of the pictures that are the page itself, or pieces of it."""
    placed = [(image, image.bbox) for image in images if image.bbox is not None]
    areas = {image.name: (box[2] - box[0]) * (box[3] - box[1]) for image, box in placed}
    if sum(areas.values()) > _PAGE_COVER * page.width * page.height:
        return set(areas)
    if page.turn:  # the lines stand in another space
        return set()
    covered = {
        image.name: sum(
            line.length * line.height
            for line in page.lines
            if box[0] <= line.middle[0] <= box[2] and box[1] <= line.middle[1] <= box[3]
        )
        for image, box in placed
    }
    return {name for name, area in areas.items() if covered[name] > _TEXT_COVER * area}


def _notes(found: _Readings, written: Mapping[int, RecognizedPage]) -> list[str]:
    notes = []
    if written:
        notes.append(f"{page_ranges(written)}: read by OCR")
    reasons: dict[str, list[int]] = {}
    for number, error in found.failures.items():
        reasons.setdefault(error.reason or error.message("en"), []).append(number)
    notes.extend(f"{page_ranges(numbers)}: OCR could not read it ({reason})" for reason, numbers in reasons.items())
    if found.left:
        notes.append(f"{page_ranges(found.left)}: not read, the time for OCR was used up")
    return notes


def page_ranges(numbers: Iterable[int]) -> str:
    """Word some page numbers: `page 3`, `pages 1-8, 12`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"page {words}" if len(runs) == 1 and runs[0][0] == runs[0][1] else f"pages {words}"

"""A PDF, read page by page; a page that cannot be read costs that page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from shared.converters.base import ConversionLimits
from shared.converters.pdf.characters import dominant_turn, read_words
from shared.converters.pdf.drawings import read_drawings
from shared.converters.pdf.drawn_bullets import add_drawn_bullets
from shared.converters.pdf.figures import DrawnPath, draw_figure, find_figures
from shared.converters.pdf.layout import PageContent
from shared.converters.pdf.page_objects import read_objects
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.picture_writing import add_writing
from shared.converters.pdf.pictures import PictureExtractor
from shared.converters.pdf.text_page import TextPage
from shared.converters.pdf.unread import is_unread
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile, EncryptedFile

PAGE_ERRORS = (pypdfium2.PdfiumError, ArithmeticError, LookupError, ValueError, TypeError, OSError)
"""What a broken page raises, here or in the layout: it is noted, and the other pages go on."""

_HEADER, _HEADER_WITHIN = b"%PDF-1.7\n", 1024
_OBJECT = re.compile(rb"\d obj\b")
_ENCRYPTED = frozenset((pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY))


@dataclass(slots=True)
class DocumentContent:
    """What was read from the pages of a document."""

    page_count: int
    pages: list[PageContent] = field(default_factory=list)
    spaces: dict[int, PageSpace] = field(default_factory=dict)
    """The space of each page by its number, from 1."""
    notes: list[str] = field(default_factory=list)
    unread_pages: list[int] = field(default_factory=list)
    """Numbers of the pages whose writing is not in their text."""


@contextmanager
def open_document(source: Path) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF; raises `EncryptedFile` or `DamagedFile`."""
    try:
        document = pypdfium2.PdfDocument(_with_header(source))
    except pypdfium2.PdfiumError as error:
        if error.err_code in _ENCRYPTED:
            raise EncryptedFile from error
        raise DamagedFile from error
    try:
        yield document
    finally:
        document.close()


def _with_header(source: Path) -> Path | bytes:
    """Return the file, its content with a header written over the first bytes when it has none that pdfium accepts."""
    with source.open("rb") as file:
        if b"%PDF-" in file.read(_HEADER_WITHIN):
            return source
    content = source.read_bytes()
    # Over them, not before them: every offset in the file keeps its meaning.
    return _HEADER + content[len(_HEADER) :] if _OBJECT.search(content) else source


def read_document(
    source: Path, pictures: PictureExtractor, *, limits: ConversionLimits, should_stop: Callable[[], bool]
) -> DocumentContent:
    """Read every page; raises `EncryptedFile`, `DamagedFile`, `ConversionLimitExceeded` and `Cancelled`."""
    with open_document(source) as document:
        page_count = len(document)
        if page_count > limits.max_pages:
            raise ConversionLimitExceeded(f"{page_count} pages, at most {limits.max_pages} are read")
        content = DocumentContent(page_count)
        for number in range(1, page_count + 1):
            if should_stop():
                raise Cancelled
            try:
                _read_page(document, number, content, pictures=pictures, limits=limits)
            except PAGE_ERRORS as error:
                content.notes.append(f"page {number}: could not be read ({type(error).__name__})")
        if page_count and not content.pages:
            raise DamagedFile("no page of the file can be read")
        content.notes.extend(pictures.notes)
    return content


def _read_page(
    document: pypdfium2.PdfDocument,
    number: int,
    content: DocumentContent,
    *,
    pictures: PictureExtractor,
    limits: ConversionLimits,
) -> None:
    page = document[number - 1]
    try:
        objects = pdfium.FPDFPage_CountObjects(page.raw)
        if objects > limits.max_objects_per_page:
            content.notes.append(f"page {number}: left out, it has {objects} objects")
            return
        text_page = page.get_textpage()
        try:
            found = _page_content(page, TextPage(text_page.raw), number, content, pictures=pictures, limits=limits)
        finally:
            text_page.close()
        content.pages.append(found)
    finally:
        page.close()


def _page_content(
    page: pypdfium2.PdfPage,
    text_page: TextPage,
    number: int,
    content: DocumentContent,
    *,
    pictures: PictureExtractor,
    limits: ConversionLimits,
) -> PageContent:
    shown_turn = page.get_rotation()
    turn = dominant_turn(text_page)
    space = PageSpace.of(page.get_cropbox(), turn=shown_turn if turn is None else turn, shown_turn=shown_turn)
    content.spaces[number] = space
    found = PageContent(number, space.width, space.height)
    found.words = read_words(text_page, space)
    objects = read_objects(page.raw, max_objects=limits.max_objects_per_page)
    drawn: list[DrawnPath] = []
    if found.words:
        found.rules, drawn = read_drawings(objects, space)
        add_drawn_bullets(found)
    try:
        found.pictures = pictures.read_page(page, objects, space, number=number, has_text=bool(found.words))
        if found.words:
            boxes = find_figures(drawn, space, found.words, found.pictures)
            figures = [(box, draw_figure(page, space, box)) for box in boxes]
            found.pictures += pictures.add_figures(space, figures, number=number)
    except PAGE_ERRORS as error:
        content.notes.append(f"page {number}: its pictures could not be read ({type(error).__name__})")
    if is_unread(found, text_page, objects, space):
        content.unread_pages.append(number)
    else:
        add_writing(found)
    return found

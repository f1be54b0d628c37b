"""Pictures embedded in a page: those of useful size, written as JPEG or PNG under the hash of their content."""

import collections
import ctypes
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pypdfium2.raw as pdfium

from shared.converters.base import ExtractedImage
from shared.converters.pdf.layout import Figure, Picture
from shared.converters.pdf.native import reference_to
from shared.converters.pdf.page_objects import DrawnObject, ObjectMeasure
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.words import Box

if TYPE_CHECKING:
    from PIL.Image import Image

_MIN_PIXELS = 64  # on each side: smaller ones are bullets and icons
_MIN_AREA, _MAX_AREA = 0.01, 0.85  # of the page; a larger one under text is the page's own scan or background
_A4_AREA = 595.0 * 842.0  # on a larger page a picture is as useful as on this one
_LOGO_PAGES = 3  # a picture on so many pages is decoration
_MARGIN_LOGO_PAGES = 2  # the same for one that always stands in a margin
_MARGIN, _MARGIN_HEIGHT = 100.0, 90.0  # points from the top of the page, and of height
_PLAIN_COLOURS = frozenset(
    (
        pdfium.FPDF_COLORSPACE_DEVICEGRAY,
        pdfium.FPDF_COLORSPACE_DEVICERGB,
        pdfium.FPDF_COLORSPACE_CALGRAY,
        pdfium.FPDF_COLORSPACE_CALRGB,
    )
)


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    content_type: str
    width: int
    height: int


class PictureExtractor:
    """Writes the pictures of one document to a directory, each content once."""

    def __init__(self, output_dir: Path, *, max_pixels: int) -> None:
        self._output_dir = output_dir
        self._max_pixels = max_pixels
        self._stored: dict[bytes, _Stored] = {}
        self._pages: collections.defaultdict[str, set[int]] = collections.defaultdict(set)
        self.notes: list[str] = []

    def read_page(
        self,
        page: pypdfium2.PdfPage,
        objects: Sequence[DrawnObject],
        space: PageSpace,
        *,
        number: int,
        has_text: bool,
    ) -> list[Picture]:
        """Return the pictures among the objects of a page, their files written."""
        found = []
        measure = ObjectMeasure()
        for kind, address, form in objects:
            if kind != pdfium.FPDF_PAGEOBJ_IMAGE:
                continue
            box = measure.box(reference_to(address), form, space)
            area, page_area = box.width * box.height, space.width * space.height
            if area < _MIN_AREA * min(page_area, _A4_AREA) or (has_text and area > _MAX_AREA * page_area):
                continue
            raw = ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)
            stored = self._store(pypdfium2.PdfImage(raw, page=page), number)
            if stored is not None:
                self._pages[stored.name].add(number)
                found.append(_picture(stored, box, space, number))
        return found

    def add_figures(self, space: PageSpace, figures: Sequence[tuple[Figure, "Image"]], *, number: int) -> list[Picture]:
        """Return the pictures of figures that are drawn on a page, their files written."""
        found = []
        for box, picture in figures:
            name = self._write_file(_png_of(picture), "png")
            self._pages[name].add(number)
            stored = _Stored(name, "image/png", picture.width, picture.height)
            found.append(_picture(stored, box, space, number))
            found[-1].letter_shapes = box.letter_shapes
        return found

    def drop_decoration(self, pictures: list[Picture]) -> list[Picture]:
        """Return the pictures without those that many pages repeat; the files of those are removed.

        A small one that always stands at the top of the page is a logo already on its second page.
        """
        elsewhere = {picture.image.name for picture in pictures if not _is_in_margin(picture)}
        repeated = {
            name
            for name, pages in self._pages.items()
            if len(pages) >= (_LOGO_PAGES if name in elsewhere else _MARGIN_LOGO_PAGES)
        }
        for name in repeated:
            (self._output_dir / name).unlink(missing_ok=True)
        return [picture for picture in pictures if picture.image.name not in repeated]

    def _store(self, image: pypdfium2.PdfImage, page: int) -> _Stored | None:
        width, height = image.get_px_size()
        if min(width, height) < _MIN_PIXELS:
            return None
        if width * height > self._max_pixels:
            self.notes.append(f"page {page}: a picture of {width} x {height} pixels was left out")
            return None
        raw = bytes(image.get_data(decode_simple=_is_jpeg(image)))
        key = hashlib.sha256(raw).digest() + width.to_bytes(4, "big")
        if key not in self._stored:
            self._stored[key] = self._write(image, raw, width, height)
        return self._stored[key]

    def _write(self, image: pypdfium2.PdfImage, raw: bytes, width: int, height: int) -> _Stored:
        if _is_plain_jpeg(image, raw):
            content, suffix, content_type = raw, "jpg", "image/jpeg"
        else:
            content, suffix, content_type = _png(image), "png", "image/png"
        return _Stored(self._write_file(content, suffix), content_type, width, height)

    def _write_file(self, content: bytes, suffix: str) -> str:
        name = f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
        self._output_dir.mkdir(parents=True, exist_ok=True)
        (self._output_dir / name).write_bytes(content)
        return name


def _is_in_margin(picture: Picture) -> bool:
    return picture.bottom <= _MARGIN and picture.height <= _MARGIN_HEIGHT


def _is_jpeg(image: pypdfium2.PdfImage) -> bool:
    return list(image.get_filters(skip_simple=True)) == ["DCTDecode"]


def _is_plain_jpeg(image: pypdfium2.PdfImage, raw: bytes) -> bool:
    # JPEG in CMYK comes inverted or not by the maker's taste, viewers disagree: pdfium decodes it.
    return raw.startswith(b"\xff\xd8") and _is_jpeg(image) and image.get_metadata().colorspace in _PLAIN_COLOURS


def _png(image: pypdfium2.PdfImage) -> bytes:
    picture = image.get_bitmap(render=False).to_pil()
    if picture.mode not in {"1", "L", "RGB", "RGBA"}:
        picture = picture.convert("RGB")
    return _png_of(picture)


def _png_of(picture: "Image") -> bytes:
    buffer = io.BytesIO()
    _without_needless_colours(picture).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _without_needless_colours(picture: "Image") -> "Image":
    """Return the same picture in grey, or in black and white, where it has no more: a third and an eighth to write."""
    from PIL import Image, ImageChops

    if picture.mode == "RGB":
        red, green, blue = picture.split()
        if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
            return picture
        picture = red
    if picture.mode == "L" and not any(picture.histogram()[1:255]):
        picture = picture.convert("1", dither=Image.Dither.NONE)
    return picture


def _picture(stored: _Stored, box: Box, space: PageSpace, number: int) -> Picture:
    return Picture(
        left=box.left,
        top=box.top,
        right=box.right,
        bottom=box.bottom,
        image=ExtractedImage(
            name=stored.name,
            content_type=stored.content_type,
            page=number,
            bbox=space.shown(box),
            width_px=stored.width,
            height_px=stored.height,
        ),
        page=number,
    )

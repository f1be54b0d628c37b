"""Image files as documents: each picture of the file is a page, whose text only OCR can read."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_CONTENT_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/x-ms-bmp", "image/gif"}
)

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_MAX_PIXELS = 150_000_000
"""Of one picture: a sheet of A3 at 800 dpi."""

_SCREEN_DPI, _LEAST_DPI, _MOST_DPI = 96.0, 60.0, 1200.0
"""Resolution of a picture that tells none, and what is believed of one that does."""


class ImageConverter:
    """Converts PNG, JPEG, WebP, TIFF with all its pages, BMP and the first picture of a GIF."""

    @property
    def name(self) -> str:
        return "image"

    @property
    def version(self) -> str:
        return "1"

    @property
    def content_types(self) -> frozenset[str]:
        return IMAGE_CONTENT_TYPES

    def convert(
        self,
        source: Path,
        output_dir: Path,  # noqa: ARG002 - the document is the picture
        *,
        limits: ConversionLimits,
        should_stop: Callable[[], bool],
    ) -> ConvertedDocument:
        if should_stop():
            raise Cancelled
        with open_image(source) as image:
            pages = _page_count(image)
        if pages > limits.max_pages:
            raise ConversionLimitExceeded(f"{pages} pages, at most {limits.max_pages} are read")
        return ConvertedDocument(page_count=pages, blocks=(), unread_pages=tuple(range(1, pages + 1)))


@contextmanager
def open_image(source: Path) -> Iterator["Image"]:
    """Open an image file. Raises `DamagedFile` and `ConversionLimitExceeded`, also for what is done within."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, and of sizes, which are checked here
        try:
            with Image.open(source, formats=_FORMATS) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise ConversionLimitExceeded(f"a picture of {image.width} x {image.height} pixels")
                yield image
        # What a broken file makes Pillow's readers raise: SyntaxError among others.
        except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError) as error:
            raise DamagedFile(type(error).__name__) from error
        except Image.DecompressionBombError as error:
            raise ConversionLimitExceeded(str(error)) from error


def read_frame(source: Path, number: int, *, scale_of: Callable[[int, int], float]) -> tuple["Image", float]:
    """Return picture `number` (from 1) of a file in RGB, upright as its camera says, and how many points a pixel is.

    `scale_of` tells from width and height by how much it is to be made smaller. Raises as `open_image`.
    """
    from PIL import ImageOps

    with open_image(source) as image:
        if number > 1:
            image.seek(number - 1)
        if image.width * image.height > _MAX_PIXELS:
            raise ConversionLimitExceeded(f"a picture of {image.width} x {image.height} pixels")
        dpi = _dpi(image)
        full_width = image.width
        scale = scale_of(image.width, image.height)
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))  # JPEG decodes to less at once
        picture = _on_white(ImageOps.exif_transpose(image))
        reduced = scale * full_width / (image.width or 1)
        if reduced < 1.0:
            size = (max(1, round(picture.width * reduced)), max(1, round(picture.height * reduced)))
            picture = picture.resize(size)
    return picture, 72 / dpi / scale


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    if image.mode.startswith("I;16") or image.mode == "I":  # 16 bits a pixel: Pillow would cut off what is above 255
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    return image.convert("RGB")


def _page_count(image: "Image") -> int:
    """Count the pictures that are pages: those of a TIFF. Those of the others are an animation."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _dpi(image: "Image") -> float:
    told = image.info.get("dpi")
    try:
        dpi = float(told[0]) if told else _SCREEN_DPI
    except (TypeError, ValueError, ZeroDivisionError):
        return _SCREEN_DPI
    return dpi if _LEAST_DPI <= dpi <= _MOST_DPI else _SCREEN_DPI

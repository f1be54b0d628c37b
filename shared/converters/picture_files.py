"""Pictures found in a document: those of useful size, written once each under the hash of their content."""

import hashlib
import io
import struct
import warnings
from pathlib import Path

from shared.converters.base import BoundingBox, ConvertedDocument, ExtractedImage
from shared.converters.block_writer import BlockWriter

_MIN_PIXELS = 64  # on each side: smaller ones are bullets and icons
_LOGO_PAGES = 3  # a picture on so many pages is decoration
_MAX_PICTURES = 5000
_KEPT_AS_THEY_ARE = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png")}
_PLAIN_MODES = frozenset(("1", "L", "LA", "P", "RGB", "RGBA"))
_PICTURE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError,
                   NotImplementedError, struct.error)  # fmt: skip
"""What Pillow raises for a picture that is broken or in a format that it does not know."""


class PictureFiles:
    """Writes the pictures of one document to a directory and their blocks to its writer."""

    def __init__(self, output_dir: Path, writer: BlockWriter) -> None:
        self._output_dir = output_dir
        self._writer = writer
        self._stored: dict[bytes, ExtractedImage | None] = {}
        self._places: list[ExtractedImage] = []

    def add(self, data: bytes, *, bbox: BoundingBox | None = None) -> None:
        """Write a picture; one that cannot be read is noted, a very small one is passed over."""
        key = hashlib.sha256(data).digest()
        if key not in self._stored:
            if len(self._stored) >= _MAX_PICTURES:
                self._writer.note(f"more than {_MAX_PICTURES} pictures, the others were left out")
                return
            self._stored[key] = self._store(data)
        stored = self._stored[key]
        if stored is not None:
            self._places.append(stored.model_copy(update={"page": self._writer.page, "bbox": bbox}))
            self._writer.image(self._places[-1])

    def document(self, *, page_count: int = 1) -> ConvertedDocument:
        """Return what was written, without the pictures that many pages repeat: the files of those are removed."""
        pages: dict[str, set[int]] = {}
        for place in self._places:
            pages.setdefault(place.name, set()).add(place.page)
        repeated = {name for name, on in pages.items() if len(on) >= _LOGO_PAGES}
        for name in repeated:
            (self._output_dir / name).unlink(missing_ok=True)
        self._writer.blocks = [block for block in self._writer.blocks if block.image not in repeated]
        images = [place for place in self._places if place.name not in repeated]
        return self._writer.document(page_count=page_count, images=images)

    def _store(self, data: bytes) -> ExtractedImage | None:
        try:
            return self._written(data)
        except _PICTURE_ERRORS as error:
            self._writer.note(f"page {self._writer.page}: a picture could not be read ({type(error).__name__})")
            return None

    def _written(self, data: bytes) -> ExtractedImage | None:
        from PIL import Image

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
            try:
                image = Image.open(io.BytesIO(data))
            except Image.DecompressionBombError as error:
                raise ValueError(str(error)) from error
        width, height = image.size
        if min(width, height) < _MIN_PIXELS:
            return None
        if width * height > self._writer.limits.max_image_pixels:
            self._writer.note(
                f"page {self._writer.page}: a picture of {width} x {height} pixels was left out",
            )
            return None
        if image.format in _KEPT_AS_THEY_ARE and image.mode in _PLAIN_MODES:
            suffix, content_type = _KEPT_AS_THEY_ARE[image.format]
        else:
            buffer = io.BytesIO()
            image.convert("RGBA" if "A" in image.getbands() else "RGB").save(buffer, format="PNG", compress_level=1)
            data, suffix, content_type = buffer.getvalue(), "png", "image/png"
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{suffix}"
        self._output_dir.mkdir(parents=True, exist_ok=True)
        (self._output_dir / name).write_bytes(data)
        return ExtractedImage(
            name=name, content_type=content_type, page=self._writer.page, width_px=width, height_px=height
        )

"""The picture of a page, as a person sees it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import DamagedFile

if TYPE_CHECKING:
    from PIL.Image import Image

_DPI = 200.0


def render_page(source: Path, number: int, *, scale_of: Callable[[int, int], float]) -> tuple["Image", float]:
    """Return page `number` (from 1) in RGB and how many points a pixel is.

    `scale_of` tells from the width and height that it has at 200 dpi by how much it is to be made smaller. Raises as
    `open_document`, and `DamagedFile`.
    """
    import pypdfium2

    from shared.converters.pdf.document import open_document

    with open_document(source) as document:
        try:
            page = document[number - 1]
            try:
                width, height = page.get_size()
                scale = _DPI / 72
                scale *= scale_of(round(width * scale), round(height * scale))
                bitmap = page.render(scale=scale, rev_byteorder=True)
                return bitmap.to_pil().convert("RGB"), 1 / scale
            finally:
                page.close()
        except pypdfium2.PdfiumError as error:
            raise DamagedFile(f"page {number} cannot be drawn") from error

"""From the objects of a page to its rules and to what its figures may be made of."""

from collections.abc import Sequence

import pypdfium2.raw as pdfium

from shared.converters.pdf.figures import LOOKED_AT_SEGMENTS, MAX_PATH_AREA, DrawnPath, is_drawn
from shared.converters.pdf.layout import Rules
from shared.converters.pdf.native import reference_to
from shared.converters.pdf.page_objects import IDENTITY, DrawnObject, ObjectMeasure, combined
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paths import Path, PathReader
from shared.converters.pdf.rules import MAX_SEGMENTS, RuleCollector

_SHADING = Path(filled=True, stroked=False, length=0, segments=[])


def read_drawings(objects: Sequence[DrawnObject], space: PageSpace) -> tuple[Rules, list[DrawnPath]]:
    """Return the rules of a page, and its paths and shadings."""
    reader, measure, rules = PathReader(), ObjectMeasure(), RuleCollector(space)
    largest = MAX_PATH_AREA * space.width * space.height
    drawn: list[DrawnPath] = []
    for kind, address, form in objects:
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        found, path = reference_to(address), _SHADING
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            path = reader.read(found, max_segments=MAX_SEGMENTS, many_segments=LOOKED_AT_SEGMENTS)
            if rules.wants(path):
                matrix = measure.matrix(found)
                rules.add(path, matrix if form is IDENTITY else combined(matrix, form))
        if not path.filled and not path.stroked:
            continue
        box = measure.box(found, form, space)
        if box.width >= 0 and box.height >= 0 and box.width * box.height <= largest:
            slanting = path is _SHADING or is_drawn(path, form)
            drawn.append(DrawnPath(box.left, box.top, box.right, box.bottom, drawn=slanting, filled=path.filled))
    return rules.rules(), drawn

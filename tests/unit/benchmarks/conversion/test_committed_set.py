"""The converter keeps what it has reached on the committed documents by Chromium, WeasyPrint, LibreOffice and Typst."""

from pathlib import Path

from benchmarks.conversion.scoring import mean, score
from benchmarks.conversion.sets import COMMITTED, find_sets
from shared.converters.base import ConversionLimits
from shared.converters.pdf.converter import PdfiumConverter


def test_documents_of_other_producers_keep_text_tables_and_headings(tmp_path: Path) -> None:
    (documents,) = (each for each in find_sets([]) if each.folder == COMMITTED)
    marks = []
    for source in documents.sources():
        converted = PdfiumConverter().convert(source, tmp_path, limits=ConversionLimits(), should_stop=lambda: False)
        marks.append(score(documents.reference(source.stem), converted.markdown))
    average = mean(marks)
    assert len(marks) == 29
    assert average.text > 0.99
    assert average.tables is not None
    assert average.tables > 0.97
    assert average.headings is not None
    assert average.headings > 0.97

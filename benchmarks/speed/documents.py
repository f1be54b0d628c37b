"""Which documents the comparison is run over."""

from pathlib import Path

from benchmarks.search_evaluation.pdf_documents import CORPUS
from examples.sample_documents import write_documents

SCANNED = "scanned-8p.pdf"
"""A scan of the corpus: nobody reads it with OCR off."""


def find_documents(folder: Path | None, *, without: frozenset[str], samples: Path) -> list[Path]:
    """Return the PDF files of a folder; without one, those of the corpus, or else samples written into `samples`."""
    if folder is None and not CORPUS.is_dir():
        write_documents(samples)
        folder = samples
    found = sorted((folder or CORPUS).glob("*.pdf"))
    unknown = without - {path.name for path in found} - {SCANNED}
    if unknown or not found:
        raise SystemExit(f"no such files in {folder or CORPUS}: {', '.join(sorted(unknown)) or '*.pdf'}")
    return [path for path in found if path.name not in without]

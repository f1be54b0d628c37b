"""All documents of the set, by producer."""

from collections.abc import Iterator

from benchmarks.conversion_set import documents_typst, documents_web, documents_word
from benchmarks.conversion_set.model import Document


def all_documents() -> Iterator[Document]:
    """Yield the documents of the set."""
    yield from documents_web.documents()
    yield from documents_word.documents()
    yield from documents_typst.documents()

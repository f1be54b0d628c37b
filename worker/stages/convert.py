"""Convert: the original becomes typed blocks, Markdown and pictures; pages without text are read by OCR."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared import derived
from shared.artifacts import ArtifactNames
from shared.converters.base import ConversionLimits, ConvertedDocument, Converter
from shared.errors import MarkdownFailed
from shared.models import ConvertOutput, Document
from shared.object_stores.base import ObjectStore, ReadableObjects
from shared.ocr.pages import RecognizedPage
from shared.ocr.reading import PageReadings, with_recognized_pages


@dataclass(frozen=True)
class Conversion:
    """What a conversion left, and whether it had to be made."""

    output: ConvertOutput
    made: bool


def convert(
    object_store: ObjectStore,
    originals: ReadableObjects,
    converter: Converter,
    document: Document,
    *,
    names: ArtifactNames,
    limits: ConversionLimits,
    readings: PageReadings,
    should_stop: Callable[[], bool],
) -> Conversion:
    """Convert a document; the blocks are written last, so that they are there only with all that they name."""
    known = derived.find(object_store, names.converted, ConvertedDocument)
    if known is not None and object_store.stat(names.markdown) is not None:
        return Conversion(_output(known, names), made=False)
    with tempfile.TemporaryDirectory(prefix="kbsync-convert-") as directory:
        pictures = Path(directory)
        with originals.local_file(document.object_key) as source:
            converted = with_recognized_pages(
                converter.convert(source, pictures, limits=limits, should_stop=should_stop),
                source,
                content_type=document.content_type,
                readings=readings,
                store=_RecognizedPages(object_store, names),
                should_stop=should_stop,
            )
        for image in {image.name: image for image in converted.images}.values():
            object_store.put(names.picture(image.name), [(pictures / image.name).read_bytes()])
    try:
        markdown = converted.markdown.encode()
    except UnicodeEncodeError as error:
        raise MarkdownFailed(str(error)) from error
    object_store.put(names.markdown, [markdown])
    derived.keep(object_store, names.converted, converted)
    return Conversion(_output(converted, names), made=True)


class _RecognizedPages:
    """Keeps what OCR reads as artifacts, so that whoever goes on begins where the last one was cut off."""

    def __init__(self, object_store: ObjectStore, names: ArtifactNames) -> None:
        self._object_store = object_store
        self._names = names

    def get(self, page: int) -> RecognizedPage | None:
        return derived.find(self._object_store, self._names.recognized_page(page), RecognizedPage)

    def put(self, page: int, recognized: RecognizedPage) -> None:
        derived.keep(self._object_store, self._names.recognized_page(page), recognized)


def read_converted(object_store: ObjectStore, key: str) -> ConvertedDocument:
    """Raises `ObjectNotFound`."""
    return derived.read(object_store, key, ConvertedDocument)


def _output(converted: ConvertedDocument, names: ArtifactNames) -> ConvertOutput:
    return ConvertOutput(
        artifact_key=names.converted,
        markdown_key=names.markdown,
        page_count=converted.page_count,
        image_count=len(converted.images),
        notes=converted.notes,
    )

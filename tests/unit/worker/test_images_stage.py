"""Which pictures the images stage has read, and which it need not."""

from pathlib import Path

from shared.artifacts import ArtifactNames
from shared.chunking.model import ChunkingOptions
from shared.converters.base import Block, BlockKind, ConvertedDocument, ExtractedImage
from shared.models import ConvertOutput, EmbeddingChoice
from shared.object_stores.local import LocalObjectStore
from shared.ocr.base import RecognizedLine
from shared.ocr.fake import ScriptedReader
from shared.ocr.pages import RecognizedPage
from shared.ocr.reading import PageReadings
from worker.stages.images import describe_images, read_images

READ = RecognizedLine(text="read by OCR", confidence=0.9, corners=((0, 0), (90, 0), (90, 10), (0, 10)))


def image(name: str, writing: str | None) -> ExtractedImage:
    return ExtractedImage(name=name, content_type="image/png", page=1, width_px=100, height_px=100, writing=writing)


def test_a_picture_of_which_the_document_tells_the_writing_is_not_read(tmp_path: Path) -> None:
    store, reader = LocalObjectStore(tmp_path), ScriptedReader({1: page_with(READ)})
    names = ArtifactNames(
        prefix="kb/doc/",
        sha256="0" * 64,
        converter="c 1",
        page_ocr="",
        picture_ocr="r 1",
        image_descriptions="",
        chunking=ChunkingOptions(),
        embedding=EmbeddingChoice(provider="hashing", model="hashing-64"),
    )
    images = (image("drawn.png", "Pump"), image("bare.png", ""), image("photo.png", None))
    converted = keep(store, names, images)
    totals: list[int] = []
    output = describe_images(
        store,
        names=names,
        converted=converted,
        readings=PageReadings(reader, "auto", page_timeout_seconds=9, timeout_seconds=9),
        describer=None,
        batch_pictures=1,
        note_total=totals.append,
        note_done=lambda _: None,
        should_stop=lambda: False,
    )
    contexts = {found.name: found.context for found in read_images(store, output.artifact_key).images}
    assert contexts == {"drawn.png": "Pump", "bare.png": "[image] page 1", "photo.png": "read by OCR"}
    assert (len(reader.read_pages), totals, output.batch_count) == (1, [1], 0)


def page_with(line: RecognizedLine) -> RecognizedPage:
    return RecognizedPage(width=100, height=100, turn=0, lines=(line,))


def keep(store: LocalObjectStore, names: ArtifactNames, images: tuple[ExtractedImage, ...]) -> ConvertOutput:
    blocks = tuple(
        Block(kind=BlockKind.IMAGE, markdown="", page_start=1, page_end=1, image=image.name) for image in images
    )
    document = ConvertedDocument(page_count=1, blocks=blocks, images=images)
    store.put(names.converted, [document.model_dump_json().encode()])
    for picture in images:
        store.put(names.picture(picture.name), [b"png"])
    return ConvertOutput(
        artifact_key=names.converted, markdown_key=names.markdown, page_count=1, image_count=len(images), notes=()
    )

"""Images: read what is written in each picture, and say in words what it shows, so that it can be found."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from shared import derived
from shared.artifacts import ArtifactNames
from shared.chunking.image_context import ImageArtifact, image_contexts
from shared.converters.base import BlockKind, ConvertedDocument, ExtractedImage
from shared.converters.image_file import IMAGE_CONTENT_TYPES
from shared.errors import Cancelled, WorkRemains
from shared.image_describers.base import ImageDescriber
from shared.models import ConvertOutput, ImagesOutput
from shared.object_stores.base import ObjectStore
from shared.ocr.reading import PAGE_FAILURES, PageReadings, page_ranges
from worker.stages.convert import read_converted
from worker.stages.descriptions import PictureDescription, describe_pictures, read_description
from worker.work import ShouldStop

logger = logging.getLogger(__name__)

_SURE = 0.6
"""Confidence of a line that is kept: what is read in photographs is often noise."""

_MAX_CHARACTERS = 4000

NoteDone = Callable[[int], None]


class ImageList(BaseModel):
    """The artifact of this stage."""

    model_config = ConfigDict(frozen=True)

    images: tuple[ImageArtifact, ...]
    notes: tuple[str, ...] = ()
    """What could not be read, in words for the owner of the document."""


class PictureText(BaseModel):
    """What is written in a picture."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    failure: str | None = None
    """Why it could not be read; it is not tried again."""


def describe_images(
    object_store: ObjectStore,
    *,
    names: ArtifactNames,
    converted: ConvertOutput,
    readings: PageReadings,
    describer: ImageDescriber | None,
    batch_pictures: int,
    note_total: Callable[[int], None],
    note_done: NoteDone,
    should_stop: ShouldStop,
) -> ImagesOutput:
    """Read and describe the pictures of a document, or plan the batches where there are more than `batch_pictures`."""
    key = names.images_of(converted.artifact_key)
    known = derived.find(object_store, key, ImageList)
    if known is not None:
        return ImagesOutput(artifact_key=key, image_count=len(known.images))
    pictures: Sequence[ExtractedImage] = ()
    if converted.image_count:
        pictures = _pictures(read_converted(object_store, converted.artifact_key))
    planned = ImagesOutput(artifact_key=key, image_count=len(pictures))
    due = _due(pictures, describer)
    note_total(len(due))
    if (readings.mode != "off" or describer is not None) and len(due) > batch_pictures:
        batches = -(-len(due) // batch_pictures)
        return planned.model_copy(update={"batch_count": batches, "batch_pictures": batch_pictures})
    _read(object_store, due, names=names, readings=readings, note_done=note_done, should_stop=should_stop)
    describe_pictures(object_store, due, names=names, describer=describer, should_stop=should_stop)
    collect_images(object_store, names=names, converted=converted, images=planned)
    return planned


def read_image_batch(
    object_store: ObjectStore,
    *,
    names: ArtifactNames,
    converted: ConvertOutput,
    images: ImagesOutput,
    batch: int,
    readings: PageReadings,
    describer: ImageDescriber | None,
    note_done: NoteDone,
    should_stop: ShouldStop,
) -> int:
    """Read the pictures of one planned batch, those left out that were read before; return how many it has."""
    due = _due(_pictures(read_converted(object_store, converted.artifact_key)), describer)
    own = due[batch * images.batch_pictures : (batch + 1) * images.batch_pictures]
    _read(object_store, own, names=names, readings=readings, note_done=note_done, should_stop=should_stop)
    describe_pictures(object_store, own, names=names, describer=describer, should_stop=should_stop)
    return len(own)


def collect_images(
    object_store: ObjectStore, *, names: ArtifactNames, converted: ConvertOutput, images: ImagesOutput
) -> ImageList:
    """Return the described pictures; they are put together when all are read, and kept."""
    known = derived.find(object_store, images.artifact_key, ImageList)
    if known is not None:
        return known
    listed = ImageList(images=())
    if images.image_count:
        document = read_converted(object_store, converted.artifact_key)
        pictures = _pictures(document)
        texts = {picture.name: _text_of(object_store, picture, names) for picture in pictures}
        described = {picture.name: read_description(object_store, names, picture) for picture in pictures}
        listed = _listed(document, pictures, texts, described, names)
    derived.keep(object_store, images.artifact_key, listed)
    return listed


def read_images(object_store: ObjectStore, key: str) -> ImageList:
    """Raises `ObjectNotFound`."""
    return derived.read(object_store, key, ImageList)


def _pictures(document: ConvertedDocument) -> list[ExtractedImage]:
    """Return the distinct pictures that have a place in the document, in its order."""
    by_name = {image.name: image for image in reversed(document.images)}
    shown = (block.image for block in document.blocks if block.kind is BlockKind.IMAGE)
    return [by_name[name] for name in dict.fromkeys(shown) if name is not None and name in by_name]


def _due(pictures: Sequence[ExtractedImage], describer: ImageDescriber | None) -> list[ExtractedImage]:
    """Return those that OCR or the describer looks at."""
    return list(pictures) if describer is not None else _unread(pictures)


def _unread(pictures: Sequence[ExtractedImage]) -> list[ExtractedImage]:
    """Return those of which only the picture can tell what is written in them."""
    return [picture for picture in pictures if picture.writing is None]


def _read(
    object_store: ObjectStore,
    pictures: Sequence[ExtractedImage],
    *,
    names: ArtifactNames,
    readings: PageReadings,
    note_done: NoteDone,
    should_stop: ShouldStop,
) -> None:
    deadline, fresh = time.monotonic() + readings.timeout_seconds, 0
    for done, picture in enumerate(pictures, start=1):
        if should_stop():
            raise Cancelled
        key = names.recognized_picture(picture.name)
        is_unread = picture.writing is None and picture.content_type in IMAGE_CONTENT_TYPES
        readable = readings.mode != "off" and is_unread
        if readable and object_store.stat(key) is None:
            if fresh and time.monotonic() > deadline:
                raise WorkRemains(f"{len(pictures) - done + 1} of {len(pictures)} pictures are still to be read")
            found = _read_picture(object_store, picture, names=names, readings=readings, should_stop=should_stop)
            derived.keep(object_store, key, found)
            fresh += 1
        note_done(done)


def _read_picture(
    object_store: ObjectStore,
    picture: ExtractedImage,
    *,
    names: ArtifactNames,
    readings: PageReadings,
    should_stop: ShouldStop,
) -> PictureText:
    try:
        with object_store.local_file(names.picture(picture.name)) as source:
            page = readings.reader.read(
                source,
                content_type=picture.content_type,
                page=1,
                timeout_seconds=readings.page_timeout_seconds,
                should_stop=should_stop,
            )
    except PAGE_FAILURES as error:
        logger.warning("picture not read", extra={"picture": picture.name, "reason": str(error)})
        return PictureText(failure=error.reason or error.message("en"))
    text = "\n".join(line.text for line in page.lines if line.confidence >= _SURE)
    return PictureText(text=text[:_MAX_CHARACTERS])


def _text_of(object_store: ObjectStore, picture: ExtractedImage, names: ArtifactNames) -> PictureText:
    if picture.writing is not None:
        return PictureText(text=picture.writing[:_MAX_CHARACTERS])
    return derived.find(object_store, names.recognized_picture(picture.name), PictureText) or PictureText()


def _listed(
    document: ConvertedDocument,
    pictures: Sequence[ExtractedImage],
    texts: Mapping[str, PictureText],
    described: Mapping[str, PictureDescription],
    names: ArtifactNames,
) -> ImageList:
    contexts = image_contexts(document)
    return ImageList(
        images=tuple(
            ImageArtifact(
                name=picture.name,
                image_key=names.picture(picture.name),
                content_type=picture.content_type,
                context=contexts[picture.name].text_with(
                    f"{described[picture.name].text}\n\n{texts[picture.name].text}"
                ),
            )
            for picture in pictures
        ),
        notes=(
            *_notes("the writing in a picture was not read", pictures, texts),
            *_notes("a picture was not described", pictures, described),
        ),
    )


def _notes(
    what: str,
    pictures: Sequence[ExtractedImage],
    outcomes: Mapping[str, PictureText] | Mapping[str, PictureDescription],
) -> Iterator[str]:
    """Say on which pages something failed, once for each reason."""
    failures: dict[str, set[int]] = {}
    for picture in pictures:
        failure = outcomes[picture.name].failure
        if failure is not None:
            failures.setdefault(failure, set()).add(picture.page)
    for reason, pages in failures.items():
        yield f"{page_ranges(pages)}: {what} ({reason})"

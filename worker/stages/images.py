"""Images: say in words what each picture of a document shows, so that it can be found."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from shared.artifacts import ArtifactNames
from shared.chunking.image_context import ImageArtifact, image_contexts
from shared.models import ConvertOutput, ImagesOutput
from shared.object_stores.base import ObjectStore
from worker.stages.convert import read_converted


class ImageList(BaseModel):
    """The artifact of this stage."""

    model_config = ConfigDict(frozen=True)

    images: tuple[ImageArtifact, ...]


def describe_images(
    object_store: ObjectStore,
    *,
    names: ArtifactNames,
    converted: ConvertOutput,
    note_progress: Callable[[int, int], None],
) -> ImagesOutput:
    """Give every picture its surrounding text. `note_progress` takes how many are done, of how many."""
    key = names.images_of(converted.artifact_key)
    if object_store.stat(key) is not None:
        return _output(read_images(object_store, key), key)
    images: list[ImageArtifact] = []
    if converted.image_count:
        document = read_converted(object_store, converted.artifact_key)
        contexts = image_contexts(document)
        pictures = {image.name: image for image in document.images if image.name in contexts}
        for name, picture in pictures.items():
            images.append(
                ImageArtifact(
                    name=name,
                    image_key=names.picture(name),
                    content_type=picture.content_type,
                    context=contexts[name].text,
                )
            )
        note_progress(len(images), len(pictures))
    listed = ImageList(images=tuple(images))
    object_store.put(key, [listed.model_dump_json().encode()])
    return _output(listed, key)


def read_images(object_store: ObjectStore, key: str) -> ImageList:
    return ImageList.model_validate_json(object_store.get(key))


def _output(listed: ImageList, key: str) -> ImagesOutput:
    return ImagesOutput(artifact_key=key, image_count=len(listed.images))

"""Which object stores there are."""

from collections.abc import Callable, Mapping

from shared.errors import InvalidRequest
from shared.object_stores.base import BucketPlace, EveryPlace, ObjectStore, PlaceOf, SourceBucket
from shared.object_stores.keys import OWN_AREA
from shared.object_stores.local import LocalObjectStore
from shared.settings import Settings


def open_object_store(
    settings: Settings, place_of: PlaceOf = lambda _: None, every_place: EveryPlace = tuple
) -> ObjectStore:
    """Open the configured store; cheap, and nothing is read or written before it is used.

    `place_of` tells which knowledge bases keep their files in a bucket of their own; a store that has no buckets does
    not ask.
    """
    return _STORES[settings.object_store](settings, place_of, every_place)


def open_source_bucket(settings: Settings, name: str) -> SourceBucket:
    """Open a bucket of somebody else's files. Raises `InvalidRequest` where the configured store has no buckets."""
    if settings.object_store not in _BUCKETS:
        raise InvalidRequest("s3_bucket", "the object store of this service is not S3")
    return _BUCKETS[settings.object_store](settings, name)


def _open_local(settings: Settings, _: PlaceOf, __: EveryPlace) -> ObjectStore:
    return LocalObjectStore(settings.objects_path)


def _open_s3(settings: Settings, place_of: PlaceOf, every_place: EveryPlace) -> ObjectStore:
    from shared.object_stores.by_knowledge_base import ObjectStoreByKnowledgeBase
    from shared.object_stores.s3 import S3ObjectStore
    from shared.object_stores.s3_bucket import S3Bucket, S3Options, connect

    connection = connect(S3Options.of(settings))

    def open_place(place: BucketPlace) -> ObjectStore:
        return S3ObjectStore(S3Bucket(connection, place.bucket), f"{place.prefix}{OWN_AREA}/")

    common = open_place(BucketPlace(settings.s3_bucket or "", settings.s3_prefix))
    return ObjectStoreByKnowledgeBase(common, place_of, every_place, open_place)


def _open_s3_bucket(settings: Settings, name: str) -> SourceBucket:
    from shared.object_stores.s3_bucket import S3Bucket, S3Options, connect

    return S3Bucket(connect(S3Options.of(settings)), name)


_STORES: Mapping[str, Callable[[Settings, PlaceOf, EveryPlace], ObjectStore]] = {"local": _open_local, "s3": _open_s3}
_BUCKETS: Mapping[str, Callable[[Settings, str], SourceBucket]] = {"s3": _open_s3_bucket}

"""Whether a server refuses to write an object that is there already, when it is asked to."""

from shared.settings import Settings

PROBE = "conditional-put"


def honours_conditional_put(settings: Settings, bucket: str, prefix: str) -> bool:
    """Try it out below a prefix. Raises `ObjectStoreError` where nothing can be written there."""
    from shared.object_stores.keys import OWN_AREA
    from shared.object_stores.s3_bucket import S3Bucket, S3Options, connect

    store = S3Bucket(connect(S3Options.of(settings)), bucket)
    key = f"{prefix}{OWN_AREA}/{PROBE}"
    return not store.put_new(key) or not store.put_new(key)

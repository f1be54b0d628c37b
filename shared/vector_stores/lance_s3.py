"""LanceDB on S3: how its server is reached, and whether many may write there at once."""

from shared.errors import ObjectStoreError, VectorStoreFailed
from shared.object_stores.conditional_put import honours_conditional_put
from shared.settings import Settings

OPTIONS_THAT_LAST = {"client_max_retries": "5", "client_retry_timeout": "30", "connect_timeout": "5s"}
"""A request is given up after half a minute; the task layer tries again later."""


def s3_storage_options(settings: Settings) -> dict[str, str]:
    """Return what LanceDB is told of the server; credentials are found where the SDK of the object store finds them.

    The bucket is always named in the path, which every server takes.
    """
    options = dict(OPTIONS_THAT_LAST)
    if settings.s3_endpoint is not None:
        options["aws_endpoint"] = settings.s3_endpoint
        options["allow_http"] = str(settings.s3_endpoint.startswith("http://")).lower()
    region = settings.s3_region or ("us-east-1" if settings.s3_endpoint else None)
    if region is not None:
        options["aws_region"] = region
    if settings.s3_sse is not None:
        options["aws_server_side_encryption"] = settings.s3_sse
    if settings.s3_kms_key is not None:
        options["aws_sse_kms_key_id"] = settings.s3_kms_key
    return options


def require_conditional_put(settings: Settings) -> None:
    """Raise `VectorStoreFailed` where the server writes over an object that must not be there.

    LanceDB makes a version of a table by writing a manifest that nobody has written (`If-None-Match: *`). A server that
    passes over this lets two writers take each other's commits away, without an error.
    """
    try:
        honoured = honours_conditional_put(settings, settings.vectors_bucket or "", settings.vectors_prefix)
    except ObjectStoreError as error:
        raise VectorStoreFailed(f"The vector store cannot be written: {error}") from error
    if not honoured:
        raise VectorStoreFailed("The S3 server does not honour `If-None-Match`, which LanceDB needs for its commits")

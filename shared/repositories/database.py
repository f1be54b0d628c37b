"""The connection to MongoDB, and its errors in our own words."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, DocumentTooLarge, OperationFailure, PyMongoError

from shared.access.scope import Scope
from shared.errors import InvalidRequest, KbSyncError, ServiceUnavailable

Record = dict[str, Any]
"""A document as the driver gives it; it stays inside the repositories."""

RepositoryClass = TypeVar("RepositoryClass", bound=type)

TOO_LARGE_CODES = frozenset({10334, 17419, 17420})
"""BSONObjectTooLarge, and a record that an update would make larger than 16 MiB (MongoDB's error_codes.yml)."""

INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND = 27, 26

NOTICE_SECONDS = 10.0
"""A server that hangs is noticed after so long by the monitor, however patient an operation is."""


def connect(url: str, database: str, *, timeout_seconds: float) -> Database[Record]:
    """Open a client (it connects at first use) and return the database.

    Writes are acknowledged by a majority and journalled; times come back with their time zone. `timeout_seconds`
    bounds every operation, the choice of a server included.
    """
    timeout_ms = int(timeout_seconds * 1000)
    client: MongoClient[Record] = MongoClient(
        url,
        tz_aware=True,
        w="majority",
        journal=True,
        retryWrites=True,
        timeoutMS=timeout_ms,
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=min(timeout_ms, int(NOTICE_SECONDS * 1000)),
        appname="kbsync",
    )
    return client[database]


def ping(database: Database[Record]) -> None:
    """Raise `ServiceUnavailable` where MongoDB does not answer."""
    try:
        database.command("ping")
    except PyMongoError as error:
        raise ServiceUnavailable("mongodb", str(error)) from error


def within(filters: Mapping[str, str], scope: Scope) -> Record:
    """Return a query for records with a `user_id` that finds nothing outside the scope, whatever `filters` ask for."""
    asked = filters.get("user_id")
    if asked is not None and not scope.may_act_for(asked):
        return {**filters, "user_id": {"$in": []}}
    return {**filters, **scope.filter}


def drop_index(collection: Collection[Record], name: str) -> None:
    """Drop an index that an earlier version made, where it is still there."""
    try:
        collection.drop_index(name)
    except OperationFailure as error:
        if error.code not in (INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND):
            raise


def repository(cls: RepositoryClass) -> RepositoryClass:
    """Let every public method raise errors of ours where the driver raises its own.

    They are `ServiceUnavailable` where MongoDB does not answer and `InvalidRequest` for a record that it cannot hold.
    """
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and callable(method):
            setattr(cls, name, _translating(method))
    return cls


def _translating(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except ConnectionFailure as error:
            raise ServiceUnavailable("mongodb", str(error)) from error
        except DocumentTooLarge as error:  # found by the driver
            raise InvalidRequest("body", "is too large to be kept") from error
        except PyMongoError as error:
            if error.timeout:
                raise ServiceUnavailable("mongodb", str(error)) from error
            if isinstance(error, OperationFailure) and error.code in TOO_LARGE_CODES:  # found by the server
                raise InvalidRequest("body", "is too large to be kept") from error
            raise KbSyncError(f"MongoDB refused {method.__qualname__}: {error}") from error

    return call

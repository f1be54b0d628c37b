"""The one table from domain errors to HTTP."""

from collections.abc import Iterator

import pytest

from api.errors import status_of
from api.operations import ERROR_EXAMPLES
from shared import errors
from shared.errors import KbSyncError, RequestError


def kinds_below(kind: type[KbSyncError]) -> Iterator[type[KbSyncError]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_below(each)


CONTRACT = {
    "1000": 500,
    "1001": 503,
    "1002": 400,
    "1003": 404,
    "1004": 405,
    "1005": 401,
    "1006": 403,
    "1007": 429,
    "1008": 409,
    "2001": 404,
    "2002": 400,
    "3001": 404,
    "3002": 500,
    "3003": 400,
    "3004": 400,
    "3005": 400,
    "7001": 404,
    "7002": 400,
    "7003": 400,
    "7004": 400,
    "7005": 400,
    "8002": 500,
    "9001": 404,
}


@pytest.mark.parametrize("kind", list(kinds_below(RequestError)))
def test_request_errors_have_the_status_of_their_code(kind: type[KbSyncError]) -> None:
    assert status_of(kind) == CONTRACT[kind.code]


def test_backing_services_are_503() -> None:
    unavailable = [errors.ServiceUnavailable, errors.VectorStoreFailed, *kinds_below(errors.ObjectStoreError)]
    assert {status_of(kind) for kind in unavailable} == {503}


def test_any_other_error_is_500() -> None:
    assert status_of(KbSyncError) == 500


@pytest.mark.parametrize("kind", list(ERROR_EXAMPLES))
def test_documented_example_is_of_its_kind(kind: type[KbSyncError]) -> None:
    assert type(ERROR_EXAMPLES[kind]) is kind

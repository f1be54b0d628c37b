"""An S3 server for whichever test asks for one: started once, its buckets are one test's own."""

import uuid
from collections.abc import Iterator

import pytest

from tests.samples.s3_server import S3Server, running_s3_server


@pytest.fixture(scope="session")
def shared_s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3_server(tmp_path_factory.mktemp("s3") / "s3.log") as server:
        yield server


@pytest.fixture
def s3_server(shared_s3_server: S3Server) -> Iterator[S3Server]:
    """A running server that does what it should; faults that a test orders end with it."""
    yield shared_s3_server
    shared_s3_server.fail()


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """A new empty bucket."""
    return s3_server.make_bucket(f"bucket-{uuid.uuid4().hex[:12]}")

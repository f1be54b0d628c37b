"""A MongoDB server of our own: a replica set of one, since majority writes and transactions need a replica set."""

from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from shared.embedded.binaries import find_mongod
from shared.embedded.child import Command
from shared.embedded.ports import LOOPBACK

REPLICA_SET = "rs0"
CACHE_GIGABYTES = 0.5
OPLOG_MEGABYTES = 990  # MongoDB's own least default
NOT_YET_INITIALIZED = 94  # MongoDB error code
PROBE_MILLISECONDS = 1000


def mongod_command(*, port: int, directory: Path) -> Command:
    """Return how to run mongod on `port` with its data in `directory`, which is made where it is missing.

    Raises:
        BinaryUnavailable: no mongod runs on this machine.
    """
    directory.mkdir(parents=True, exist_ok=True)
    program = find_mongod(libraries=directory.with_name(f"{directory.name}-libraries"))
    arguments = (
        *(str(program.path), "--dbpath", str(directory), "--port", str(port), "--bind_ip", LOOPBACK),
        *("--replSet", REPLICA_SET, "--wiredTigerCacheSizeGB", str(CACHE_GIGABYTES), "--nounixsocket"),
        *("--oplogSize", str(OPLOG_MEGABYTES), "--setParameter", "diagnosticDataCollectionEnabled=false"),
        "--quiet",
    )
    return Command("mongod", arguments, program.environment, grace_seconds=20.0)


def mongodb_url(port: int) -> str:
    """Return the URL of the server on `port`."""
    return f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}"


def make_primary(port: int) -> bool:
    """Take the next step towards a primary and tell whether the server is one; call it until it is.

    The replica set is initiated once; data that was last served on another port gets a configuration with this one.
    """
    with MongoClient[dict[str, object]](
        LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=PROBE_MILLISECONDS
    ) as client:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            _configure(client, port)
        except (ConnectionFailure, OperationFailure):
            return False
    return False


def _configure(client: MongoClient[dict[str, object]], port: int) -> None:
    host = f"{LOOPBACK}:{port}"
    wanted = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
    try:
        present = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", wanted)
        return
    if present["members"][0]["host"] != host:
        client.admin.command("replSetReconfig", {**present, "members": wanted["members"]}, force=True)

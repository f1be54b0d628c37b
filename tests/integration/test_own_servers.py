"""The servers that the stack brings along, one by one."""

from pathlib import Path

from pymongo import MongoClient, WriteConcern
from redis import Redis

from shared.embedded import mongod
from shared.embedded.child import Child, stop_together
from shared.embedded.health import wait_until
from shared.embedded.ports import free_port


def test_mongod_takes_majority_writes_in_a_transaction(mongodb_url: str, database_name: str) -> None:
    with MongoClient[dict[str, object]](mongodb_url) as client:
        notes = client.get_database(database_name, write_concern=WriteConcern("majority")).notes
        with client.start_session() as session, session.start_transaction():
            notes.insert_one({"_id": 1}, session=session)
            notes.insert_one({"_id": 2}, session=session)
        assert notes.count_documents({}) == 2


def test_redis_keeps_every_entry_and_writes_it_down(redis_url: str) -> None:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.dbsize() == 0
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_mongodb_data_is_served_again_on_another_port(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    for port, expected in ((first, 1), (second, 2)):
        child = Child(mongod.mongod_command(port=port, directory=tmp_path / "mongodb"), log=tmp_path / "mongod.log")
        child.start()
        try:
            wait_until(lambda port=port: mongod.make_primary(port), seconds=60, what="no primary")  # type: ignore[misc]
            with MongoClient[dict[str, object]](mongod.mongodb_url(port)) as client:
                client.kbsync.starts.insert_one({"port": port})
                assert client.kbsync.starts.count_documents({}) == expected
        finally:
            stop_together([child])
        assert not child.is_alive

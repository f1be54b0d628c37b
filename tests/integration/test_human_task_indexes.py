"""The indexes of human-in-the-loop tasks and sync logs: they exist, and every list is read and sorted by one."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, combinations
from typing import Any

import pytest

from shared import clock
from shared.human_tasks import HumanTaskChanges, NewSyncLog
from shared.repositories import database
from shared.repositories.human_sync_logs import HumanSyncLogRepository
from shared.repositories.human_tasks import HumanTaskRepository

START = datetime.fromisoformat("2024-01-20T10:00:00+00:00")
RECORDS = 60
QUERY_FIELDS = ("find", "filter", "sort", "skip", "limit")
TASK_FILTERS = {"task_id": "t7", "user_id": "u1", "token_id": "k2"}
LOG_FILTERS = {"task_id": "t7", "user_id": "u1", "sync_status": "FAILED"}


def every_combination(filters: Mapping[str, str]) -> list[dict[str, str]]:
    """Return no filter, each, each pair and all."""
    chosen = chain.from_iterable(combinations(filters.items(), size) for size in range(len(filters) + 1))
    return [dict(some) for some in chosen]


@pytest.fixture(scope="module")
def mongo(mongodb_url: str) -> Iterator[Any]:
    """A database with some of everything, in which the server notes what it was asked."""
    connected: Any = database.connect(mongodb_url, "test_human_task_indexes", timeout_seconds=20)
    tasks, logs = HumanTaskRepository(connected), HumanSyncLogRepository(connected)
    tasks.create_indexes()
    logs.create_indexes()
    for number in range(RECORDS):
        owner = {"user_id": f"u{number % 3}", "token_id": f"k{number % 4}"}
        at = START + timedelta(seconds=number)
        tasks.insert(HumanTaskChanges(task_id=f"t{number}", timestamp=at, conversations=(), metadata={}, **owner))
        status = "FAILED" if number % 5 == 0 else "SUCCESS"
        logs.insert(NewSyncLog(task_id=f"t{number % 9}", sync_status=status, synced_at=clock.now(), **owner))
    connected.command("profile", 2)
    yield connected
    connected.command("profile", 0)
    connected.client.drop_database(connected.name)
    connected.client.close()


def indexes(collection: Any) -> dict[tuple[str, ...], bool]:
    """Return the fields of each index, and whether it is unique."""
    return {
        tuple(field for field, _ in index["key"]): index.get("unique", False)
        for index in collection.index_information().values()
    }


def stages(plan: Any) -> list[str]:
    """Return the names of a plan's stages."""
    if isinstance(plan, list):
        return [name for each in plan for name in stages(each)]
    if not isinstance(plan, dict):
        return []
    own = [str(plan["stage"])] if "stage" in plan else []
    return own + [name for each in plan.values() for name in stages(each)]


def last_find(mongo: Any, collection: str) -> dict[str, Any]:
    """Return the query of the latest list as it went over the wire, and what the server says of how it ran."""
    notes = mongo["system.profile"].find({"command.find": collection}).sort("$natural", -1).limit(1)
    note: dict[str, Any] = notes[0]
    return note


def check_plan(mongo: Any, collection: str) -> None:
    note = last_find(mongo, collection)
    assert "IXSCAN" in note["planSummary"]
    assert not note.get("hasSortStage", False)
    query = {field: note["command"][field] for field in QUERY_FIELDS if field in note["command"]}
    explained = mongo.command("explain", query, verbosity="executionStats")
    found = stages(explained["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in found
    assert not {"COLLSCAN", "SORT"} & set(found)


def test_indexes_of_tasks_are_those_of_the_document(mongo: Any) -> None:
    found = indexes(mongo["human_tasks"])
    named = [("user_id",), ("token_id",), ("timestamp",), ("conversations.conversation_id",)]
    assert found[("task_id",)] is True
    assert {fields: found[fields] for fields in named} == dict.fromkeys(named, False)


def test_indexes_of_logs_are_those_of_the_document(mongo: Any) -> None:
    found = indexes(mongo["human_sync_logs"])
    named = [("task_id",), ("user_id",), ("synced_at",)]
    assert {fields: found[fields] for fields in named} == dict.fromkeys(named, False)


def test_indexes_may_be_created_again(mongo: Any) -> None:
    before = indexes(mongo["human_tasks"]), indexes(mongo["human_sync_logs"])
    HumanTaskRepository(mongo).create_indexes()
    HumanSyncLogRepository(mongo).create_indexes()
    assert (indexes(mongo["human_tasks"]), indexes(mongo["human_sync_logs"])) == before


@pytest.mark.parametrize("filters", every_combination(TASK_FILTERS), ids=", ".join)
@pytest.mark.parametrize("skip", [0, 3])
def test_list_of_tasks_is_read_and_sorted_by_an_index(mongo: Any, filters: dict[str, str], skip: int) -> None:
    found = HumanTaskRepository(mongo).list_newest(filters, skip=skip, limit=10)
    assert [task.created_at for task in found] == sorted((task.created_at for task in found), reverse=True)
    assert last_find(mongo, "human_tasks")["command"]["filter"] == filters
    check_plan(mongo, "human_tasks")


@pytest.mark.parametrize("filters", every_combination(LOG_FILTERS), ids=", ".join)
@pytest.mark.parametrize("skip", [0, 3])
def test_list_of_logs_is_read_and_sorted_by_an_index(mongo: Any, filters: dict[str, str], skip: int) -> None:
    HumanSyncLogRepository(mongo).list_newest(filters, skip=skip, limit=10)
    assert last_find(mongo, "human_sync_logs")["command"]["filter"] == filters
    check_plan(mongo, "human_sync_logs")


def test_plan_without_an_index_would_be_noticed(mongo: Any) -> None:
    list(mongo["human_sync_logs"].find({"error_message": "x"}).limit(10))
    with pytest.raises(AssertionError):
        check_plan(mongo, "human_sync_logs")
    list(mongo["human_sync_logs"].find({"task_id": "t1"}).sort("token_id"))
    with pytest.raises(AssertionError):
        check_plan(mongo, "human_sync_logs")

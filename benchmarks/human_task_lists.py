"""Fill MongoDB with human-in-the-loop tasks and sync logs, and time every list call over HTTP:

python -m benchmarks.human_task_lists --logs 1000000
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from pymongo import MongoClient
from pymongo.collection import Collection

from api.human_task_examples import NEW_SYNC_LOG, NEW_TASK
from benchmarks.stack import running_stack

BATCH = 10_000
USERS = 100
LOGS_OF_A_TASK = 10
FAILED_EVERY = 1_000
QUIET_USER = "user1"
"""None of its logs failed: number % 100 is 1, and a failed one's is 0."""

START = datetime(2024, 1, 20, 10, tzinfo=UTC)
DATABASE = "benchmark"

Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=50, help="how often each list is asked for")
    arguments = parser.parse_args()
    with running_stack(KBSYNC_MONGODB_DATABASE=DATABASE) as state, MongoClient[Record](state.mongodb_url) as client:
        logs, tasks = client[DATABASE]["human_sync_logs"], client[DATABASE]["human_tasks"]
        fill(logs, (log(number) for number in range(arguments.logs)))
        fill(tasks, (task(number) for number in range(arguments.tasks)))
        for path in paths(arguments.logs, arguments.tasks):
            print(measure(f"{state.api_url}/api/v1{path}", calls=arguments.calls), path)
        for filters in ({}, {"task_id": "task5"}, {"user_id": "user0"}, {"sync_status": "FAILED"}):
            print_plan(logs, filters, [("synced_at", -1), ("_id", -1)])
        print_plan(logs, {"user_id": QUIET_USER, "sync_status": "FAILED"}, [("synced_at", -1), ("_id", -1)])
        print_plan(tasks, {"task_id": "task5"}, [])
        for filters in ({}, {"user_id": "user7"}, {"token_id": "token7"}):
            print_plan(tasks, filters, [("created_at", -1), ("_id", -1)])


def log(number: int) -> Record:
    return {
        **NEW_SYNC_LOG,
        "task_id": f"task{number // LOGS_OF_A_TASK}",
        "user_id": f"user{number % USERS}",
        "sync_status": "FAILED" if number % FAILED_EVERY == 0 else "SUCCESS",
        "synced_at": START + timedelta(seconds=number),
    }


def task(number: int) -> Record:
    at = START + timedelta(seconds=number)
    owner = {"user_id": f"user{number % USERS}", "token_id": f"token{number % USERS}"}
    return {
        **NEW_TASK,
        "task_id": f"task{number}",
        **owner,
        "timestamp": at,
        "created_at": at,
        "updated_at": at,
    }


def fill(collection: Collection[Record], records: Iterator[Record]) -> None:
    """Insert batch by batch, so that the memory stays small; every index is there already."""
    began, batch = time.monotonic(), list[Record]()
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            collection.insert_many(batch, ordered=False)
            batch.clear()
    if batch:
        collection.insert_many(batch, ordered=False)
    seconds = time.monotonic() - began
    print(f"{collection.estimated_document_count():,} in {collection.name}, {seconds:.0f} s")


def paths(logs: int, tasks: int) -> list[str]:
    """Return the list calls: newest first, deep, filtered by each field and by several."""
    log_list, task_list, a_task = "/tasks/sync/logs?limit=100", "/tasks?limit=100", f"task{logs // 20}"
    return [
        log_list,
        f"{log_list}&skip={logs // 2}",
        f"{log_list}&skip={logs - 100}",
        f"{log_list}&skip=2147483647",
        "/tasks/sync/logs?limit=1000",
        f"{log_list}&task_id={a_task}",
        f"{log_list}&user_id={QUIET_USER}",
        f"{log_list}&user_id={QUIET_USER}&skip={logs // USERS - 100}",
        f"{log_list}&sync_status=FAILED",
        f"{log_list}&sync_status=SUCCESS&skip={logs // 2}",
        f"{log_list}&user_id=user0&sync_status=FAILED",
        f"{log_list}&user_id={QUIET_USER}&sync_status=FAILED",
        f"{log_list}&task_id={a_task}&user_id={QUIET_USER}&sync_status=SUCCESS",
        f"{log_list}&user_id=nobody",
        task_list,
        f"{task_list}&skip={tasks - 100}",
        "/tasks?limit=1000",
        f"{task_list}&task_id=task{tasks // 2}",
        f"{task_list}&user_id=user7",
        f"{task_list}&token_id=token7",
        f"{task_list}&user_id=user7&token_id=token8",
    ]


def measure(url: str, *, calls: int) -> str:
    """Ask again and again, and return the middle and the slowest time with the number of entries."""
    taken: list[float] = []
    with requests.Session() as session:
        for _ in range(calls):
            began = time.perf_counter()
            response = session.get(url, timeout=60)
            taken.append((time.perf_counter() - began) * 1000)
            response.raise_for_status()
    return f"p50 {statistics.median(taken):8.1f} ms  max {max(taken):8.1f} ms  {len(response.json()):4} entries "


def print_plan(collection: Collection[Record], filters: Record, order: list[tuple[str, int]]) -> None:
    """Say which stages the server runs for a list as the repositories ask for it."""
    cursor = collection.find(filters).limit(100)
    explained = (cursor.sort(order) if order else cursor).explain()
    plan, run = explained["queryPlanner"]["winningPlan"], explained["executionStats"]
    examined = f"{run['totalKeysExamined']} keys, {run['totalDocsExamined']} records"
    print(collection.name, json.dumps(filters), "->", " < ".join(_stages(plan)), f"({examined})")


def _stages(plan: Record) -> list[str]:
    own = f"{plan['stage']} {plan['indexName']}" if "indexName" in plan else str(plan["stage"])
    return [own, *(_stages(plan["inputStage"]) if "inputStage" in plan else [])]


if __name__ == "__main__":
    main()

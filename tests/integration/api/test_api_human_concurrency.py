"""Many writers on one task over HTTP: one record, no error, no field lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from api.human_task_examples import NEW_TASK
from shared.resources import Resources

WRITERS = 64
ROUNDS = 6
FIELDS = ("user_id", "token_id", "timestamp", "conversations", "metadata")


def value_of(field: str, writer: int, turn: int) -> object:
    mark = f"{writer}-{turn}"
    values: dict[str, object] = {
        "user_id": mark,
        "token_id": mark,
        "timestamp": f"2024-01-20T10:00:00.{writer:02}{turn}Z",
        "conversations": [{"conversation_id": mark, "provider_id": None, "requests": []}],
        "metadata": {"source": mark},
    }
    return values[field]


@pytest.fixture
def tasks_url(live_servers: Callable[[], str]) -> str:
    return f"{live_servers()}/tasks"


def run_writers(write: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write, writer) for writer in range(WRITERS)]:
            done.result()


def test_parallel_creators_make_one_task(tasks_url: str, resources: Resources) -> None:
    barrier = Barrier(WRITERS)
    answers: list[tuple[int, str, bool]] = []

    def create(writer: int) -> None:
        barrier.wait()
        response = requests.post(tasks_url, json={**NEW_TASK, "user_id": str(writer)}, timeout=30)
        answers.append((response.status_code, response.json()["id"], response.json()["updated"]))

    run_writers(create)
    assert sorted(answers) == [(200, answers[0][1], True)] * (WRITERS - 1) + [(201, answers[0][1], False)]
    assert resources.database["human_tasks"].count_documents({}) == 1


def test_parallel_updates_of_different_fields_lose_none(tasks_url: str, resources: Resources) -> None:
    """The last write of a field is the last of one of its writers, whatever the writers of other fields did."""
    assert requests.post(tasks_url, json=NEW_TASK, timeout=30).status_code == 201

    def update(writer: int) -> None:
        field = FIELDS[writer % len(FIELDS)]
        with requests.Session() as session:
            for turn in range(ROUNDS):
                body = {"task_id": "task123", field: value_of(field, writer, turn)}
                response = session.post(tasks_url, json=body, timeout=30)
                assert response.status_code == 200, response.text

    run_writers(update)
    assert resources.database["human_tasks"].count_documents({}) == 1
    task = requests.get(f"{tasks_url}/task123", timeout=30).json()
    for position, field in enumerate(FIELDS):
        writers = range(position, WRITERS, len(FIELDS))
        assert task[field] in [value_of(field, writer, ROUNDS - 1) for writer in writers]

"""Many clients, two API servers, one knowledge base."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from shared.resources import Resources

REQUESTS = 200


def test_of_200_parallel_syncs_exactly_one_starts(
    live_servers: Callable[[], str], resources: Resources, pdf: Callable[..., bytes]
) -> None:
    urls = [live_servers(), live_servers()]
    kb_id = requests.post(f"{urls[0]}/knowledge-bases", json={"name": "parallel"}, timeout=30).json()["data"]["id"]
    requests.post(
        f"{urls[0]}/knowledge-bases/{kb_id}/documents/upload", files={"file": ("a.pdf", pdf("a"))}, timeout=30
    )

    def create(number: int) -> requests.Response:
        url = f"{urls[number % 2]}/knowledge-bases/{kb_id}/sync"
        return requests.post(url, json={"task_type": "full_sync"}, timeout=60)

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(create, range(REQUESTS)))
    assert Counter(response.status_code for response in responses) == {201: 1, 400: REQUESTS - 1}
    [task_id] = [response.json()["data"]["task_id"] for response in responses if response.status_code == 201]
    refusals = {
        (response.json()["error"]["code"], response.json()["error"]["details"]["running_task_id"])
        for response in responses
        if response.status_code == 400
    }
    assert refusals == {("7002", task_id)}
    assert [run.task_id for run in resources.runs.of_task(task_id)] == [task_id]
    assert resources.database["document_runs"].count_documents({}) == 1


def test_parallel_requests_with_one_idempotency_key_answer_one_task(
    live_servers: Callable[[], str], resources: Resources, pdf: Callable[..., bytes]
) -> None:
    url = live_servers()
    kb_id = requests.post(f"{url}/knowledge-bases", json={"name": "parallel"}, timeout=30).json()["data"]["id"]
    requests.post(f"{url}/knowledge-bases/{kb_id}/documents/upload", files={"file": ("a.pdf", pdf("a"))}, timeout=30)

    def create(_: int) -> requests.Response:
        path = f"{url}/knowledge-bases/{kb_id}/sync"
        return requests.post(path, json={"task_type": "full_sync"}, headers={"Idempotency-Key": "k"}, timeout=60)

    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(create, range(40)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["data"]["task_id"] for response in responses}) == 1
    assert resources.database["sync_tasks"].count_documents({}) == 1

"""A real API process under use and misuse of keys: no key stands in its logs, in MongoDB or in Redis."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo import MongoClient
from redis import Redis

from shared.access.keys import PresentedKey
from shared.embedded.health import http_answers, wait_until
from shared.embedded.ports import free_port

CLOUD_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PASSWORD = "hunter-two-of-flower"


@pytest.fixture
def environment(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KBSYNC_")}
    return {
        **inherited,
        "KBSYNC_MONGODB_URL": mongodb_url,
        "KBSYNC_MONGODB_DATABASE": database_name,
        "KBSYNC_REDIS_URL": redis_url,
        "KBSYNC_DATA_DIR": str(tmp_path),
        "DATA_DIR": str(tmp_path),
        "KBSYNC_API_KEYS_REQUIRED": "true",
        "KBSYNC_FLOWER_BASIC_AUTH": f"ops:{PASSWORD}",
        "KBSYNC_LOG_LEVEL": "DEBUG",
        "KBSYNC_API_PORT": str(free_port()),
        "AWS_SECRET_ACCESS_KEY": CLOUD_SECRET,
    }


@pytest.fixture
def log(environment: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "api.log"
    with path.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "api"], env=environment, stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{environment['KBSYNC_API_PORT']}/livez"
            wait_until(lambda: http_answers(url), seconds=120, what="the API did not start")
            yield path
        finally:
            process.terminate()
            process.wait(30)


def command(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "shared.commands", *arguments],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


def everything_kept(environment: dict[str, str]) -> str:
    kept: list[str] = []
    with MongoClient[dict[str, Any]](environment["KBSYNC_MONGODB_URL"]) as mongo:
        database = mongo[environment["KBSYNC_MONGODB_DATABASE"]]
        kept += [str(each) for name in database.list_collection_names() for each in database[name].find()]
    with Redis.from_url(environment["KBSYNC_REDIS_URL"]) as redis:
        kept += [str((name, redis.dump(name))) for name in redis.scan_iter()]
    return "\n".join(kept)


def test_keys_stand_in_no_log_and_no_database(environment: dict[str, str], log: Path) -> None:
    text = command(environment, "keys", "create", "--user", "alice", "--role", "writer")
    key = PresentedKey.parse(text)
    assert key is not None
    base = f"http://127.0.0.1:{environment['KBSYNC_API_PORT']}/api/v1"
    header = {"Authorization": f"Bearer {text}"}
    made = requests.post(f"{base}/knowledge-bases", json={"name": "Handbook"}, headers=header, timeout=60)
    assert made.status_code == 201
    kb_id = made.json()["data"]["id"]
    sent = requests.post(
        f"{base}/knowledge-bases/{kb_id}/documents/upload",
        files={"file": ("a.txt", b"some text")},
        headers={**header, "X-Request-ID": f"trace {text}"},
        timeout=60,
    )
    assert sent.status_code == 201
    sync = requests.post(
        f"{base}/knowledge-bases/{kb_id}/sync",
        json={"task_type": "full_sync"},
        headers={**header, "X-Request-ID": text, "Idempotency-Key": "once"},
        timeout=60,
    )
    assert sync.status_code == 201
    ticket = requests.post(f"{base}/stream-tickets", headers=header, timeout=60).json()["data"]["ticket"]
    for misuse in (
        f"{base}/stats?api_key={text}",
        f"{base}/documents/{text}",
        f"{base}/sync-tasks/task-1/events?ticket={ticket}",
        f"{base}/sync-tasks/{sync.json()['data']['task_id']}?ticket={ticket}&access_token={text}",
    ):
        requests.get(misuse, headers=header, timeout=60)
        requests.get(misuse, headers={"Authorization": f"Bearer {text}x"}, timeout=60)
    command(environment, "keys", "revoke", key.token_id)
    assert key.secret not in command(environment, "keys", "list")

    written, kept = log.read_text(), everything_kept(environment)
    assert f'"token_id": "{key.token_id}"' in written  # the log tells which key it was
    assert key.token_id in kept
    for secret in (key.secret, ticket, CLOUD_SECRET, PASSWORD):
        assert secret not in written
        assert secret not in kept

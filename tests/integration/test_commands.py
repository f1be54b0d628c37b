"""The command `kbsync`, run as an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.access.keys import PresentedKey, Role
from shared.commands import main
from shared.resources import Resources
from shared.services import api_keys, knowledge_bases
from shared.settings import Settings

SCRIPT = Path(sys.executable).with_name("kbsync")


@pytest.fixture
def resources(mongodb_url: str, redis_url: str, database_name: str) -> Iterator[Resources]:
    settings = Settings(mongodb_url=mongodb_url, mongodb_database=database_name, redis_url=redis_url)
    opened = Resources(settings, timeout_seconds=20)
    yield opened
    opened.close()


@pytest.fixture
def environment(resources: Resources, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "KBSYNC_MONGODB_URL": resources.settings.mongodb_url,
        "KBSYNC_MONGODB_DATABASE": resources.settings.mongodb_database,
        "DATA_DIR": str(tmp_path),
    }


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(SCRIPT), *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_a_key_is_made_listed_and_revoked(environment: dict[str, str], resources: Resources) -> None:
    made = run(environment, "keys", "create", "--user", "王 五", "--role", "writer")
    key = PresentedKey.parse(made.stdout.strip())
    assert key is not None
    assert key.secret not in made.stderr
    assert api_keys.verify(resources, key).role is Role.WRITER
    listed = run(environment, "keys", "list").stdout
    assert key.token_id in listed
    assert "王 五" in listed
    assert key.secret not in listed
    assert run(environment, "keys", "revoke", key.token_id).returncode == 0
    assert run(environment, "keys", "revoke", key.token_id).returncode == 0
    found = resources.api_keys.find(key.token_id)
    assert found is not None
    assert not found.active


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "revoke", "key-0000000000000000"),
        ("keys", "create", "--user", "", "--role", "reader"),
        ("keys", "create", "--user", " outer ", "--role", "reader"),
        ("give", "kb-unknown", "--user", "alice"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = run(environment, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [(), ("keys",), ("keys", "create", "--user", "a", "--role", "god")])
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_a_knowledge_base_is_given_away(environment: dict[str, str], resources: Resources) -> None:
    kb_id = knowledge_bases.create(resources, name="Handbook").knowledge_base.id
    assert run(environment, "give", kb_id, "--user", "alice").stdout.strip() == f"{kb_id} belongs to alice"
    assert resources.knowledge_bases.get(kb_id).user_id == "alice"


def test_without_mongodb_it_says_so(environment: dict[str, str]) -> None:
    away = {**environment, "KBSYNC_MONGODB_URL": "mongodb://user:password@127.0.0.1:1/?replicaSet=rs0"}
    done = run(away, "keys", "list")
    assert done.returncode == 1
    assert "mongodb" in done.stderr
    assert "password" not in done.stderr

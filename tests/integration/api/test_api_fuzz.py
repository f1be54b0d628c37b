"""A schema-driven fuzz over every route: no 5xx, and no answer that the OpenAPI description does not foresee.

KBSYNC_FUZZ_EXAMPLES and KBSYNC_FUZZ_SEED make the run longer or another one.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api.main import create_app
from api.paths import BASE_PATH
from shared.queue import QueueName
from shared.resources import Resources
from shared.settings import Settings
from shared.worker_presence import PREFIX

EXAMPLES = os.environ.get("KBSYNC_FUZZ_EXAMPLES", "5")
SEED = os.environ.get("KBSYNC_FUZZ_SEED", "1")
TIMEOUT_SECONDS = 1800
KNOWLEDGE_BASES = 6
WORKER = "worker@fuzz"

CONFIGURATION = """
# The contract answers 400 where a well-formed request cannot be done (2002, 7002, 7004), and JSON Schema has no words
# for what MongoDB cannot keep: NUL, numbers beyond 64 bits, `$` before the name of a field.
checks.positive_data_acceptance.enabled = false

# It is the address of a task named `sync` too, which can be read and deleted; `Allow` names these methods rightly.
[[operations]]
include-path-regex = "/tasks/sync$"
checks.allow_header_conformance.enabled = false
"""


def fill(client: TestClient) -> dict[str, list[str]]:
    """Make what the paths name, so that the fuzz comes further than to 404."""
    made: dict[str, list[str]] = {"kb_id": [], "doc_id": [], "task_id": ["t1", "t2"]}
    for number in range(KNOWLEDGE_BASES):
        created = client.post(f"{BASE_PATH}/knowledge-bases", json={"name": f"知识库 {number}"}).json()
        base = f"{BASE_PATH}/knowledge-bases/{created['data']['id']}"
        files = {"file": (f"{number}.pdf", b"%%PDF-1.7\n%d" % number)}
        document = client.post(f"{base}/documents/upload", files=files).json()
        made["kb_id"].append(created["data"]["id"])
        made["doc_id"].append(document["data"]["id"])
        if number % 2:
            task = client.post(f"{base}/sync", json={"task_type": "full_sync"}).json()
            made["task_id"].append(task["data"]["task_id"])
    for task_id in made["task_id"][:2]:
        whole = {"task_id": task_id, "timestamp": "2024-01-20T10:00:00Z", "conversations": [], "metadata": {}}
        assert client.post(f"{BASE_PATH}/tasks/sync", json=whole).status_code == 201
    return made


def described_for_fuzz(description: dict[str, Any], made: dict[str, list[str]]) -> dict[str, Any]:
    """Add the second prefix, offer ids that exist, and take away `default`, which foresees any failure.

    The stream of a running task goes too: it has no end.
    """
    del description["paths"][f"{BASE_PATH}/sync-tasks/{{task_id}}/events"]
    for path in [path for path in description["paths"] if path.startswith(f"{BASE_PATH}/tasks")]:
        copied = json.dumps(description["paths"][path]).replace('"operationId": "', '"operationId": "humanloop_')
        description["paths"][path.replace("/tasks", "/humanloop/tasks")] = json.loads(copied)
    for operations in description["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)
            for parameter in operation.get("parameters", ()):
                if known := made.get(parameter["name"]):
                    parameter["schema"] = {"anyOf": [{"enum": known}, parameter["schema"]]}
    return description


def test_no_answer_is_a_5xx_or_undescribed(
    live_servers: Callable[[], str],
    api_client: TestClient,
    api_settings: Settings,
    resources: Resources,
    tmp_path: Path,
) -> None:
    resources.presence.announce(WORKER, [str(name) for name in QueueName])
    resources.redis.persist(f"{PREFIX}{WORKER}")  # without any worker /health rightly answers 503
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(described_for_fuzz(create_app(api_settings).openapi(), fill(api_client))))
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run", str(description)),
        *("--url", live_servers().removesuffix(BASE_PATH)),
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES, "--seed", SEED),
        *("--continue-on-failure", "--generation-database", "none", "--suppress-health-check", "all", "--no-color"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]
    operations = re.search(r"Tested: (\d+)", run.stdout)
    cases = re.search(r"(\d+) generated", run.stdout)
    assert operations is not None
    assert cases is not None
    assert int(operations[1]) == sum(len(path) for path in json.loads(description.read_text())["paths"].values())
    assert int(cases[1]) >= 1000

"""docker-compose.yml and the embedded stack run the same processes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.embedded.processes import SERVICES, ServiceProcess, arguments_for
from shared.settings import Settings

ROOT = Path(__file__).parents[3]
IN_A_CONTAINER = {
    "suffix": "",
    "cores": 2,
    "embed_processes": 1,
    "run_dir": "/data",
    "flower_address": "0.0.0.0",
    "flower_port": 5555,
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert isinstance(services, dict)
    return services


def test_the_file_has_these_services_and_the_two_servers(services: dict[str, Any]) -> None:
    assert set(services) == {service.name for service in SERVICES} | {"mongo", "redis"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_container_runs_the_command_of_the_process_table(service: ServiceProcess, services: dict[str, Any]) -> None:
    assert services[service.name]["command"] == ["python", *arguments_for(service, **IN_A_CONTAINER)]
    assert services[service.name]["stop_grace_period"] == f"{service.grace_seconds:.0f}s"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_variable_of_a_container_is_a_setting(service: ServiceProcess, services: dict[str, Any]) -> None:
    variables = set(services[service.name]["environment"])
    assert variables <= {f"KBSYNC_{name.upper()}" for name in Settings.model_fields}
    assert {"KBSYNC_MONGODB_URL", "KBSYNC_REDIS_URL", "KBSYNC_DATA_DIR"} <= variables


def test_published_ports_stay_on_loopback(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_redis_keeps_everything(services: dict[str, Any]) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command

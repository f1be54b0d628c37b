from pathlib import Path

import pytest

from shared.embedded.errors import StackError
from shared.embedded.processes import SERVICES, service_command
from shared.embedded.stack import Stack, read_stack
from shared.queue import QueueName


def make_stack(data_dir: Path, *, api_port: int = 8000, cores: int = 2) -> Stack:
    return Stack(
        data_dir, "127.0.0.1", api_port, 5555, mongodb_url=None, redis_url=None, cores=cores, embed_processes=3
    )


def commands(stack: Stack) -> dict[str, tuple[str, ...]]:
    made = [
        service_command(service, stack=stack, mongodb_url="mongodb://m", redis_url="redis://r") for service in SERVICES
    ]
    return {command.name: command.arguments for command in made}


def after(arguments: tuple[str, ...], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def test_every_queue_has_exactly_one_worker(tmp_path: Path) -> None:
    workers = [arguments for name, arguments in commands(make_stack(tmp_path)).items() if "worker-" in name]
    queues = [queue for arguments in workers for queue in after(arguments, "-Q").split(",")]
    assert sorted(queues) == sorted(map(str, QueueName))


def test_the_cpu_worker_has_a_process_per_core(tmp_path: Path) -> None:
    assert after(commands(make_stack(tmp_path, cores=7))["worker-cpu"], "-c") == "7"


def test_worker_names_differ_between_stacks_on_one_machine(tmp_path: Path) -> None:
    names = [
        after(arguments, "-n")
        for port in (8000, 8001)
        for arguments in commands(make_stack(tmp_path, api_port=port)).values()
        if "-n" in arguments
    ]
    assert len(set(names)) == 6


def test_children_are_told_where_everything_is(tmp_path: Path) -> None:
    command = service_command(
        SERVICES[0],
        stack=make_stack(tmp_path, api_port=8123),
        mongodb_url="mongodb://m",
        redis_url="redis://r",
    )
    assert command.environment["KBSYNC_MONGODB_URL"] == "mongodb://m"
    assert command.environment["KBSYNC_REDIS_URL"] == "redis://r"
    assert command.environment["KBSYNC_API_PORT"] == "8123"
    assert Path(command.environment["KBSYNC_DATA_DIR"]).is_absolute()


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("DATA_DIR", "API_PORT", "FLOWER_PORT", "KBSYNC_MONGODB_URL", "KBSYNC_REDIS_URL", "KBSYNC_API_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_without_settings_the_stack_brings_its_own_servers(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack = read_stack()
    assert (stack.api_port, stack.flower_port, stack.data_dir) == (8000, 5555, tmp_path / ".data")
    assert (stack.mongodb_url, stack.redis_url) == (None, None)


def test_servers_named_in_the_environment_or_in_dot_env_are_used(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean_environment.setenv("KBSYNC_REDIS_URL", "redis://elsewhere:6379/0")
    (tmp_path / ".env").write_text("KBSYNC_MONGODB_URL=mongodb://elsewhere/\n", encoding="utf-8")
    stack = read_stack()
    assert (stack.mongodb_url, stack.redis_url) == ("mongodb://elsewhere/", "redis://elsewhere:6379/0")


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_named(clean_environment: pytest.MonkeyPatch, text: str) -> None:
    clean_environment.setenv("API_PORT", text)
    with pytest.raises(StackError, match=f"API_PORT={text} is not a port"):
        read_stack()

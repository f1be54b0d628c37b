"""The service's own processes as data: what the embedded stack and docker-compose.yml both run."""

import sys
from dataclasses import dataclass

from shared.embedded.child import DATA_DIR_VARIABLE, Command
from shared.embedded.ports import LOOPBACK
from shared.embedded.stack import Stack

WORKER_GRACE_SECONDS = 20.0
# Neither is needed (no revokes, no leader election among workers), and each costs start time or Redis commands.
LEAN = ("--without-gossip", "--without-mingle")


@dataclass(frozen=True)
class ServiceProcess:
    """A Python process of the service.

    `arguments` follow the interpreter; `{suffix}` (of worker names), `{cores}`, `{embed_processes}`, `{run_dir}`,
    `{flower_address}` and `{flower_port}` are filled in for the place where it runs.
    """

    name: str
    arguments: tuple[str, ...]
    grace_seconds: float = 10.0


def _worker(name: str, queues: str, processes: str) -> ServiceProcess:
    return ServiceProcess(
        f"worker-{name}",
        (
            *("-m", "celery", "-A", "worker.app", "worker", "-n", f"{name}{{suffix}}@%h"),
            *("-Q", queues, "-c", processes, *LEAN),
        ),
        grace_seconds=WORKER_GRACE_SECONDS,
    )


SERVICES: tuple[ServiceProcess, ...] = (
    ServiceProcess("api", ("-m", "api")),
    _worker("control", "control,io", "2"),
    _worker("cpu", "cpu", "{cores}"),
    _worker("embed", "embed", "{embed_processes}"),
    ServiceProcess("beat", ("-m", "celery", "-A", "worker.app", "beat", "-s", "{run_dir}/beat-schedule")),
    ServiceProcess(
        "flower",
        ("-m", "worker.flower", "--address={flower_address}", "--port={flower_port}"),
    ),
)


def arguments_for(service: ServiceProcess, **places: object) -> tuple[str, ...]:
    """Return the arguments of `service` with its places filled in."""
    return tuple(argument.format(**places) for argument in service.arguments)


def service_command(service: ServiceProcess, *, stack: Stack, mongodb_url: str, redis_url: str) -> Command:
    """Return how `service` runs in `stack`, on this interpreter."""
    arguments = arguments_for(
        service,
        suffix=f"-{stack.api_port}",
        cores=stack.cores,
        embed_processes=stack.embed_processes,
        run_dir=stack.run_dir,
        flower_address=LOOPBACK,
        flower_port=stack.flower_port,
    )
    environment = {
        "KBSYNC_MONGODB_URL": mongodb_url,
        "KBSYNC_REDIS_URL": redis_url,
        DATA_DIR_VARIABLE: str(stack.data_dir),
        "KBSYNC_API_HOST": stack.api_host,
        "KBSYNC_API_PORT": str(stack.api_port),
        "PYTHONUNBUFFERED": "1",
    }
    return Command(service.name, (sys.executable, *arguments), environment, grace_seconds=service.grace_seconds)

"""What the figures were measured on."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    processor: str
    cores: int
    """Those that this process may use."""
    memory_gib: float
    system: str
    python: str
    revision: str
    """Of the checkout, `+` where it was changed since."""
    moment: str
    load: tuple[float, float, float]
    """Load averages of 1, 5 and 15 minutes before the run."""
    busy_percent: float
    """Processor time that others took in the second before the run, of all cores together."""

    @classmethod
    def now(cls) -> Self:
        return cls(
            processor=_processor(),
            cores=usable_cores(),
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            revision=_revision(),
            moment=datetime.now(UTC).isoformat(timespec="seconds"),
            load=os.getloadavg(),
            busy_percent=psutil.cpu_percent(interval=1.0),
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        load = " ".join(f"{value:.2f}" for value in self.load)
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gib} GiB, {self.system}, Python {self.python}, "
            f"revision {self.revision}\nload before the run {load}, cores busy {self.busy_percent:.0f}%"
        )


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in facts.items()}
    family = f" (family {named['cpu family']}, model {named['model']})" if "cpu family" in named else ""
    return named.get("model name", platform.machine()) + family


def _revision() -> str:
    try:
        described = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()

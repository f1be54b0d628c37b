"""The converters that are measured: ours, and others from an environment of their own.

Each runs in a process of its own, which says what it cost: `benchmarks/conversion/worker.py` for ours,
`benchmarks/peers/conversion/worker.py` with the Python of the peers' environment for the others.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / ".data/peers/conversion/bin/python"
_PEERS_WORKER = ROOT / "benchmarks/peers/conversion/worker.py"
_TIMEOUT_SECONDS = 1800.0


@dataclass(frozen=True)
class Cost:
    """What a run over some files cost; `cpu_seconds` and `peak_mib` are those of the converting process."""

    pages: int
    cpu_seconds: float
    peak_mib: float
    failed: tuple[str, ...]

    @property
    def cpu_ms_per_page(self) -> float:
        return 1000 * self.cpu_seconds / self.pages if self.pages else 0.0


@dataclass(frozen=True)
class Run:
    """The Markdown of each file by its stem, and the cost."""

    markdown: dict[str, str]
    cost: Cost


@dataclass(frozen=True)
class MeasuredConverter:
    """A converter by its name and the command that runs it over files."""

    name: str
    command: tuple[str, ...]

    def run(self, sources: Sequence[Path]) -> Run:
        """Convert the files in one process, after one conversion that warms it up and is not counted."""
        with TemporaryDirectory(prefix="kbsync-bench-") as directory:
            output = Path(directory)
            listed = output / "sources.json"
            listed.write_text(json.dumps([str(source.resolve()) for source in sources]), encoding="utf-8")
            subprocess.run(
                [*self.command, str(listed), str(output)],
                check=True,
                cwd=ROOT,
                timeout=_TIMEOUT_SECONDS,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            told = json.loads((output / "cost.json").read_text(encoding="utf-8"))
            markdown = {path.stem: path.read_text(encoding="utf-8") for path in output.glob("*.md")}
        return Run(markdown, Cost(told["pages"], told["cpu_seconds"], told["peak_mib"], failed=tuple(told["failed"])))


def measured_converters(*, with_peers: bool = True) -> list[MeasuredConverter]:
    """Return ours, and the peers when their environment is there."""
    converters = [MeasuredConverter("kbsync", (sys.executable, "-m", "benchmarks.conversion.worker"))]
    if with_peers and PEERS_PYTHON.exists():
        converters += [
            MeasuredConverter(name, (str(PEERS_PYTHON), str(_PEERS_WORKER), name))
            for name in ("pdfplumber", "markitdown", "liteparse")
        ]
    return converters

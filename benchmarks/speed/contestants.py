"""Who takes part in the comparison, and how one of them is run once."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed import service
from benchmarks.speed.machine import ROOT
from benchmarks.speed.one_pass import Pass, write_order

PEERS = ("llamaindex", "langchain")
CONTESTANTS = ("floor", "bare", "service", *PEERS)
_TIMEOUT_SECONDS = 3600.0


class PassFailed(Exception):
    """A contestant did not get to its end"""


@dataclass(frozen=True)
class Task:
    """What every contestant has to do."""

    sources: tuple[Path, ...]
    questions: tuple[str, ...]
    ocr: str
    keep: Path
    """Where a bare pass leaves what the floor reads."""


def peer_python(name: str) -> Path:
    """Return the Python of a peer's own environment, which may not be there."""
    return ROOT / ".data/peers" / name / "bin/python"


def missing_peers(names: Sequence[str]) -> list[str]:
    return [name for name in names if name in PEERS and not peer_python(name).exists()]


def run_once(name: str, task: Task, *, ask: bool) -> Pass:
    """Let one contestant do one pass; where `ask`, those who can search answer the questions after it."""
    questions = task.questions if ask else ()
    if name == "service":
        return service.run(task.sources, ocr=task.ocr, questions=questions)
    if name in PEERS:
        worker = ROOT / "benchmarks/peers" / name / "worker.py"
        return _in_process([str(peer_python(name)), str(worker)], task, questions=questions)
    return _in_process([sys.executable, "-m", f"benchmarks.speed.{name}"], task)


def keep_bare_pass(task: Task) -> None:
    """Run the stages once, unmeasured, for the texts and rows that the floor is made of."""
    _in_process([sys.executable, "-m", "benchmarks.speed.bare"], task, keep=task.keep)


def _in_process(command: list[str], task: Task, *, questions: Sequence[str] = (), keep: Path | None = None) -> Pass:
    with TemporaryDirectory(prefix="kbsync-pass-") as directory:
        order, output = Path(directory) / "order.json", Path(directory) / "pass.json"
        kept = keep or (task.keep if command[-1].endswith("floor") else None)
        write_order(order, task.sources, questions=questions, keep=kept)
        done = subprocess.run(
            [*command, str(order), str(output)],
            cwd=ROOT,
            env=os.environ | {"KBSYNC_OCR": task.ocr, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"},
            timeout=_TIMEOUT_SECONDS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode or not output.exists():
            raise PassFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return Pass.model_validate_json(output.read_text(encoding="utf-8"))

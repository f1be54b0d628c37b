"""Fault points: places inside a process where a fault that was ordered beforehand happens, once or for a while.

An order is a small file in a directory that the injector and the processes under test share, so that orders need
neither Redis nor MongoDB, which may be dead at the moment.
"""

import os
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tests.chaos.journal import FaultMet, Journal


class Action(StrEnum):
    """What happens at a point. The first three may happen anywhere, the others where a collaborator answers."""

    KILL = "kill"
    KILL_WORKER = "kill_worker"
    PAUSE = "pause"
    THROTTLED = "throttled"
    TIMED_OUT = "timed_out"
    WRONG_COUNT = "wrong_count"
    NOT_FINITE = "not_finite"
    DISK_FULL = "disk_full"
    UNAVAILABLE = "unavailable"


class Order(BaseModel):
    """A fault to happen at a point: at the pass after `passes` others, or at every pass until `until`."""

    model_config = ConfigDict(frozen=True)

    point: str
    action: Action
    passes: int = 0
    seconds: float = 0.0
    """How long a pause lasts."""
    until: float | None = None
    """Seconds since the epoch; None for an order that is carried out once."""


class FaultPoints:
    """The orders of one cluster; used by the injector and by every process under test."""

    def __init__(self, directory: Path) -> None:
        self._orders = directory / "orders"
        self._journal = Journal(directory)

    def place(self, order: Order) -> None:
        """Order a fault."""
        self._orders.mkdir(parents=True, exist_ok=True)
        draft = self._orders / f".{uuid.uuid4().hex}"
        draft.write_text(order.model_dump_json())
        draft.rename(self._orders / f"{order.passes:03d}-{uuid.uuid4().hex}")

    def withdraw(self) -> None:
        """Take back every order that was not carried out."""
        for path in self._paths():
            path.unlink(missing_ok=True)

    def meet(self, point: str) -> Action | None:
        """Pass a point: end here, rest here, or return what the collaborator shall answer with."""
        for path in self._paths():
            with suppress(FileNotFoundError):
                order = Order.model_validate_json(path.read_bytes())
                if order.point == point and self._is_due(path, order):
                    return self._carry_out(order)
        return None

    def _paths(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return [path for path in self._orders.iterdir() if not path.name.startswith(".")]
        return []

    def _is_due(self, path: Path, order: Order) -> bool:
        """Whether this pass is the one; renaming and unlinking succeed for one process only."""
        if order.until is not None:
            if time.time() < order.until:
                return True
            path.unlink()
            return False
        left = int(path.name[:3])
        if left > 0:
            path.rename(path.with_name(f"{left - 1:03d}{path.name[3:]}"))
            return False
        path.unlink()
        return True

    def _carry_out(self, order: Order) -> Action | None:
        self._journal.write(FaultMet(at=time.time(), point=order.point, action=str(order.action), pid=os.getpid()))
        match order.action:
            case Action.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Action.KILL_WORKER:
                os.killpg(os.getpgrp(), signal.SIGKILL)
            case Action.PAUSE:
                wake_up = f"sleep {order.seconds}; kill -CONT {os.getpid()}"
                subprocess.Popen(["sh", "-c", wake_up], start_new_session=True)
                os.kill(os.getpid(), signal.SIGSTOP)
                return None
        return order.action

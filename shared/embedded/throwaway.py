"""A stack that ends with the process that started it, however that ends: for demos and measurements."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from shared.embedded.child import Child, Command, stop_together
from shared.embedded.command import STOP_SECONDS
from shared.embedded.errors import StackError
from shared.embedded.ports import LOOPBACK, free_port
from shared.embedded.state import Phase, StackState, live_state, read_state


@contextmanager
def throwaway_stack(
    data_dir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    while_starting: AbstractContextManager[object] | None = None,
) -> Iterator[StackState]:
    """Run the embedded stack in `data_dir` on free ports, with further variables, and yield its state once healthy.

    `while_starting` is entered for the time of the start. Raises `StackError` where the stack does not start.
    """
    places = {
        "DATA_DIR": str(data_dir),
        "API_PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        # Nobody else reaches it, and whoever runs it has no key.
        "KBSYNC_API_HOST": LOOPBACK,
        "KBSYNC_API_KEYS_REQUIRED": "false",
    }
    command = Command(
        "stack", (sys.executable, "-m", "shared.embedded", "run"), places | dict(environment or {}), STOP_SECONDS
    )
    stack = Child(command, log=data_dir / "logs" / "supervisor.log")
    stack.start()
    try:
        with while_starting or nullcontext():
            state = _await_healthy(stack, data_dir / "run" / "stack.json")
        yield state
    finally:
        stop_together([stack])


def _await_healthy(stack: Child, state_file: Path) -> StackState:
    while (state := live_state(state_file)) is None or state.phase is not Phase.RUNNING:
        if not stack.is_alive:
            last = read_state(state_file)
            raise StackError(last.failure if last else stack.log.read_text(encoding="utf-8"))
        time.sleep(0.1)
    return state

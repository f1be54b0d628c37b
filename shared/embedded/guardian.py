"""Outlive the supervisor by a moment, to end what it can no longer end.

    python -I -S guardian.py < pipe from the supervisor

The pipe names process groups: `+<group>` when one starts, `-<group>` when it has ended. When the supervisor is gone
the pipe closes: the groups, to which the kernel has sent SIGTERM by then (`leash.py`), get a few seconds to end and
are killed, pool processes of Celery included. The lock of the stack is inherited: no new stack starts before that.
Only the standard library is used and nothing of this project is imported.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

GRACE_SECONDS = 6.0


class Guardian:
    """The supervisor's end of the pipe; a guardian that was killed is replaced at the next word to it."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._groups: set[int] = set()
        self._process = self._spawn()

    def add(self, group: int) -> None:
        """Have the process group ended when the supervisor is."""
        self._groups.add(group)
        self._tell(f"+{group}")

    def discard(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._groups.discard(group)
        self._tell(f"-{group}")

    def close(self) -> None:
        """Let the guardian end whatever is left, and wait for it."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(self._lock,),
        )

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self._process.wait()
            self._process = self._spawn()
            for group in self._groups:
                self._write(f"+{group}")

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()


def main() -> None:
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(_is_there, groups)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()

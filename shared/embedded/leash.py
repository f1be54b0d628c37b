"""Become another program that dies with the process that started it (Linux).

    python -I -S leash.py <pid of the parent> <program> [argument ...]

The kernel sends SIGTERM to this process when its parent ends, however it ends; the setting outlives `exec`. SIGTERM
and not SIGKILL, because a Celery parent that is killed outright leaves its pool behind. Only the standard library
is used and nothing of this project is imported: this runs before every process of the stack.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the process that started this one has ended already")
    os.execvp(command[0], command)  # noqa: S606  # there is no shell, which is what is wanted


if __name__ == "__main__":
    main()

"""Temporary files of worker processes: what a killed one left behind is removed when the next one starts."""

import atexit
import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)

_PREFIX, _LOCK = "worker-", ".lock"


class Scratch:
    """A directory for the temporary files of this process, below one that its siblings share.

    A locked file beside each directory tells that its process lives: the system unlocks it however the process ends,
    and no other process can be taken for it, as with process ids.
    """

    def __init__(self, root: Path) -> None:
        """Remove the directories of the dead below `root`, and make one for this process."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(root)
        self._lock, self._lock_path = _locked_file(root)
        self._pid = os.getpid()
        self.directory = self._lock_path.with_suffix("")
        self.directory.mkdir(mode=0o700)

    def close(self) -> None:
        """Remove the directory; of a process that was forked from the owner's, do nothing."""
        if os.getpid() != self._pid or self._lock < 0:
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1


def use_scratch() -> None:
    """Let all temporary files of this process, and of those that it starts, lie in a directory of its own.

    Called again after a fork, it makes one for the child beside that of its parent.
    """
    try:
        scratch = Scratch(_root())
    except OSError as error:
        logger.warning("temporary files are not tidied up", extra={"reason": str(error)})
        return
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch.directory)
    _used.append(scratch)
    atexit.register(scratch.close)


def leave_scratch() -> None:
    """Remove the directory of this process: one that ends without Python's farewell has to ask for it."""
    if _used:
        _used[-1].close()


_used: list[Scratch] = []


def _root() -> Path:
    """Return what the workers of this user on this host share."""
    if _used:
        return _used[0].directory.parent
    root = Path(tempfile.gettempdir()) / f"kbsync-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to somebody else")
    return root


def _locked_file(root: Path) -> tuple[int, Path]:
    while True:
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_LOCK, dir=root)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # a sibling swept it away before it was locked


def _sweep(root: Path) -> None:
    for path in root.glob(f"{_PREFIX}*{_LOCK}"):
        with contextlib.suppress(OSError):  # a sibling is quicker, or something still writes there: the next one tidies
            _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        directory = path.with_suffix("")
        if directory.exists():
            shutil.rmtree(directory)
        path.unlink()
    finally:
        os.close(descriptor)

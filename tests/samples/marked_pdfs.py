"""PDF files whose last line tells the converter of `faulty_worker` what to do."""

import os
from pathlib import Path

MARK = b"\n%kbsync-test "
KILL = b"kill"
WAIT_FOR = b"wait-for "


def killing(pdf: bytes) -> bytes:
    """Make a PDF whose conversion kills the worker process that asks for it, each time."""
    return pdf + MARK + KILL


def waiting(pdf: bytes, for_file: Path) -> bytes:
    """Make a PDF whose conversion takes until a file is there."""
    return pdf + MARK + WAIT_FOR + os.fsencode(for_file)


def deed_of(source: Path) -> bytes:
    """Return what a file asks for, nothing where it is an ordinary one."""
    _, mark, deed = source.read_bytes().rpartition(MARK)
    return deed if mark else b""

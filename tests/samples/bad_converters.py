"""Converters that misbehave, each in its own way, to be run in the sandbox."""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shared.converters.base import Block, BlockKind, ConversionLimits, ConvertedDocument


def _document(text: str) -> ConvertedDocument:
    block = Block(kind=BlockKind.PARAGRAPH, markdown=text, page_start=1, page_end=1)
    return ConvertedDocument(page_count=1, blocks=(block,))


class ObedientConverter:
    """Does what the file says: its text is the name of a misdeed, or what to answer."""

    @property
    def name(self) -> str:
        return "obedient"

    @property
    def version(self) -> str:
        return "1"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"text/plain"})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        output_dir.mkdir(parents=True, exist_ok=True)
        with (output_dir / "tries").open("a") as tries:
            tries.write(f"{os.getpid()}\n")
        deed = source.read_text()
        misdeed = _MISDEEDS.get(deed)
        if misdeed is not None:
            misdeed(source)
        return _document(deed)


class BrokenConverter(ObedientConverter):
    """Cannot be made in the child: its module asks for the environment of the parent."""

    def __init__(self) -> None:
        if "KBSYNC_TEST_ONLY_PARENT" not in os.environ:
            raise RuntimeError("not here")


def _segfault(source: Path) -> None:
    ctypes.string_at(0)


def _segfault_once(source: Path) -> None:
    marker = source.with_suffix(".seen")
    if not marker.exists():
        marker.touch()
        ctypes.string_at(0)


def _spin(source: Path) -> None:
    while True:
        pass


def _sleep_for_ever(source: Path) -> None:
    time.sleep(3600)


def _eat_memory(source: Path) -> None:
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def _grow(source: Path) -> None:
    _KEPT.append(bytearray(b"x") * (64 << 20))


def _print(source: Path) -> None:
    print("a library that talks on standard output")
    os.write(1, b"and one that writes to the descriptor\n")
    sys.stdout.flush()


def _raise(source: Path) -> None:
    raise KeyError("a bug")


def _tell_environment(source: Path) -> None:
    source.with_suffix(".env").write_text("\n".join(os.environ))


_KEPT: list[bytearray] = []
_MISDEEDS: dict[str, Callable[[Path], None]] = {
    "segfault": _segfault,
    "segfault once": _segfault_once,
    "spin": _spin,
    "sleep": _sleep_for_ever,
    "eat memory": _eat_memory,
    "grow": _grow,
    "print": _print,
    "raise": _raise,
    "environment": _tell_environment,
}

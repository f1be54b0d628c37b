"""The process in which pages are read: when it starts, when it ends, what its death costs."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile
from shared.ocr.pages import ReaderOptions, RecognizedPage
from shared.ocr.sandbox import SandboxedPageReader
from tests.samples.scans import blank, scan_pdf, written


def open_reader(*, idle_seconds: float = 60.0) -> SandboxedPageReader:
    return SandboxedPageReader(
        ReaderOptions(engine="ink", threads=1), memory_limit_bytes=1 << 30, idle_seconds=idle_seconds
    )


@pytest.fixture
def reader() -> Iterator[SandboxedPageReader]:
    opened = open_reader()
    yield opened
    opened.close()


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    pages = [written(["one"]), written(["one", "two"]), blank()]
    return scan_pdf(tmp_path / "scan.pdf", pages)


def read(reader: SandboxedPageReader, source: Path, page: int = 1, *, timeout_seconds: float = 60.0) -> RecognizedPage:
    return reader.read(
        source, content_type="application/pdf", page=page, timeout_seconds=timeout_seconds, should_stop=lambda: False
    )


def test_the_process_starts_with_the_first_page_and_stays_for_the_next(reader: SandboxedPageReader, scan: Path) -> None:
    assert reader.child_pid is None
    assert [len(read(reader, scan, page).lines) for page in (1, 2, 3)] == [1, 2, 0]
    pid = reader.child_pid
    assert pid is not None
    read(reader, scan)
    assert reader.child_pid == pid


def test_the_process_ends_when_it_is_idle_and_comes_back(scan: Path) -> None:
    reader = open_reader(idle_seconds=0.5)
    read(reader, scan)
    assert reader.child_pid is not None
    psutil.Process(reader.child_pid).wait(timeout=30)
    assert len(read(reader, scan, 2).lines) == 2
    reader.close()


def test_the_size_of_a_page_is_told_in_points(reader: SandboxedPageReader, scan: Path) -> None:
    page = read(reader, scan)
    assert page.width == pytest.approx(900 * 72 / 150, abs=1)
    assert page.lines[0].left == pytest.approx(60 * 72 / 150, abs=3)


def test_a_page_that_takes_too_long_is_given_up(reader: SandboxedPageReader, scan: Path) -> None:
    read(reader, scan)
    with pytest.raises(ConversionLimitExceeded):
        read(reader, scan, timeout_seconds=0.0)
    assert reader.child_pid is None
    assert len(read(reader, scan).lines) == 1


def test_a_cancel_ends_the_process(reader: SandboxedPageReader, scan: Path) -> None:
    with pytest.raises(Cancelled):
        reader.read(scan, content_type="application/pdf", page=1, timeout_seconds=60, should_stop=lambda: True)
    assert reader.child_pid is None


def test_a_process_that_dies_between_two_pages_costs_nothing(reader: SandboxedPageReader, scan: Path) -> None:
    read(reader, scan)
    assert reader.child_pid is not None
    os.kill(reader.child_pid, signal.SIGKILL)
    assert len(read(reader, scan, 2).lines) == 2


def test_several_threads_share_the_process(reader: SandboxedPageReader, scan: Path) -> None:
    found: dict[int, int] = {}

    def work(page: int) -> None:
        found[page] = len(read(reader, scan, page).lines)

    threads = [threading.Thread(target=work, args=(page,)) for page in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert found == {1: 1, 2: 2, 3: 0}


def test_a_file_that_is_none_is_damaged(reader: SandboxedPageReader, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(b"no file at all")
    with pytest.raises(DamagedFile):
        read(reader, source)

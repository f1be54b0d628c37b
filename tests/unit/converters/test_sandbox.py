import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.sandbox import Sandbox, SandboxedConverter
from shared.errors import (
    Cancelled,
    ConversionFailed,
    ConversionLimitExceeded,
    ConverterCrashed,
    UnexpectedStageError,
)

OBEDIENT = "tests.samples.bad_converters:ObedientConverter"

Run = Callable[..., ConvertedDocument]


@pytest.fixture
def sandbox() -> Iterator[SandboxedConverter]:
    converter = SandboxedConverter(OBEDIENT)
    yield converter
    converter.close()


@pytest.fixture
def run(sandbox: SandboxedConverter, tmp_path: Path) -> Run:
    """Convert a file with this text; one that stands for a misdeed makes the child commit it."""

    def convert(
        deed: str,
        *,
        limits: ConversionLimits | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        converter: SandboxedConverter = sandbox,
    ) -> ConvertedDocument:
        source = tmp_path / "source.txt"
        source.write_text(deed)
        return converter.convert(
            source, tmp_path / "out", limits=limits or ConversionLimits(timeout_seconds=60), should_stop=should_stop
        )

    return convert


def tries(tmp_path: Path) -> list[str]:
    return (tmp_path / "out" / "tries").read_text().split()


def test_the_child_stays_warm_between_documents(run: Run, tmp_path: Path) -> None:
    assert run("one").markdown == "one\n"
    assert run("two").markdown == "two\n"
    assert len(set(tries(tmp_path))) == 1


def test_no_child_runs_before_the_first_document(sandbox: SandboxedConverter) -> None:
    assert sandbox.child_pid is None
    assert sandbox.name == "obedient"


def test_a_crash_is_tried_once_more_in_a_fresh_child(run: Run, tmp_path: Path) -> None:
    assert run("segfault once").markdown == "segfault once\n"
    first, second = tries(tmp_path)
    assert first != second


def test_a_second_crash_is_the_end(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConverterCrashed, match="SIGSEGV"):
        run("segfault")
    assert len(tries(tmp_path)) == 2
    assert run("after").markdown == "after\n"


@pytest.mark.parametrize("deed", ["spin", "sleep"])
def test_the_time_limit_kills_the_child(run: Run, sandbox: SandboxedConverter, tmp_path: Path, deed: str) -> None:
    with pytest.raises(ConversionLimitExceeded, match=r"0\.5 seconds"):
        run(deed, limits=ConversionLimits(timeout_seconds=0.5))
    assert sandbox.child_pid is None
    assert not psutil.pid_exists(int(tries(tmp_path)[0]))
    assert run("after").markdown == "after\n"


def test_the_memory_limit_ends_the_document(run: Run) -> None:
    with pytest.raises(ConversionLimitExceeded, match="200 MiB"):
        run("eat memory", limits=ConversionLimits(timeout_seconds=60, memory_limit_bytes=200 << 20))
    assert run("after").markdown == "after\n"


def test_each_document_has_its_own_limits(run: Run, tmp_path: Path) -> None:
    run("small", limits=ConversionLimits(timeout_seconds=1, memory_limit_bytes=8 << 20))
    run("grow", limits=ConversionLimits(timeout_seconds=60, memory_limit_bytes=512 << 20))
    assert len(set(tries(tmp_path))) == 1


def test_the_kernel_limits_the_processor_time_too(run: Run, sandbox: SandboxedConverter) -> None:
    run("one", limits=ConversionLimits(timeout_seconds=30))
    assert sandbox.child_pid is not None
    child = psutil.Process(sandbox.child_pid)
    used = child.cpu_times()
    soft, _ = child.rlimit(psutil.RLIMIT_CPU)
    assert 30 <= soft <= used.user + used.system + 33
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)


def test_a_cancel_kills_the_child(run: Run, sandbox: SandboxedConverter, tmp_path: Path) -> None:
    def started() -> bool:
        return (tmp_path / "out" / "tries").exists()

    with pytest.raises(Cancelled):
        run("sleep", should_stop=started)
    assert sandbox.child_pid is None
    assert not psutil.pid_exists(int(tries(tmp_path)[0]))


def test_a_bug_in_the_converter_fails_the_document_alone(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConversionFailed, match="KeyError"):
        run("raise")
    assert run("after").markdown == "after\n"
    assert len(set(tries(tmp_path))) == 1


def test_what_a_library_prints_does_not_disturb(run: Run) -> None:
    assert run("print").markdown == "print\n"


def test_the_child_is_replaced_after_so_many_documents(run: Run, tmp_path: Path) -> None:
    converter = SandboxedConverter(OBEDIENT, sandbox=Sandbox(documents_per_child=2))
    for _ in range(5):
        run("x", converter=converter)
    converter.close()
    assert [tries(tmp_path).count(pid) for pid in dict.fromkeys(tries(tmp_path))] == [2, 2, 1]


def test_a_child_that_has_grown_is_replaced(run: Run, tmp_path: Path) -> None:
    converter = SandboxedConverter(OBEDIENT, sandbox=Sandbox(recycle_rss_bytes=64 << 20))
    run("grow", converter=converter)
    run("x", converter=converter)
    converter.close()
    assert len(set(tries(tmp_path))) == 2


def test_a_child_killed_between_two_documents_is_not_a_crash_of_the_next(
    run: Run, sandbox: SandboxedConverter, tmp_path: Path
) -> None:
    run("one")
    assert sandbox.child_pid is not None
    os.kill(sandbox.child_pid, signal.SIGKILL)
    psutil.Process(sandbox.child_pid).wait(timeout=10)
    assert run("two").markdown == "two\n"
    assert len(tries(tmp_path)) == 2


def test_the_child_sees_no_secrets_of_the_service(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    run("environment")
    names = (tmp_path / "source.env").read_text().split()
    assert "PATH" in names
    assert "AWS_SECRET_ACCESS_KEY" not in names


def test_a_converter_that_does_not_start_is_no_fault_of_the_document(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBSYNC_TEST_ONLY_PARENT", "1")
    converter = SandboxedConverter("tests.samples.bad_converters:BrokenConverter")
    with pytest.raises(UnexpectedStageError, match="does not start"):
        run("x", converter=converter)
    converter.close()


def test_the_child_ends_with_its_parent_in_the_middle_of_a_conversion(tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("sleep")
    program = (
        "from pathlib import Path\n"
        "from shared.converters.base import ConversionLimits\n"
        "from shared.converters.sandbox import SandboxedConverter\n"
        f"SandboxedConverter({OBEDIENT!r}).convert(Path({str(source)!r}), Path({str(tmp_path / 'out')!r}),\n"
        "    limits=ConversionLimits(), should_stop=lambda: False)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        until(lambda: (tmp_path / "out" / "tries").exists() and bool(tries(tmp_path)))
    finally:
        parent.kill()
        parent.wait()
    child = int(tries(tmp_path)[0])
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)

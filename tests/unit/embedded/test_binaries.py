from pathlib import Path

import pytest

from shared.embedded.binaries import find_mongod, find_redis_server
from shared.embedded.errors import BinaryUnavailable


def program(directory: Path, name: str, *lines: str) -> Path:
    path = directory / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_server_on_the_path_goes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path, "redis-server", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis_server().path == own


def test_a_missing_system_library_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complaint = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    program(tmp_path, "mongod", f"echo '{complaint}' >&2", "exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BinaryUnavailable) as refused:
        find_mongod(libraries=tmp_path / "libraries")
    message = str(refused.value)
    assert "libcurl.so.4" in message
    assert "apt-get install libcurl4" in message
    assert "KBSYNC_MONGODB_URL" in message
    assert "docker compose" in message


def test_a_machine_without_libcurl_gets_the_one_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pycurl", reason="the extra `embedded` is not installed")
    complaint = "echo 'error while loading shared libraries: libcurl.so.4' >&2; exit 127"
    program(tmp_path, "mongod", f'[ -e "${{LD_LIBRARY_PATH%%:*}}/libcurl.so.4" ] || {{ {complaint}; }}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    found = find_mongod(libraries=tmp_path / "libraries")
    assert (tmp_path / "libraries" / "libcurl.so.4").is_file()
    assert found.environment["LD_LIBRARY_PATH"].startswith(f"{tmp_path / 'libraries'}:")

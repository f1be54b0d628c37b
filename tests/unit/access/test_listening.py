import os
import subprocess
import sys

import pytest

from shared.access.listening import OpenToOthers, check_api, check_flower, is_loopback
from shared.settings import Settings

REFUSED_WITHIN_SECONDS = 120


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "fe80::1%eth0", "kbsync.internal", "localhost.evil"])
def test_everything_else_is_reached_by_others(host: str) -> None:
    assert not is_loopback(host)


def test_open_api_listens_for_others_only_when_told_so() -> None:
    check_api(Settings(api_host="127.0.0.1"))
    check_api(Settings(api_host="0.0.0.0", api_keys_required=True))
    check_api(Settings(api_host="0.0.0.0", allow_open_access=True))
    with pytest.raises(OpenToOthers, match="KBSYNC_API_KEYS_REQUIRED=true"):
        check_api(Settings(api_host="0.0.0.0"))


def test_flower_without_a_password_listens_for_others_only_when_told_so() -> None:
    check_flower(Settings(), "127.0.0.1")
    check_flower(Settings.model_validate({"flower_basic_auth": "ops:secret"}), "0.0.0.0")
    check_flower(Settings(allow_open_access=True), "0.0.0.0")
    with pytest.raises(OpenToOthers, match="KBSYNC_FLOWER_BASIC_AUTH"):
        check_flower(Settings(api_keys_required=True), "0.0.0.0")


@pytest.mark.parametrize("command", [("api",), ("worker.flower", "--address=0.0.0.0", "--port=1")])
def test_the_process_refuses_to_start(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "KBSYNC_API_HOST": "0.0.0.0", "KBSYNC_API_PORT": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=REFUSED_WITHIN_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "would let in everybody who reaches 0.0.0.0" in done.stderr

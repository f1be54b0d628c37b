import json
from pathlib import Path

from shared.embedded.errors import TAIL_LINES, log_tail


def test_message_and_traceback_of_a_json_line_are_shown_as_lines(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    lines = [
        {"level": "INFO", "message": "starting"},
        {"message": "failed", "traceback": "Traceback\n  line 1\nKeyError"},
    ]
    log.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert log_tail(log).splitlines()[1:-1] == ["starting", "failed", "Traceback", "  line 1", "KeyError"]


def test_other_lines_are_shown_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    log.write_text('plain\n{"t": "no message"}\n[1]\n7\n', encoding="utf-8")
    assert log_tail(log).splitlines()[1:-1] == ["plain", '{"t": "no message"}', "[1]", "7"]


def test_only_the_last_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text(json.dumps({"message": "\n".join(map(str, range(100)))}), encoding="utf-8")
    assert log_tail(log).splitlines()[1:-1] == [str(number) for number in range(100 - TAIL_LINES, 100)]


def test_log_that_was_not_written_is_no_error(tmp_path: Path) -> None:
    assert "no log was written" in log_tail(tmp_path / "missing.log")

"""What can go wrong while the service is started or stopped on one machine; read by a person in a terminal."""

import json
from pathlib import Path

from shared.errors import KbSyncError

TAIL_LINES = 25


class StackError(KbSyncError):
    """The local stack cannot run"""

    zh = "本地服务无法运行"


class BinaryUnavailable(StackError):
    """A server program is missing or does not run here"""

    zh = "缺少服务程序"


class PortTaken(StackError):
    """A port is taken"""

    zh = "端口已被占用"

    def __init__(self, port: int, *, variable: str) -> None:
        super().__init__(f"port {port} is taken by another program; choose another one with {variable}=<port>")


class NotHealthy(StackError):
    """A process of the stack did not become healthy"""

    zh = "服务未能正常启动"

    def __init__(self, reason: str, *, log: Path | None = None) -> None:
        super().__init__(f"{reason}\n{log_tail(log)}" if log else reason)


def log_tail(log: Path) -> str:
    """Return the last lines of a log, headed by its path; of a JSON line, what a person wants to read."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    except FileNotFoundError:
        lines = ["(no log was written)"]
    readable = [part for line in lines for part in _readable(line)]
    return "\n".join([f"--- the end of {log}", *readable[-TAIL_LINES:], "---"])


def _readable(line: str) -> list[str]:
    """Return the message and the traceback of a line that a process of the service wrote, else the line."""
    try:
        written = json.loads(line)
        message, traceback = written["message"], written.get("traceback", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return [line]
    return f"{message}\n{traceback}".splitlines()

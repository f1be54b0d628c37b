"""Put uv into a folder where this Python has neither pip nor venv, as Debian's has: fetch_uv.py VERSION FOLDER.

The wheel comes from PyPI over HTTPS and is checked against the hash that PyPI gives for it.
"""

import hashlib
import html
import io
import platform
import re
import stat
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

PLATFORMS = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "x86_64"): "macosx_10_12_x86_64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
}
INDEX = "https://pypi.org/simple/uv/"
TIMEOUT_SECONDS = 180


def main(version: str, folder: Path) -> None:
    """Download, check and unpack."""
    tag = PLATFORMS.get((platform.system(), platform.machine()))
    if tag is None:
        sys.exit(f"there is no uv for {platform.system()} on {platform.machine()}")
    listed = html.unescape(_download(INDEX).decode())
    found = re.search(rf'href="([^"#]*/uv-{re.escape(version)}-[^"#]*{tag}[^"#]*\.whl)#sha256=(\w{{64}})"', listed)
    if found is None:
        sys.exit(f"PyPI has no wheel of uv {version} for {tag}")
    content = _download(urllib.parse.urljoin(INDEX, found[1]))
    if hashlib.sha256(content).hexdigest() != found[2]:
        sys.exit(f"the wheel of uv {version} came damaged")
    program = folder / "bin" / "uv"
    program.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        program.write_bytes(wheel.read(f"uv-{version}.data/scripts/uv"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - PyPI, over HTTPS
        content: bytes = answer.read()
    return content


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

"""What all Open XML files share: bounds on what they unpack to, and names of XML elements."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from docx.exceptions import PythonDocxError
from docx.opc.exceptions import OpcError
from lxml import etree
from openpyxl.utils.exceptions import InvalidFileException
from pptx.exc import PythonPptxError

from shared.converters.archives import UNREADABLE, check_archive
from shared.converters.block_writer import BlockWriter
from shared.converters.office.repair import repaired
from shared.errors import DamagedFile

Opened = TypeVar("Opened")

_MAX_BYTES = 1 << 30
_MAX_XML_BYTES = 256 << 20  # a member; its tree does not fit into the memory limit long before
_NAMESPACES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "v": "urn:schemas-microsoft-com:vml",
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
}
LIBRARY_ERRORS = (
    *UNREADABLE,
    etree.LxmlError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    SyntaxError,
    PythonDocxError,
    OpcError,
    PythonPptxError,
    InvalidFileException,
)
"""What the libraries raise for a file that is not as they expect it."""


def qualified(name: str) -> str:
    """Return `w:p` as lxml writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def check_package(source: Path) -> None:
    """Raise `ConversionLimitExceeded`, `DamagedFile` or `EncryptedFile` before a library unpacks the file."""
    check_archive(source, max_bytes=_MAX_BYTES, max_member_bytes=_MAX_XML_BYTES)


def open_package(source: Path, writer: BlockWriter, open_file: Callable[[str], Opened]) -> Opened:
    """Open a file with a library, a broken one after what is broken was taken out. Raises `DamagedFile`."""
    try:
        return open_file(str(source))
    except LIBRARY_ERRORS:
        writer.is_damaged = True
    with tempfile.TemporaryDirectory(prefix="kbsync-repair-") as directory, damage_as_ours():
        copy = Path(directory) / "repaired"
        repaired(source, copy, writer)
        return open_file(str(copy))


@contextmanager
def damage_as_ours() -> Iterator[None]:
    """Turn what a library raises for a broken file into `DamagedFile`."""
    try:
        yield
    except LIBRARY_ERRORS as error:
        raise DamagedFile(re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:200]) from error

"""Documents that are ZIP archives: what kind they are, and how their members are read within bounds."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConversionLimitExceeded, DamagedFile, EncryptedFile

EPUB = "application/epub+zip"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OPEN_XML}.wordprocessingml.document"
XLSX = f"{_OPEN_XML}.spreadsheetml.sheet"
PPTX = f"{_OPEN_XML}.presentationml.presentation"

UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, KeyError)
"""What a damaged member raises, one in an unknown compression, or one under a password."""

_MAX_DIRECTORY_BYTES = 4 << 20  # some 40,000 members, and 50 MB as objects
_MAX_TYPE_BYTES = 1 << 20
_MAX_MIMETYPE_BYTES = 256
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_PART = re.compile(
    rb"ContentType\s*=\s*[\"']application/(?:vnd\.openxmlformats-officedocument\.|vnd\.ms-)"
    rb"(?P<kind>wordprocessingml|spreadsheetml|presentationml|word|excel|powerpoint)"
    rb"\.(?:document|template|sheet|presentation|slideshow)(?:\.macroEnabled(?:Template)?)?\.main\+xml",
    re.IGNORECASE,
)
_KINDS = {
    b"wordprocessingml": DOCX,
    b"word": DOCX,
    b"spreadsheetml": XLSX,
    b"excel": XLSX,
    b"presentationml": PPTX,
    b"powerpoint": PPTX,
}
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_FOLDERS = ((b"word/", DOCX), (b"xl/", XLSX), (b"ppt/", PPTX))
_LOCAL_HEADER = b"PK\x03\x04"
_IS_ENCRYPTED = 0x1  # general purpose bit 0


class _BoundedFile(io.FileIO):
    """Refuses to hand over more at once than a directory of sensible size has: `zipfile` reads it in one piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        rest = self.seek(0, io.SEEK_END) - at
        self.seek(at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if wanted > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("the directory of the archive is too large")
        return super().read(wanted) or b""


def archive_type(path: Path) -> str | None:
    """Return the media type that an archive declares itself, also a type that is not supported.

    None where it declares nothing or cannot be read.
    """
    try:
        with _BoundedFile(path) as file, zipfile.ZipFile(file) as archive:
            names = archive.NameToInfo
            if "mimetype" in names:
                declared = _first_bytes(archive, "mimetype", _MAX_MIMETYPE_BYTES).decode("ascii").strip()
                return declared if _MEDIA_TYPE.fullmatch(declared) else None
            if "META-INF/container.xml" in names and any(name.lower().endswith(".opf") for name in names):
                return EPUB
            if _CONTENT_TYPES in names:
                main = _MAIN_PART.search(_first_bytes(archive, _CONTENT_TYPES, _MAX_TYPE_BYTES))
                return _KINDS[main["kind"].lower()] if main is not None else None
    except (*UNREADABLE, ValueError):
        return None
    return None


def archive_type_of_head(head: bytes) -> str | None:
    """Return what the first members of an archive show, for one whose directory is lost."""
    names = []
    at = head.find(_LOCAL_HEADER)
    while at >= 0:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        names.append(head[at + 30 : at + 30 + length])
        at = head.find(_LOCAL_HEADER, at + 4)
    if names and names[0] == b"mimetype" and EPUB.encode() in head[:200]:
        return EPUB
    if not any(name in (_CONTENT_TYPES.encode(), b"_rels/.rels") for name in names):
        return None
    return next((kind for folder, kind in _FOLDERS if any(name.startswith(folder) for name in names)), None)


def _first_bytes(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as member:
        return member.read(limit)


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive. Raises `DamagedFile`, and `EncryptedFile` where a member is under a password."""
    with _BoundedFile(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (*UNREADABLE, ValueError) as error:
            raise DamagedFile(str(error)) from error
        with archive:
            if any(member.flag_bits & _IS_ENCRYPTED for member in archive.infolist()):
                raise EncryptedFile
            yield archive


def check_archive(path: Path, *, max_bytes: int, max_member_bytes: int) -> None:
    """Refuse an archive that would unpack to more than it may: libraries read members whole.

    The sizes are those that the directory declares; `zipfile` gives no byte more than them.
    Raises `ConversionLimitExceeded`, `DamagedFile`, `EncryptedFile`.
    """
    with open_archive(path) as archive:
        sizes = [member.file_size for member in archive.infolist()]
    if sum(sizes) > max_bytes:
        raise ConversionLimitExceeded(f"it unpacks to {sum(sizes) >> 20} MiB, at most {max_bytes >> 20} are read")
    if max(sizes, default=0) > max_member_bytes:
        raise ConversionLimitExceeded(f"a part of it unpacks to {max(sizes) >> 20} MiB")

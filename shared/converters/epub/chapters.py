"""From the chapters of a book to blocks; a chapter that cannot be read costs that chapter."""

import posixpath
import zipfile
from pathlib import Path

from shared.converters.archives import UNREADABLE, open_archive
from shared.converters.block_writer import BlockWriter
from shared.converters.epub.package import read_book, resolved
from shared.converters.html.blocks import HtmlBlocks
from shared.converters.html.tree import parse_html
from shared.converters.picture_files import PictureFiles
from shared.errors import ConversionLimitExceeded, DamagedFile

_MAX_MEMBER_BYTES = 64 << 20


def write_chapters(source: Path, writer: BlockWriter, pictures: PictureFiles) -> int:
    """Write every chapter, each on its page, and return how many there are."""
    with open_archive(source) as archive:
        book = read_book(archive)
        if len(book.chapters) > writer.limits.max_pages:
            raise ConversionLimitExceeded(f"{len(book.chapters)} chapters, at most {writer.limits.max_pages} are read")
        read = 0
        for number, chapter in enumerate(book.chapters, start=1):
            writer.page = number
            content = _member(archive, chapter)
            if content is None:
                writer.note(f"page {number}: {chapter} could not be read")
                continue
            read += 1
            _write_chapter(archive, chapter, content, writer=writer, pictures=pictures)
    if book.chapters and not read:
        raise DamagedFile("no chapter of the book can be read")
    return len(book.chapters)


def _write_chapter(
    archive: zipfile.ZipFile, chapter: str, content: bytes, *, writer: BlockWriter, pictures: PictureFiles
) -> None:
    folder = posixpath.dirname(chapter)
    tree = parse_html(content, writer)
    if tree is not None:
        HtmlBlocks(writer, pictures, lambda source: _picture(archive, folder, source, writer)).write(tree)


def _picture(archive: zipfile.ZipFile, folder: str, source: str, writer: BlockWriter) -> bytes | None:
    if not source or "://" in source:
        return None
    content = _member(archive, resolved(folder, source))
    if content is None:
        writer.note(f"page {writer.page}: a picture could not be read")
    return content


def _member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """Return a member, None where it is missing or broken. Raises `ConversionLimitExceeded` for a bomb."""
    found = archive.NameToInfo.get(name)
    if found is None:
        return None
    if found.file_size > _MAX_MEMBER_BYTES:
        raise ConversionLimitExceeded(f"a part of it unpacks to {found.file_size >> 20} MiB")
    try:
        return archive.read(found)
    except UNREADABLE:
        return None

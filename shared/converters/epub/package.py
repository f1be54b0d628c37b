"""What a book says of itself: its chapters in their order, and whether they are under a lock."""

import posixpath
import urllib.parse
import zipfile
from dataclasses import dataclass

from lxml import etree

from shared.converters.archives import UNREADABLE
from shared.errors import DamagedFile, EncryptedFile

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_MAX_PACKAGE_BYTES = 16 << 20
_FONT_MASKS = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
"""Ways to mask fonts: what they are used on is no text."""

_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"))


@dataclass(frozen=True, slots=True)
class Book:
    title: str
    chapters: tuple[str, ...]
    """Names of members, in the order of the spine."""


def read_book(archive: zipfile.ZipFile) -> Book:
    """Read the package document. Raises `DamagedFile`, and `EncryptedFile` for a book whose text is locked."""
    root = _tree(archive, _package_name(archive))
    if root is None:
        raise DamagedFile("the book has no package document")
    _refuse_locked(archive)
    folder = posixpath.dirname(_package_name(archive))
    items = {
        item.get("id"): (resolved(folder, item.get("href") or ""), item.get("media-type") or "")
        for item in root.iter("{*}item")
    }
    spine = [items.get(reference.get("idref")) for reference in root.iter("{*}itemref")]
    chapters = tuple(found[0] for found in spine if found is not None and found[1].lower() in _PAGES)
    titles = [" ".join((title.text or "").split()) for title in root.iter("{http://purl.org/dc/elements/1.1/}title")]
    return Book(next((title for title in titles if title), ""), chapters)


def resolved(folder: str, reference: str) -> str:
    """Return the member that a relative address leads to."""
    path = urllib.parse.unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def _package_name(archive: zipfile.ZipFile) -> str:
    container = _tree(archive, _CONTAINER)
    found = container.find(".//{*}rootfile") if container is not None else None
    named = (found.get("full-path") or "") if found is not None else ""
    if named in archive.NameToInfo:
        return named
    return next((name for name in archive.namelist() if name.lower().endswith(".opf")), "")


def _refuse_locked(archive: zipfile.ZipFile) -> None:
    root = _tree(archive, _ENCRYPTION)
    methods = root.iter("{*}EncryptionMethod") if root is not None else ()
    if any(method.get("Algorithm") not in _FONT_MASKS for method in methods if "Key" not in method.getparent().tag):
        raise EncryptedFile("the book is under digital rights management")


def _tree(archive: zipfile.ZipFile, name: str) -> etree._Element | None:
    """Return the XML of a member, None where there is none that can be read; entities are not expanded."""
    if name not in archive.NameToInfo:
        return None
    try:
        with archive.open(name) as member:
            content = member.read(_MAX_PACKAGE_BYTES)
    except UNREADABLE:
        return None
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))

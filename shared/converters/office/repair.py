"""A second try at an Open XML file that a library refuses: parts that are missing or broken are taken out."""

import posixpath
import zipfile
from pathlib import Path

from lxml import etree

from shared.converters.archives import UNREADABLE, open_archive
from shared.converters.block_writer import BlockWriter

_STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/presentationml/main", b"http://schemas.openxmlformats.org/presentationml/2006/main"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
)  # fmt: skip
"""Namespaces of ISO/IEC 29500 Strict and those of the Transitional form, which the libraries know."""

_XML = (".xml", ".rels")


def repaired(source: Path, target: Path, writer: BlockWriter) -> None:
    """Write a copy without what cannot be read; each part that is lost is noted."""
    with open_archive(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        contents: dict[str, bytes] = {}
        for member in archive.infolist():
            if member.is_dir() or member.filename in contents:
                continue
            content, is_whole = _content(archive, member)
            if not is_whole:
                writer.note(f"{member.filename} is damaged")
            if content is not None:
                contents[member.filename] = content
        for name, content in contents.items():
            kept = _known_relations(name, content, contents) if name.endswith(".rels") else content
            copy.writestr(name, kept)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[bytes | None, bool]:
    """Return a member, of broken XML what can be read of it, and whether that is the whole."""
    try:
        content = archive.read(member)
    except UNREADABLE:
        return None, False
    if not member.filename.lower().endswith(_XML):
        return content, True
    for strict, transitional in _STRICT:
        content = content.replace(strict, transitional)
    try:
        etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.LxmlError:
        tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
        return (etree.tostring(tree) if tree is not None else None), False
    return content, True


def _known_relations(name: str, content: bytes, contents: dict[str, bytes]) -> bytes:
    """Return relations without those that lead to a part that is not there."""
    tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    folder = posixpath.dirname(posixpath.dirname(name))
    for relation in list(tree):
        if relation.get("TargetMode") == "External" or not isinstance(relation.tag, str):
            continue
        target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
        if target.lstrip("/") not in contents:
            tree.remove(relation)
    written: bytes = etree.tostring(tree)
    return written

"""HTML as a tree without what nobody reads; nothing is fetched, no entity is expanded."""

import re

from lxml import etree

from shared.converters.block_writer import BlockWriter
from shared.converters.text.encoding import decode_text

DROPPED = ("script", "style", "template", "iframe", "svg", "datalist")
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,30})""", re.IGNORECASE)
_HEAD_BYTES = 4096


def parse_html(data: bytes, writer: BlockWriter) -> etree._Element | None:
    """Return the tree of a page, None where there is none; what the parser gives up is noted."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    tree = etree.fromstring(_as_utf8(data, writer), parser)
    if tree is None:
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        writer.note(f"page {writer.page}: what is nested too deeply was left out")
    etree.strip_elements(tree, *DROPPED, with_tail=False)
    return tree


def tag_of(element: etree._Element) -> str:
    """Return the name of an element in lower case, without a namespace prefix; empty for what is no element."""
    return element.tag.rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def _as_utf8(data: bytes, writer: BlockWriter) -> bytes:
    declared = _DECLARED.search(data[:_HEAD_BYTES])
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return data
    if declared is not None and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            # GB18030 holds all that pages declared as GB2312 or GBK have in truth.
            name = declared[1].decode().lower()
            return data.decode("gb18030" if name in ("gb2312", "gbk") else name).encode("utf-8", "replace")
        except (UnicodeDecodeError, LookupError):
            pass
    decoded = decode_text(data)
    if decoded.is_damaged:
        writer.note(f"some characters could not be read as {decoded.encoding}")
    return decoded.text.encode("utf-8", "replace")

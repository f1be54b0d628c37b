"""What a file is, told from its content; its name is a hint between kinds of text and nothing more."""

import re
from pathlib import Path, PurePath

from shared.converters.archives import archive_type, archive_type_of_head
from shared.converters.text.encoding import text_encoding
from shared.converters.text.flavours import text_type

HEAD_BYTES = 8192
"""How much of a file `detect_content_type` wants to see."""

ZIP = "application/zip"
"""An archive: only its directory, which stands at its end, tells what kind of document it is."""

_HEADER_WITHIN = 1024  # as readers accept: ISO 32000-1, annex H, implementation note 13
_ZIP_MAGIC = b"PK\x03\x04"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office before 2007, and any later file under a password
_PDF_OBJECT = re.compile(rb"(?:^|[\r\n ])\d{1,10} \d{1,5} obj\b")
_PDF_STRUCTURE = re.compile(rb"\bendobj\b|\bendstream\b|/Type\s*/(?:Catalog|Pages?|XRef|ObjStm)\b|\btrailer\b|%%EOF")
_TEXTUAL_FORMATS = (b"{\\rtf", b"%!PS")
"""What looks like text and is to be read by a program."""

_TEXT_NAMES = re.compile(r"\.(?:txt|text|log|md|markdown|csv|tsv|x?html?)", re.IGNORECASE)
_BINARY_NAMES = re.compile(
    r"\.(?:pdf|docx?|docm|dotx?|xlsx?|xls[mb]|pptx?|pptm|ppsx?|od[tsp]|rtf|epub|mobi|azw3|wps|et|dps"
    r"|png|jpe?g|gif|bmp|tiff?|webp|heic|zip|rar|7z|gz|tar|mp[34])",
    re.IGNORECASE,
)


def detect_content_type(head: bytes, filename: str = "") -> str:
    """Return the media type of a file that begins with `head`, its first `HEAD_BYTES` bytes.

    A PDF whose header is damaged but whose objects are there is a PDF: readers open it. Any archive is `ZIP` here, see
    `detect_archive_type`.
    """
    if not head:
        return "application/x-empty"
    if head.startswith(_ZIP_MAGIC):
        return ZIP
    if head.startswith(_OLE_MAGIC):
        return "application/x-ole-storage"
    is_whole = len(head) < HEAD_BYTES
    encoding = None if head.startswith(_TEXTUAL_FORMATS) else text_encoding(head, is_whole=is_whole)
    suffix = PurePath(filename).suffix
    if _is_pdf(head, is_text_that_speaks_of_it=encoding is not None and bool(_TEXT_NAMES.fullmatch(suffix))):
        return "application/pdf"
    if encoding is not None:
        return text_type(head.decode(encoding, "ignore"), suffix.lower(), is_whole=is_whole)
    return _known_type(head) or "application/octet-stream"


def detect_archive_type(archive: Path, head: bytes) -> str:
    """Return the media type of a file for which its head gave `ZIP`.

    Where its directory cannot be read the head has to do, so that a damaged document is known for what it was.
    """
    return archive_type(archive) or archive_type_of_head(head) or ZIP


def claims_another_type(filename: str, content_type: str) -> bool:
    """Tell whether a text goes by a name that promises no text: `report.pdf` with an error page of a web server."""
    return content_type.startswith("text/") and bool(_BINARY_NAMES.fullmatch(PurePath(filename).suffix))


def _is_pdf(head: bytes, *, is_text_that_speaks_of_it: bool) -> bool:
    has_structure = bool(_PDF_OBJECT.search(head) and _PDF_STRUCTURE.search(head))
    if is_text_that_speaks_of_it:
        return has_structure and b"%PDF-" in head[:_HEADER_WITHIN]
    if b"%PDF-" in head[:_HEADER_WITHIN]:
        return True
    return has_structure and _known_type(head) is None


def _known_type(head: bytes) -> str | None:
    import filetype  # here, for it loads a hundred matchers

    kind = filetype.guess(head)
    return str(kind.mime) if kind is not None else None

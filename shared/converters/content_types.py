"""What a file is, told from its first bytes."""

import re

SUPPORTED_CONTENT_TYPES = frozenset({"application/pdf"})
"""What `detect_content_type` must answer for a document to be taken."""

HEAD_BYTES = 8192
"""How much of a file `detect_content_type` wants to see."""

_HEADER_WITHIN = 1024  # as readers accept: ISO 32000-1, annex H, implementation note 13
_ZIP = b"PK\x03\x04"  # an archive shows the header of a PDF stored in it
_PDF_OBJECT = re.compile(rb"(?:^|[\r\n ])\d{1,10} \d{1,5} obj\b")
_PDF_STRUCTURE = re.compile(rb"\bendobj\b|\bendstream\b|/Type\s*/(?:Catalog|Pages?|XRef|ObjStm)\b|\btrailer\b|%%EOF")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")


def detect_content_type(head: bytes) -> str:
    """Return the media type of a file that begins with `head`, its first `HEAD_BYTES` bytes.

    A PDF whose header is damaged but whose objects are there is a PDF: readers open it.
    """
    if not head:
        return "application/x-empty"
    if b"%PDF-" in head[:_HEADER_WITHIN] and not head.startswith(_ZIP):
        return "application/pdf"
    known = _known_type(head)
    if known is not None:
        return known
    if _PDF_OBJECT.search(head) and _PDF_STRUCTURE.search(head):
        return "application/pdf"
    return "text/plain" if _is_text(head) else "application/octet-stream"


def _known_type(head: bytes) -> str | None:
    import filetype  # here, for it loads a hundred matchers

    kind = filetype.guess(head)
    return str(kind.mime) if kind is not None else None


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The head may end in the middle of a character.
        if error.start < len(head) - 3 or error.reason != "unexpected end of data":
            return False
    return not any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head)

"""Identifiers: a prefix that tells the kind, then a UUID."""

import hashlib
import uuid


def new_knowledge_base_id() -> str:
    return f"kb-{uuid.uuid4()}"


def new_document_id() -> str:
    return f"doc-{uuid.uuid4()}"


def new_task_id() -> str:
    return f"task-{uuid.uuid4()}"


def chunk_id(kb_id: str, document_id: str, revision: str, ordinal: int) -> str:
    """Name a chunk by what it is, so that storing it twice names it twice the same.

    The first 48 bits are those of the knowledge base, so that a chunk's id alone leads to the table that holds it
    (`knowledge_base_prefix`). The rest is a hash, in the form of a version 8 (custom) UUID (RFC 9562).
    """
    digest = hashlib.sha256(f"{document_id}\0{revision}\0{ordinal}".encode()).digest()
    raw = bytearray(uuid.UUID(kb_id.removeprefix("kb-")).bytes[:6] + digest[:10])
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return f"chunk-{uuid.UUID(bytes=bytes(raw))}"


def knowledge_base_prefix(chunk: str) -> str | None:
    """Return how the id of a chunk's knowledge base begins, or None where `chunk` is no chunk id."""
    try:
        parsed = uuid.UUID(chunk.removeprefix("chunk-"))
    except ValueError:
        return None
    if not chunk.startswith("chunk-") or str(parsed) != chunk.removeprefix("chunk-"):
        return None
    return f"kb-{str(parsed)[:13]}"

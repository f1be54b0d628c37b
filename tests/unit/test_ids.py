import re
import uuid

import pytest

from shared import ids

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def test_ids_are_a_prefix_and_a_uuid() -> None:
    kb_id = ids.new_knowledge_base_id()
    assert re.fullmatch(f"kb-{UUID}", kb_id)
    assert re.fullmatch(f"doc-{UUID}", ids.new_document_id())
    assert re.fullmatch(f"task-{UUID}", ids.new_task_id())
    chunk = ids.chunk_id(kb_id, "doc-1", "revision", 0)
    assert re.fullmatch(f"chunk-{UUID}", chunk)
    assert uuid.UUID(chunk.removeprefix("chunk-")).version == 8


def test_a_chunk_is_named_by_what_it_is() -> None:
    kb_id = ids.new_knowledge_base_id()
    assert ids.chunk_id(kb_id, "doc-1", "r1", 3) == ids.chunk_id(kb_id, "doc-1", "r1", 3)


def test_chunk_ids_differ_in_document_revision_and_ordinal() -> None:
    kb_id = ids.new_knowledge_base_id()
    names = {
        ids.chunk_id(kb_id, document, revision, ordinal)
        for document in ("doc-1", "doc-11")
        for revision in ("r1", "1r1")
        for ordinal in range(50)
    }
    assert len(names) == 200


def test_a_chunk_id_leads_to_its_knowledge_base() -> None:
    for _ in range(50):
        kb_id = ids.new_knowledge_base_id()
        prefix = ids.knowledge_base_prefix(ids.chunk_id(kb_id, "doc-1", "r1", 0))
        assert prefix is not None
        assert kb_id.startswith(prefix)
        assert len(prefix) == len("kb-") + 13


@pytest.mark.parametrize(
    "name",
    [
        "",
        "chunk-",
        "chunk-nonsense",
        "doc-0f8fad5b-d9cb-469f-a165-70867728950e",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "chunk-0F8FAD5B-D9CB-469F-A165-70867728950E",
        "chunk-{0f8fad5b-d9cb-469f-a165-70867728950e}",
        "chunk-0f8fad5bd9cb469fa16570867728950e",
    ],
)
def test_what_is_no_chunk_id_leads_nowhere(name: str) -> None:
    assert ids.knowledge_base_prefix(name) is None

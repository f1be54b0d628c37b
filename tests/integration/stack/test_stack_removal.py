"""Removing documents and knowledge bases: nothing of them is found or kept."""

from examples.sample_documents import chinese_handbook, operations_guide
from tests.integration.stack.service import Service


def test_removed_documents_and_knowledge_bases_leave_neither_hits_nor_files(service: Service) -> None:
    files = {"guide.pdf": operations_guide(), "handbook.pdf": chinese_handbook()}
    kb_id, ids = service.knowledge_base("Removed", files)
    task = service.ended(service.start(kb_id))
    assert task["status"] == "completed"
    directory = next((service.data_dir / "objects").rglob(kb_id))
    query = "Restoring from a backup"
    assert {hit["filename"] for hit in service.search(kb_id, query, mode="text")} == {"guide.pdf"}

    body = {"document_ids": [ids["guide.pdf"]]}
    deleted = service.read("DELETE", f"/knowledge-bases/{kb_id}/documents", json=body)
    assert (deleted["deleted_count"], deleted["deleted_document_ids"]) == (1, [ids["guide.pdf"]])
    assert deleted["deleted_chunks"] == task["documents"][0]["chunks_created"]
    for mode in ("hybrid", "vector", "text"):
        assert {hit["filename"] for hit in service.search(kb_id, query, mode=mode, top_k=50)} <= {"handbook.pdf"}
    assert service.ask("GET", f"/documents/{ids['guide.pdf']}").status_code == 404
    assert [path.name for path in directory.iterdir()] == [ids["handbook.pdf"]]

    answer = service.ask("DELETE", f"/knowledge-bases/{kb_id}").json()
    assert (answer["message"], answer["data"]["deleted_documents"]) == ("知识库删除成功", 1)
    search = service.ask("POST", f"/knowledge-bases/{kb_id}/search", json={"query": query})
    assert (search.status_code, search.json()["error"]["code"]) == (404, "2001")
    assert list((service.data_dir / "objects").rglob(f"{kb_id}/**/*")) == []
    assert service.ask("GET", f"/documents/{ids['handbook.pdf']}").status_code == 404
    assert service.ask("GET", f"/sync-tasks/{task['id']}").status_code == 404

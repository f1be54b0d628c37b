"""A first sync of all kinds of documents, polled, and what is made of them."""

import io
import re
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from examples import sample_texts as texts
from tests.integration.stack.conftest import FirstSync
from tests.integration.stack.service import Service

GOOD = ("quarterly-report.pdf", "知识库使用手册.pdf", "retrieval-paper.pdf", "operations-guide.pdf")
STEPS = re.compile(
    r"等待执行|正在下载文档 \S+ \(\d+/6\)|正在转换PDF \S+ \(\d+/6\)|正在处理图片 \d+/\d+|正在分块 \S+ \(\d+/6\)"
    r"|正在向量化 \S+ \(\d+/6\)|正在存储向量数据 \(\d+/6\)|完成（部分失败）"
)


def chunks_of(service: Service, first_sync: FirstSync, filename: str, *, chunk_type: str | None = None) -> list[Any]:
    return service.pages(f"/documents/{first_sync.document_ids[filename]}/chunks", chunk_type=chunk_type)


def test_damaged_and_encrypted_files_fail_with_their_reasons_and_the_others_complete(first_sync: FirstSync) -> None:
    task = first_sync.task
    assert (task["status"], task["progress"], task["current_step"]) == ("partial_success", 100, "完成（部分失败）")
    assert (task["total_documents"], task["processed_documents"], task["failed_documents"]) == (6, 4, 2)
    assert {run["filename"] for run in task["documents"] if run["status"] == "completed"} == set(GOOD)
    assert {run["filename"]: run["error_message"] for run in task["documents"] if run["status"] == "failed"} == {
        "damaged-report.pdf": "PDF转换失败: 文件损坏",
        "encrypted-letter.pdf": "PDF转换失败: 文件已加密",
    }


def test_progress_never_falls_and_every_step_has_one_of_the_published_wordings(first_sync: FirstSync) -> None:
    progress = [state["progress"] for state in first_sync.states]
    assert all(earlier <= later for earlier, later in pairwise(progress))
    assert all(value < 100 for value in progress[:-1])
    assert [step for step in {state["current_step"] for state in first_sync.states} if not STEPS.fullmatch(step)] == []
    assert any(state["status"] == "running" for state in first_sync.states)


def test_created_task_is_the_one_that_is_polled(first_sync: FirstSync) -> None:
    assert first_sync.created["task_id"] == first_sync.task["id"]
    assert (first_sync.created["status"], first_sync.created["total_documents"]) == ("pending", 6)


@pytest.mark.parametrize("filename", GOOD)
def test_chunks_are_as_many_as_the_sync_says_and_lie_on_pages_of_the_document(
    service: Service, first_sync: FirstSync, filename: str
) -> None:
    run = next(run for run in first_sync.task["documents"] if run["filename"] == filename)
    document = service.read("GET", f"/documents/{first_sync.document_ids[filename]}")
    chunks = chunks_of(service, first_sync, filename)
    assert run["chunks_created"] == document["chunk_count"] == document["chunks"]["total"] == len(chunks) > 0
    assert [chunk["ordinal"] for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk["chunk_id"] for chunk in chunks}) == len(chunks)
    pages = [(chunk["page_start"], chunk["page_end"]) for chunk in chunks]
    assert all(1 <= start <= end <= document["page_count"] for start, end in pages)
    assert (pages[0][0], max(end for _, end in pages)) == (1, document["page_count"])
    assert pages == sorted(pages)


@pytest.mark.parametrize(
    ("filename", "sections"),
    [
        ("quarterly-report.pdf", texts.REPORT_SECTIONS),
        ("知识库使用手册.pdf", texts.HANDBOOK_SECTIONS),
        ("retrieval-paper.pdf", texts.PAPER_SECTIONS),
        ("operations-guide.pdf", texts.GUIDE_SECTIONS),
    ],
)
def test_every_section_is_found_under_its_heading_in_the_order_of_the_document(
    service: Service, first_sync: FirstSync, filename: str, sections: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    chunks = chunks_of(service, first_sync, filename, chunk_type="text")
    paths = ["/".join(chunk["headings"]) + chunk["content"] for chunk in chunks]
    places = [next(at for at, path in enumerate(paths) if section[0] in path) for section in sections]
    assert places == sorted(places)
    for heading, paragraphs, *_ in sections:
        below = " ".join(path for path in paths if heading in path)
        assert _letters(paragraphs[0])[:30] in _letters(below)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@pytest.mark.parametrize("filename", GOOD)
def test_markdown_holds_what_the_chunks_hold(service: Service, first_sync: FirstSync, filename: str) -> None:
    answer = service.ask("GET", f"/documents/{first_sync.document_ids[filename]}/markdown")
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    written = _letters(answer.content.decode())
    for chunk in chunks_of(service, first_sync, filename, chunk_type="text"):
        assert _letters(chunk["content"].splitlines()[-1]) in written


def test_table_is_a_table_in_the_markdown(service: Service, first_sync: FirstSync) -> None:
    report = service.ask("GET", f"/documents/{first_sync.document_ids['quarterly-report.pdf']}/markdown")
    rows = [line for line in report.content.decode().splitlines() if line.startswith("|")]
    assert rows[0] == "| Region | Teams | Documents | Median answer | Renewal rate |"
    assert "| North America | 530 | 3,120,884 | 195 ms | 95.2 % |" in rows


def test_original_comes_back_byte_for_byte_even_of_a_damaged_file(service: Service, first_sync: FirstSync) -> None:
    for filename, document_id in first_sync.document_ids.items():
        assert service.ask("GET", f"/documents/{document_id}/file").content == first_sync.files[filename]


def test_image_chunk_leads_to_the_picture_that_was_in_the_document(service: Service, first_sync: FirstSync) -> None:
    (chunk,) = chunks_of(service, first_sync, "quarterly-report.pdf", chunk_type="image")
    assert chunk["headings"] == [texts.REPORT_PICTURE_SECTION]
    answer = service.session.get(f"{service.api_url}{chunk['image_url']}", timeout=30)
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        assert picture.size == (780, 390)
        assert answer.headers["Content-Type"] == Image.MIME[str(picture.format)]


def test_failed_document_has_no_chunks_and_no_markdown(service: Service, first_sync: FirstSync) -> None:
    assert chunks_of(service, first_sync, "damaged-report.pdf") == []
    answer = service.ask("GET", f"/documents/{first_sync.document_ids['damaged-report.pdf']}/markdown")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "3001")

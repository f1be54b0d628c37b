"""One document of every type through the whole service: uploaded, synced, and found in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.stack.service import Service
from tests.samples.document_files import MAKERS, Section, changed

KINDS = sorted(MAKERS)
PARTS = {
    "csv": "膜片",
    "docx": "垫片",
    "epub": "弹簧",
    "html": "法兰",
    "md": "阀杆",
    "pptx": "轴承",
    "txt": "滤网",
    "xlsx": "齿轮",
}
"""A word that only the document of this type has."""

PAGES = {"epub": 2, "pptx": 2, "xlsx": 2}


def sections_of(kind: str) -> tuple[Section, Section]:
    number = KINDS.index(kind)
    english = f"Article {kind.upper()}-40{number} leaves the store in the {kind} crate and arrives on day {number + 3}."
    chinese = f"更换{PARTS[kind]}之前必须关闭总阀并等待十分钟。"
    return (
        Section(f"Delivery {kind}", english, [["Code", "Weight"], [f"{kind.upper()}-40{number}", f"{number}.5 kg"]]),
        Section(f"更换{PARTS[kind]}", chinese, [["部件", "周期"], [PARTS[kind], f"{number + 2}年"]]),
    )


@dataclass(frozen=True)
class Synced:
    kb_id: str
    document_ids: Mapping[str, str]
    states: list[Any]

    @property
    def runs(self) -> dict[str, Any]:
        return {run["filename"]: run for run in self.states[-1]["documents"]}


@pytest.fixture(scope="module")
def synced(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Synced:
    directory = tmp_path_factory.mktemp("formats")
    files = {f"a.{kind}": MAKERS[kind](directory / kind, sections_of(kind)).read_bytes() for kind in KINDS}
    broken = changed(MAKERS["docx"](directory / "broken", sections_of("docx")), {"word/document.xml": b"<w:document"})
    files["broken.docx"] = broken.read_bytes()
    kb_id, document_ids = service.knowledge_base("Formats", files)
    states = list(service.follow(service.start(kb_id)))
    return Synced(kb_id, document_ids, states)


def test_every_type_is_converted_and_a_damaged_file_fails_alone(synced: Synced) -> None:
    task = synced.states[-1]
    assert (task["status"], task["processed_documents"], task["failed_documents"]) == ("partial_success", len(KINDS), 1)
    assert synced.runs["broken.docx"]["error_message"] == "文档转换失败: 文件损坏"
    assert synced.runs["broken.docx"]["error_code"] == "3010"


def test_no_step_calls_a_document_a_pdf_that_is_none(synced: Synced) -> None:
    steps = {state["current_step"] for state in synced.states}
    assert not [step for step in steps if "PDF" in step]


@pytest.mark.parametrize("kind", KINDS)
def test_pages_and_markdown_are_there(service: Service, synced: Synced, kind: str) -> None:
    document_id = synced.document_ids[f"a.{kind}"]
    assert service.read("GET", f"/documents/{document_id}")["page_count"] == PAGES.get(kind, 1)
    written = service.ask("GET", f"/documents/{document_id}/markdown").content.decode()
    for section in sections_of(kind):
        assert section.title in written
        assert section.paragraph in written


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_its_english_and_its_chinese_are_found_on_their_pages(
    service: Service, synced: Synced, kind: str, mode: str
) -> None:
    for page, section in enumerate(sections_of(kind), start=1):
        hits = service.search(synced.kb_id, section.paragraph, mode=mode)
        found = [hit for hit in hits if hit["filename"] == f"a.{kind}" and section.paragraph in hit["content"]]
        assert found
        assert found[0]["page_start"] <= min(page, PAGES.get(kind, 1)) <= found[0]["page_end"]


def test_a_second_sync_converts_none_of_them_again(service: Service, synced: Synced) -> None:
    before = service.counters()["kbsync_conversions_total"]
    ids = [synced.document_ids[f"a.{kind}"] for kind in KINDS]
    task = service.ended(service.start(synced.kb_id, ids))
    assert (task["status"], task["documents_unchanged"]) == ("completed", len(KINDS))
    assert service.counters()["kbsync_conversions_total"] == before

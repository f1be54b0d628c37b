"""Scans and image files through every stage of a sync."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared import clock
from shared.models import KnowledgeBase
from shared.ocr.pages import RecognizedPage
from shared.services import search, sync_tasks
from shared.services.ranking import SearchMode, SearchQuery
from shared.states import Stage, TaskStatus
from tests.integration.sync_world import World, ref_of, settings_for
from tests.samples.scans import blank, scan_pdf, written

Open = Callable[..., World]


@pytest.fixture
def open_world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[World] = []

    def open_with(**settings: object) -> World:
        given = {"ocr_engine": "ink", **settings}
        opened.append(World.open(settings_for(mongodb_url, redis_url, database_name, tmp_path / "data", **given)))
        return opened[-1]

    yield open_with
    for world in opened:
        world.close()


@pytest.fixture
def scan(tmp_path: Path) -> bytes:
    return scan_pdf(tmp_path / "scan.pdf", [written(["one", "two"]), blank(), written(["three"])]).read_bytes()


def pages_found(world: World, kb: KnowledgeBase, query: str) -> set[int]:
    asked = SearchQuery(query, mode=SearchMode.TEXT)
    return {found.chunk.page_start for found in search.search(world.resources, kb.id, asked)}


def test_a_scan_is_found_by_what_is_written_on_its_pages(open_world: Open, scan: bytes) -> None:
    world = open_world()
    kb = world.knowledge_base()
    document = world.upload(kb.id, "scan.pdf", scan)
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    stored = world.document(document.id)
    assert stored.page_count == 3
    assert stored.notes == ("pages 1, 3: read by OCR",)
    assert stored.image_chunks == 0, "the scan of a page is no picture in it"
    assert 1 in pages_found(world, kb, "line")


def test_an_image_file_is_a_document(open_world: Open, tmp_path: Path) -> None:
    world = open_world()
    kb = world.knowledge_base()
    written(["one", "two"]).save(tmp_path / "photo.jpg")
    document = world.upload(kb.id, "photo.jpg", (tmp_path / "photo.jpg").read_bytes())
    assert document.content_type == "image/jpeg"
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    assert world.document(document.id).page_count == 1
    assert pages_found(world, kb, "line") == {1}


def test_without_ocr_a_scan_has_nothing_to_extract_and_with_it_again_it_has(open_world: Open, scan: bytes) -> None:
    world = open_world(ocr="off")
    kb = world.knowledge_base()
    document = world.upload(kb.id, "scan.pdf", scan)
    task = world.finish(world.sync(kb.id).id)
    assert [run.error_message for run in world.runs(task)] == ["PDF转换失败: 没有可提取的内容"]
    reading = open_world()
    assert reading.finish(reading.sync(kb.id, document.id).id).status is TaskStatus.COMPLETED


def test_a_conversion_that_was_cut_off_goes_on_at_the_page_where_it_was(open_world: Open, scan: bytes) -> None:
    world = open_world()
    kb = world.knowledge_base()
    document = world.upload(kb.id, "scan.pdf", scan)
    names = world.resources.artifact_names(document, kb)
    task = world.sync(kb.id)
    world.start(task.id)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.CONVERT)
    store = world.resources.object_store
    first = RecognizedPage.model_validate_json(store.get(names.recognized_page(1)))
    marked = first.lines[0].model_copy(update={"text": "read before the worker died."})
    kept = first.model_copy(update={"lines": (marked,)})
    store.put(names.recognized_page(1), [kept.model_dump_json().encode()])
    for key in (names.converted, names.markdown, names.recognized_page(3)):
        store.delete(key)
    sync_tasks.cancel(world.resources, task.id)
    assert world.finish(world.sync(kb.id, document.id).id).status is TaskStatus.COMPLETED
    assert "read before the worker died." in store.get(names.markdown).decode()
    assert store.stat(names.recognized_page(3)) is not None


def test_a_scan_too_long_for_one_turn_is_converted_in_several(open_world: Open, scan: bytes) -> None:
    world = open_world(ocr_timeout_seconds=0.000001)
    kb = world.knowledge_base()
    document = world.upload(kb.id, "scan.pdf", scan)
    task = world.sync(kb.id)
    world.start(task.id)
    [run] = world.runs(task)
    assert world.stage(ref_of(run), Stage.DOWNLOAD)
    for _ in range(2):
        assert not world.stage(ref_of(run), Stage.CONVERT)
        waiting = world.run(ref_of(run))
        assert waiting.leases == {}
        assert waiting.wake_at is not None
        assert waiting.wake_at <= clock.now(), "the reconciler sends it again at once"
        assert (waiting.attempt, waiting.crashes, waiting.failures) == (1, 0, 0)
    assert world.stage(ref_of(run), Stage.CONVERT)
    world.run_until(ref_of(run), Stage.STORE)
    assert world.document(document.id).notes == ("pages 1, 3: read by OCR",)


def test_an_ocr_process_that_dies_costs_its_pages_and_not_the_worker(open_world: Open, scan: bytes) -> None:
    world = open_world(ocr_page_timeout_seconds=0.0001)
    kb = world.knowledge_base()
    world.upload(kb.id, "scan.pdf", scan)
    task = world.finish(world.sync(kb.id).id)
    [run] = world.runs(task)
    assert run.error_message == "PDF转换失败: 文档超出处理限制"
    assert (run.attempt, run.crashes) == (1, 0)

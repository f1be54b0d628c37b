"""`docs/api.md` names every call and every error of the service."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import status_of
from api.main import create_app
from shared import progress
from shared.errors import KbSyncError, RequestError, ServiceUnavailable, StageError
from shared.settings import Settings
from shared.states import Stage

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
CALLS = [
    (method.upper(), path.removeprefix("/api/v1"))
    for path, methods in create_app(Settings()).openapi()["paths"].items()
    for method in methods
]


def kinds_below(kind: type[KbSyncError]) -> Iterator[type[KbSyncError]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_below(each)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_is_named(method: str, path: str) -> None:
    assert f"`{method} {path}`" in PAGE


@pytest.mark.parametrize("kind", [ServiceUnavailable, *kinds_below(RequestError)])
def test_every_error_of_a_request_has_its_code_and_status(kind: type[KbSyncError]) -> None:
    assert re.search(rf"^\| {kind.code} \| {status_of(kind)} \|", PAGE, re.MULTILINE)


def test_every_code_of_a_document_is_listed() -> None:
    listed = set(
        re.findall(r"\b\d{4}\b", PAGE.partition("These stand on a document")[2].partition("`error_message`")[0])
    )
    assert listed >= {kind.code for kind in kinds_below(StageError)}


@pytest.mark.parametrize("stage", Stage)
def test_every_step_is_worded_in_both_languages(stage: Stage) -> None:
    for words in progress.STAGE_STEPS[stage]:
        shown = words.format(filename="PRD_v1.0.pdf", ordinal=1, total=10, images_done=3, images_total=8)
        assert f"`{shown}`" in PAGE


def test_every_error_message_of_a_stage_is_listed() -> None:
    assert all(f"`{chinese}" in PAGE for chinese, _ in progress.FAILED_PREFIXES.values())

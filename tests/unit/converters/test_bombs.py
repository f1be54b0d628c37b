"""Hostile files against the real converter in its sandbox, with little time and memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.sandbox import SandboxedConverter
from shared.errors import ConversionFailed, ConversionLimitExceeded, DamagedFile, NoExtractableContent
from tests.samples.bombs import BOMBS
from tests.samples.pdf_files import article

LIMITS = ConversionLimits(timeout_seconds=60, memory_limit_bytes=384 << 20)
HASTE = ConversionLimits(timeout_seconds=2, memory_limit_bytes=384 << 20)

NO_MEMORY = (ConversionLimitExceeded, "384 MiB of memory")
NO_TIME = (ConversionLimitExceeded, "longer than 2 seconds")
TOO_MANY_PAGES = (ConversionLimitExceeded, "at most 5000 are read")

FAILURES: dict[str, tuple[type[ConversionFailed], str]] = {
    "many_pages": TOO_MANY_PAGES,
    "page_tree_loop": TOO_MANY_PAGES,
    "deep_page_tree": (DamagedFile, "no page"),
    "infinite_page": (NoExtractableContent, "no page has text"),
    "recursive_form": NO_MEMORY,
    "form_tree": NO_MEMORY,
    "flate_bomb": NO_MEMORY,
    "nested_flate_bomb": NO_MEMORY,
    "text_bomb": NO_MEMORY,
    "path_bomb": NO_MEMORY,
    "object_stream_bomb": NO_MEMORY,
    "costly_pages": NO_TIME,
    "long_winded_pages": NO_TIME,
}
HARMLESS = sorted(set(BOMBS) - set(FAILURES))
"""What a careful reader gets the honest line of text out of."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedConverter]:
    """One for all: each file finds it as the one before left it."""
    converter = SandboxedConverter("shared.converters.pdf.converter:PdfiumConverter")
    yield converter
    converter.close()


def convert(sandbox: SandboxedConverter, directory: Path, data: bytes, limits: ConversionLimits) -> ConvertedDocument:
    source = directory / "source.pdf"
    source.write_bytes(data)
    return sandbox.convert(source, directory / "out", limits=limits, should_stop=lambda: False)


@pytest.mark.parametrize("name", FAILURES)
def test_a_bomb_fails_alone_with_its_true_reason(name: str, sandbox: SandboxedConverter, tmp_path: Path) -> None:
    error, reason = FAILURES[name]
    limits = HASTE if FAILURES[name] is NO_TIME else LIMITS
    with pytest.raises(error, match=reason):
        convert(sandbox, tmp_path, BOMBS[name](), limits)
    article(tmp_path / "honest.pdf")
    honest = convert(sandbox, tmp_path, (tmp_path / "honest.pdf").read_bytes(), LIMITS)
    assert "Annual Report" in honest.markdown


@pytest.mark.parametrize("name", HARMLESS)
def test_a_bomb_that_can_be_read_is_read(name: str, sandbox: SandboxedConverter, tmp_path: Path) -> None:
    converted = convert(sandbox, tmp_path, BOMBS[name](), LIMITS)
    if name != "many_huge_images":  # there the line stands on top of every page, and so is a running header
        assert converted.markdown == "An honest line of text stands on this page.\n"
    assert converted.images == ()

"""Which pages are read by OCR, what becomes of what was read, and what a page that cannot be read costs."""

from pathlib import Path

import pytest

from shared.converters.base import Block, BlockKind, ConvertedDocument, ExtractedImage
from shared.errors import (
    Cancelled,
    ConversionLimitExceeded,
    ConverterCrashed,
    NoExtractableContent,
    StageError,
    WorkRemains,
)
from shared.ocr.base import RecognizedLine
from shared.ocr.fake import ScriptedReader
from shared.ocr.pages import RecognizedPage
from shared.ocr.reading import OcrMode, PageReadings, page_ranges, with_recognized_pages

PDF = "application/pdf"


class Shelf(dict[int, RecognizedPage]):
    """Keeps pages in memory."""

    def put(self, page: int, recognized: RecognizedPage) -> None:
        self[page] = recognized


def scanned(text: str) -> RecognizedPage:
    corners = ((60.0, 100.0), (400.0, 100.0), (400.0, 112.0), (60.0, 112.0))
    return RecognizedPage(
        width=595, height=842, turn=0, lines=(RecognizedLine(text=text, confidence=0.99, corners=corners),)
    )


def paragraph(text: str, page: int) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, markdown=text, page_start=page, page_end=page)


def document(*texts: str, unread: tuple[int, ...] = (), images: tuple[ExtractedImage, ...] = ()) -> ConvertedDocument:
    """A document with a paragraph on each page that has a text."""
    blocks = [paragraph(text, page) for page, text in enumerate(texts, start=1) if text]
    pictures = [
        Block(kind=BlockKind.IMAGE, markdown="", page_start=image.page, page_end=image.page, image=image.name)
        for image in images
    ]
    return ConvertedDocument(page_count=len(texts), blocks=(*blocks, *pictures), images=images, unread_pages=unread)


def read(
    converted: ConvertedDocument,
    reader: ScriptedReader,
    *,
    mode: OcrMode = "auto",
    shelf: Shelf | None = None,
    content_type: str = PDF,
    timeout_seconds: float = 60.0,
) -> ConvertedDocument:
    return with_recognized_pages(
        converted,
        Path("source"),
        content_type=content_type,
        readings=PageReadings(reader=reader, mode=mode, page_timeout_seconds=10, timeout_seconds=timeout_seconds),
        store=shelf if shelf is not None else Shelf(),
        should_stop=lambda: False,
    )


def test_auto_reads_the_pages_that_the_converter_could_not() -> None:
    reader = ScriptedReader({2: scanned("the second page")})
    found = read(document("the first page", "", "the third page", unread=(2,)), reader)
    assert reader.read_pages == [2]
    assert [block.markdown for block in found.blocks] == ["the first page", "the second page", "the third page"]
    assert found.notes == ("page 2: read by OCR",)


def test_garbled_text_gives_way_to_what_is_read() -> None:
    found = read(document("\ue001\ue002\ue003", unread=(1,)), ScriptedReader({1: scanned("in plain words")}))
    assert found.markdown == "in plain words\n"


def test_garbled_text_stays_where_ocr_finds_nothing() -> None:
    found = read(document("\ue001\ue002", unread=(1,)), ScriptedReader())
    assert found.markdown == "\ue001\ue002\n"
    assert found.notes == ()


def test_force_reads_every_page() -> None:
    reader = ScriptedReader({1: scanned("As it looks."), 2: scanned("As it looks too.")})
    found = read(document("as it says", ""), reader, mode="force")
    assert reader.read_pages == [1, 2]
    assert [block.markdown for block in found.blocks] == ["As it looks.", "As it looks too."]


def test_force_leaves_documents_that_have_no_pages_to_draw() -> None:
    reader = ScriptedReader({1: scanned("nonsense")})
    assert read(document("words"), reader, mode="force", content_type="text/plain").markdown == "words\n"
    assert reader.read_pages == []


def test_off_reads_nothing_and_a_scan_has_nothing_to_extract() -> None:
    reader = ScriptedReader({1: scanned("never seen")})
    with pytest.raises(NoExtractableContent):
        read(document("", unread=(1,)), reader, mode="off")
    assert reader.read_pages == []
    assert read(document("garbled", unread=(1,)), reader, mode="off").markdown == "garbled\n"


def test_a_scan_without_writing_has_nothing_to_extract() -> None:
    with pytest.raises(NoExtractableContent):
        read(document("", unread=(1,)), ScriptedReader())


@pytest.mark.parametrize("failure", [ConverterCrashed("OCR ended with SIGSEGV twice"), ConversionLimitExceeded("slow")])
def test_a_page_that_cannot_be_read_costs_that_page(failure: StageError) -> None:
    found = read(document("", "", unread=(1, 2)), ScriptedReader({1: failure, 2: scanned("second")}))
    assert found.markdown == "second\n"
    assert found.notes == ("page 2: read by OCR", f"page 1: OCR could not read it ({failure.reason})")


def test_a_document_of_which_nothing_could_be_read_fails_with_the_reason() -> None:
    with pytest.raises(ConverterCrashed, match="SIGSEGV"):
        read(document("", unread=(1,)), ScriptedReader({1: ConverterCrashed("OCR ended with SIGSEGV twice")}))


def test_a_long_scan_goes_on_in_another_turn_and_loses_no_page() -> None:
    texts = ["It begins here.", "Then it goes on.", "This is the end."]
    pages = {number: scanned(text) for number, text in enumerate(texts, start=1)}
    shelf = Shelf()
    turns = 0
    while True:
        reader = ScriptedReader(pages, seconds_a_page=0.2)
        try:
            found = read(document("", "", "", unread=(1, 2, 3)), reader, shelf=shelf, timeout_seconds=0.1)
            break
        except WorkRemains:
            turns += 1
            assert reader.read_pages == [turns]
    assert turns == 2
    assert [block.markdown for block in found.blocks] == texts


def test_pages_for_which_no_time_suffices_are_noted() -> None:
    reader = ScriptedReader({2: ConversionLimitExceeded("slow"), 3: scanned("never seen")})
    found = read(document("first", "", "", unread=(2, 3)), reader, timeout_seconds=0.0)
    assert reader.read_pages == [2]
    assert found.notes == (
        "page 2: OCR could not read it (slow)",
        "page 3: not read, the time for OCR was used up",
    )


def test_what_was_read_is_not_read_again() -> None:
    shelf = Shelf({1: scanned("Kept.")})
    reader = ScriptedReader({2: scanned("Fresh.")})
    found = read(document("", "", unread=(1, 2)), reader, shelf=shelf, timeout_seconds=60.0)
    assert reader.read_pages == [2]
    assert set(shelf) == {1, 2}
    assert [block.markdown for block in found.blocks] == ["Kept.", "Fresh."]
    assert read(document("", unread=(1,)), reader, shelf=shelf, timeout_seconds=0.0).markdown == "Kept.\n"


def test_a_cancel_is_noticed_before_the_next_page() -> None:
    reader = ScriptedReader()
    with pytest.raises(Cancelled):
        with_recognized_pages(
            document("", "", unread=(1, 2)),
            Path("source"),
            content_type=PDF,
            readings=PageReadings(reader=reader, mode="auto", page_timeout_seconds=10, timeout_seconds=60),
            store=Shelf(),
            should_stop=lambda: True,
        )
    assert reader.read_pages == []


def test_the_picture_of_a_page_is_no_picture_in_it() -> None:
    scan = ExtractedImage(
        name="scan.png", content_type="image/png", page=1, bbox=(0, 0, 595, 842), width_px=1600, height_px=2300
    )
    photo = ExtractedImage(
        name="photo.png", content_type="image/png", page=2, bbox=(60, 300, 300, 500), width_px=600, height_px=400
    )
    reader = ScriptedReader({1: scanned("first"), 2: scanned("second")})
    found = read(document("", "", unread=(1, 2), images=(scan, photo)), reader)
    assert [image.name for image in found.images] == ["photo.png"]
    assert [block.image for block in found.blocks if block.kind is BlockKind.IMAGE] == ["photo.png"]


def test_a_photo_without_writing_stays_a_picture() -> None:
    photo = ExtractedImage(
        name="photo.png", content_type="image/png", page=2, bbox=(0, 0, 595, 842), width_px=600, height_px=400
    )
    found = read(document("words", "", unread=(2,), images=(photo,)), ScriptedReader())
    assert [image.name for image in found.images] == ["photo.png"]


def test_the_picture_of_a_blank_sheet_is_left_out() -> None:
    sheet = ExtractedImage(
        name="back.png", content_type="image/png", page=2, bbox=(0, 0, 595, 842), width_px=600, height_px=400
    )
    blank = RecognizedPage(width=595, height=842, turn=0, lines=(), blank=True)
    found = read(document("words", "", unread=(2,), images=(sheet,)), ScriptedReader({2: blank}))
    assert found.images == ()
    assert [block.kind for block in found.blocks] == [BlockKind.PARAGRAPH]


def test_the_identity_tells_what_a_text_depends_on() -> None:
    def identity(mode: OcrMode, content_type: str = PDF) -> str:
        reader = ScriptedReader()
        readings = PageReadings(reader=reader, mode=mode, page_timeout_seconds=1, timeout_seconds=1)
        return readings.page_identity(content_type)

    assert len({identity("auto"), identity("force"), identity("off")}) == 3
    assert identity("auto", "text/plain") == identity("off", "text/plain") == ""
    assert identity("auto", "image/png") != ""


def test_page_numbers_are_worded_in_ranges() -> None:
    assert page_ranges([3]) == "page 3"
    assert page_ranges([4, 1, 2, 3, 9]) == "pages 1-4, 9"

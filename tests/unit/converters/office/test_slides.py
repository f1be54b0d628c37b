import zipfile
from pathlib import Path

import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation
from pptx.util import Inches, Pt

from shared.converters.base import BlockKind, ConvertedDocument
from shared.converters.office.slides import SlidesConverter
from tests.samples.document_files import SECTIONS, changed, picture_stream, slides
from tests.unit.converters.conversion import converted, kinds, of_kind

TITLE_AND_TEXT, TITLE_ONLY, BLANK = 1, 5, 6
PLACE = (Inches(1), Inches(2), Inches(4), Inches(2))


def saved(presentation: Presentation, tmp_path: Path) -> ConvertedDocument:
    presentation.save(str(tmp_path / "a"))
    return converted(SlidesConverter(), tmp_path / "a")


def test_a_slide_is_a_page_with_its_title_points_and_notes(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_AND_TEXT])
    slide.shapes.title.text_frame.text = "路线图 Roadmap"
    frame = slide.placeholders[1].text_frame
    frame.text = "first"
    inner = frame.add_paragraph()
    inner.text, inner.level = "第二", 1
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    box = presentation.slides.add_slide(presentation.slide_layouts[BLANK]).shapes.add_textbox(*PLACE)
    box.text_frame.text = "free text"
    found = saved(presentation, tmp_path)
    assert found.markdown == "# 路线图 Roadmap\n\n- first\n    - 第二\n\nSay it slowly.\n\nfree text\n"
    assert [block.page_start for block in found.blocks] == [1, 1, 1, 1, 2]
    assert found.page_count == 2


def test_tables_charts_groups_and_pictures_are_read(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    table = slide.shapes.add_table(2, 3, *PLACE).table
    for at in range(6):
        table.cell(at // 3, at % 3).text_frame.text = f"c{at}"
    table.cell(0, 0).merge(table.cell(0, 1))
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["一月", "February"]
    data.add_series("销售", (1.5, 2))  # type: ignore[no-untyped-call]
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *PLACE, data)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(*PLACE).text_frame.text = "inside of a group"
    slide.shapes.add_picture(picture_stream(), Pt(72), Pt(36), Pt(100), Pt(50))
    found = saved(presentation, tmp_path)
    assert [block.markdown for block in of_kind(found, BlockKind.TABLE)] == [
        "| c0 c1 | c0 c1 | c2 |\n| --- | --- | --- |\n| c3 | c4 | c5 |",
        "|  | 销售 |\n| --- | --- |\n| 一月 | 1.5 |\n| February | 2 |",
    ]
    assert "inside of a group" in found.markdown
    assert kinds(found)[-1] is BlockKind.IMAGE
    assert found.images[0].bbox == (72, 36, 172, 86)


def test_a_logo_on_many_slides_is_no_picture(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    for number in range(3):
        slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
        slide.shapes.title.text_frame.text = f"Slide {number}"
        slide.shapes.add_picture(picture_stream(), *PLACE)
    found = saved(presentation, tmp_path)
    assert (len(found.blocks), found.images) == (3, ())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_hidden_slide_is_read_and_noted(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
    slide.shapes.title.text_frame.text = "Hidden"
    slide.element.set("show", "0")
    found = saved(presentation, tmp_path)
    assert (found.markdown, found.notes) == ("# Hidden\n", ("page 1: a hidden slide",))


def test_a_slide_that_cannot_be_read_costs_that_slide(tmp_path: Path) -> None:
    source = slides(tmp_path / "a", [*SECTIONS, *SECTIONS])
    changed(source, {"ppt/slides/slide2.xml": b"no xml at all", "ppt/slides/slide3.xml": None})
    found = converted(SlidesConverter(), source)
    assert found.page_count == 4
    assert {block.page_start for block in found.blocks} == {1, 4}
    assert [note[:7] for note in found.notes if note.startswith("page")] == ["page 2:", "page 3:"]


def test_a_broken_picture_costs_only_itself(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
    slide.shapes.title.text_frame.text = "Title"
    slide.shapes.add_picture(picture_stream(), *PLACE)
    presentation.save(str(tmp_path / "a"))
    with zipfile.ZipFile(tmp_path / "a") as file:
        name = next(name for name in file.namelist() if name.startswith("ppt/media/"))
    changed(tmp_path / "a", {name: b"\x89PNG\r\n\x1a\nbroken"})
    found = converted(SlidesConverter(), tmp_path / "a")
    assert (found.markdown, found.images) == ("# Title\n", ())
    assert found.notes == ("page 1: a picture could not be read (UnidentifiedImageError)",)


def test_a_relation_that_leads_nowhere_costs_only_its_slide(tmp_path: Path) -> None:
    source = slides(tmp_path / "a", SECTIONS)
    with zipfile.ZipFile(source) as file:
        relations = file.read("ppt/_rels/presentation.xml.rels")
    broken = relations.replace(b'Target="slides/slide2.xml"', b"")
    assert broken != relations
    changed(source, {"ppt/_rels/presentation.xml.rels": broken})
    found = converted(SlidesConverter(), source)
    assert {block.page_start for block in found.blocks} == {1}
    assert found.notes == ("page 2: could not be read (KeyError)",)

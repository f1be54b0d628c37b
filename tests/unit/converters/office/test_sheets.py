import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from shared.converters.base import BlockKind, ConversionLimits, ConvertedDocument
from shared.converters.office.sheets import SheetsConverter
from shared.errors import ConversionLimitExceeded
from tests.samples.document_files import SECTIONS, changed, sheets
from tests.unit.converters.conversion import converted, of_kind


def saved(workbook: openpyxl.Workbook, tmp_path: Path) -> ConvertedDocument:
    workbook.save(tmp_path / "source")
    return converted(SheetsConverter(), tmp_path / "source")


def test_a_sheet_is_a_page_with_its_name_titles_and_tables(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "销售"
    sheet["B2"] = "2024年销售报表"
    sheet.merge_cells("B2:D2")
    for column, title in enumerate(("产品", "date", "share"), start=2):
        sheet.cell(3, column, title)
    sheet["B4"], sheet["C4"], sheet["D4"] = "苹果", datetime.date(2024, 3, 5), 0.125
    sheet["D4"].number_format = "0.0%"
    sheet["B7"] = "another table"
    sheet["C7"] = "x"
    sheet["B8"], sheet["C8"] = "over\ntwo lines", True
    workbook.create_sheet("Empty")
    workbook.create_sheet("Last")["A1"] = "note"
    found = saved(workbook, tmp_path)
    assert found.page_count == 3
    assert [(block.markdown, block.page_start) for block in found.blocks] == [
        ("# 销售", 1),
        ("2024年销售报表", 1),
        ("| 产品 | date | share |\n| --- | --- | --- |\n| 苹果 | 2024-03-05 | 12.5% |", 1),
        ("| another table | x |\n| --- | --- |\n| over two lines | TRUE |", 1),
        ("# Last", 3),
        ("note", 3),
    ]


def test_merged_cells_repeat_their_text(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (["Group", "Name", "Value"], ["fruit", "apple", 1], [None, "pear", 2], ["both", None, 3]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:B4")
    assert of_kind(saved(workbook, tmp_path), BlockKind.TABLE)[0].markdown.split("\n")[2:] == [
        "| fruit | apple | 1 |",
        "| fruit | pear | 2 |",
        "| both | both | 3 |",
    ]


def test_formulas_show_their_stored_results_and_those_without_are_noted(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "S"
    sheet.append(["sum", "=1+1"])
    sheet.append(["lost", "=2+2"])
    workbook.save(tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a") as file:
        content = file.read("xl/worksheets/sheet1.xml")
    stored = content.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
        b"<f>1+1</f><v/>", b"<f>1+1</f><v>2</v>"
    )
    assert stored != content
    changed(tmp_path / "a", {"xl/worksheets/sheet1.xml": stored})
    found = converted(SheetsConverter(), tmp_path / "a")
    assert found.markdown == "# S\n\n| sum | 2 |\n| --- | --- |\n| lost |  |\n"
    assert found.notes == ("page 1: 1 formulas of S have no stored result",)


def test_hidden_sheets_are_read_and_noted(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "seen"
    hidden = workbook.create_sheet("Secret")
    hidden["A1"], hidden.sheet_state = "unseen", "hidden"
    found = saved(workbook, tmp_path)
    assert "unseen" in found.markdown
    assert found.notes == ("page 2: Secret is a hidden sheet",)


def test_a_sheet_that_breaks_off_keeps_its_first_rows_and_the_other_sheets(tmp_path: Path) -> None:
    source = sheets(tmp_path / "a", SECTIONS)
    with zipfile.ZipFile(source) as file:
        content = file.read("xl/worksheets/sheet1.xml")
    changed(source, {"xl/worksheets/sheet1.xml": content[: content.index(b"Spring")]})
    found = converted(SheetsConverter(), source)
    assert "| Gasket | 90 days |" in found.markdown
    assert "| 弹簧 | 两年 |" in found.markdown
    assert found.notes == ("page 1: Valve maintenance could not be read to its end (ParseError)",)


def test_rows_without_end_stop_at_the_limit(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("many")
    for number in range(5000):
        sheet.append([number, "text"])
    workbook.save(tmp_path / "a")
    with pytest.raises(ConversionLimitExceeded, match="20000 characters"):
        converted(SheetsConverter(), tmp_path / "a", limits=ConversionLimits(max_characters=20_000))


def test_a_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"], workbook.active["XFD1"] = "near", "far"
    found = saved(workbook, tmp_path)
    assert found.markdown.endswith("| near | far |\n| --- | --- |\n")

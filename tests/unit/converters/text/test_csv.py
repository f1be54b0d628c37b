from pathlib import Path

import pytest

from shared.converters.base import BlockKind
from shared.converters.text.csv import CsvConverter
from tests.unit.converters.conversion import kinds, written

TABLE = "| 部件 | interval |\n| --- | --- |\n| 垫片, 大 | over two lines |\n| a\\|b |  |\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_fields_are_parted_by_whatever_parts_them(tmp_path: Path, delimiter: str) -> None:
    rows = [["部件", "interval"], ['"垫片, 大"', '"over\ntwo lines"'], ['"a|b"', ""]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert written(CsvConverter(), tmp_path / "a", text).markdown == TABLE


def test_the_delimiter_that_excel_is_told_is_believed(tmp_path: Path) -> None:
    document = written(CsvConverter(), tmp_path / "a", "sep=;\na,b;c\n1,5;2\n")
    assert document.markdown == "| a,b | c |\n| --- | --- |\n| 1,5 | 2 |\n"


def test_lines_above_the_table_are_paragraphs_and_empty_rows_and_columns_vanish(tmp_path: Path) -> None:
    text = "Report of the second quarter\n\nname,,amount\n,,\na,,1\nb,,2\n"
    document = written(CsvConverter(), tmp_path / "a", text)
    assert kinds(document) == [BlockKind.PARAGRAPH, BlockKind.TABLE]
    assert document.markdown.endswith("| name | amount |\n| --- | --- |\n| a | 1 |\n| b | 2 |\n")


def test_rows_of_unequal_length_are_filled_up(tmp_path: Path) -> None:
    document = written(CsvConverter(), tmp_path / "a", "a,b,c\n1,2\n3,4,5,6\n")
    assert document.markdown.split("\n")[2:4] == ["| 1 | 2 |  |  |", "| 3 | 4 | 5 | 6 |"]
